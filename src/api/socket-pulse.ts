// Notices that a WebSocket's client is dead, by pings. A client that does not read what it was sent is not dead but slow (`... | less`),
// and does not see our pings either: only one that has nothing to read must answer. Depends on types of ws.
import type { WebSocket } from "ws";

export const PING_MS = 30_000;

export class SocketPulse {
  readonly #timer: ReturnType<typeof setInterval>;
  #isAnswerDue = false;
  #hasToRead = false;

  constructor(
    private readonly socket: Pick<WebSocket, "on" | "ping" | "terminate" | "isPaused">,
    intervalMs = PING_MS,
  ) {
    this.#timer = setInterval(() => this.#beat(), intervalMs);
    socket.on("pong", () => {
      this.#isAnswerDue = this.#hasToRead = false;
    });
  }

  heard(): void {
    this.#isAnswerDue = false;
  }

  sent(): void {
    this.#hasToRead = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    // While it is us who do not read, its answers wait as well; one whose connection is gone still shows, by the ping that cannot be sent.
    if (this.#isAnswerDue && !this.#hasToRead && !this.socket.isPaused) return this.socket.terminate();
    this.#isAnswerDue = true;
    this.socket.ping(undefined, undefined, () => {});
  }
}
