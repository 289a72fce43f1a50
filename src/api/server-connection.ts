// A connection as the server keeps it: its unanswered requests, and whether the client is still moving. May depend on security/.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Connection, RequestFacts } from "./security/connection.js";
import type { Limits } from "./security/limits.js";

type OnRequestEnd = (incoming: IncomingMessage, facts: RequestFacts, status: number) => void;
export type Slowness = "body" | "answer";

export class ServerConnection {
  readonly socket: Socket;
  readonly facts: Connection;
  /** What is unanswered. */
  readonly open = new Map<ServerResponse, RequestFacts>();
  /** So far. */
  requests = 0;
  #receiving: IncomingMessage | undefined;
  #bodyBytes = 0;
  #bodyWaitedMs = 0;
  #bodyIdleMs = 0;
  #bytesRead = 0;
  #bytesSent = 0;
  #bytesQueued = 0;
  #stalledMs = 0;
  #takenBytes = 0;
  #takingMs = 0;

  readonly #onEnd: OnRequestEnd;
  readonly #settleThis: (this: ServerResponse) => void;

  constructor(socket: Socket, facts: Connection, onEnd: OnRequestEnd) {
    this.socket = socket;
    this.facts = facts;
    this.#onEnd = onEnd;
    // One listener for all answers, because there are many.
    const settle = (outgoing: ServerResponse): void => this.#settle(outgoing);
    this.#settleThis = function () {
      settle(this);
    };
  }

  /** Answers come in order, and so do bodies: the last request is the one that may still be on its way. */
  begin(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.requests += 1;
    this.#receiving = incoming;
    this.#bytesRead = this.socket.bytesRead;
    this.#bodyBytes = this.#bodyWaitedMs = this.#bodyIdleMs = 0;
    this.open.set(outgoing, { connection: this.facts, sinceMs: performance.now(), end: () => this.#cut(outgoing) });
    outgoing.on("close", this.#settleThis);
  }

  /** Answers that still waited for their turn hear nothing of their connection's end by themselves. */
  closeAll(): void {
    for (const outgoing of this.open.keys()) {
      outgoing.destroy();
      if (outgoing.socket === null) outgoing.emit("close");
      this.#settle(outgoing);
    }
  }

  /** Ends one answer; those before it are lost with the connection. */
  #cut(outgoing: ServerResponse): void {
    outgoing.destroy();
    this.socket.destroy();
  }

  #settle(outgoing: ServerResponse): void {
    const facts = this.open.get(outgoing);
    if (facts === undefined) return;
    this.open.delete(outgoing);
    this.#onEnd(outgoing.req, facts, outgoing.statusCode);
  }

  /** To be asked regularly: what the client is too slow at. */
  check(elapsedMs: number, limits: Limits): Slowness | undefined {
    if (this.#isBodySlow(elapsedMs, limits)) return "body";
    return this.#isAnswerStalled(elapsedMs, limits) ? "answer" : undefined;
  }

  #isBodySlow(elapsedMs: number, limits: Limits): boolean {
    const incoming = this.#receiving;
    if (incoming === undefined || incoming.complete || incoming.destroyed) {
      this.#receiving = undefined;
      return false;
    }
    const { bytesRead } = this.socket;
    const came = bytesRead - this.#bytesRead;
    this.#bytesRead = bytesRead;
    this.#bodyBytes += came;
    // With a full buffer it is us who do not take more.
    const isWaiting = incoming.readableLength < incoming.readableHighWaterMark;
    if (isWaiting) this.#bodyWaitedMs += elapsedMs;
    this.#bodyIdleMs = isWaiting && came === 0 ? this.#bodyIdleMs + elapsedMs : 0;
    const allowedMs = limits.bodyIdleMs + (this.#bodyBytes / limits.bodyBytesPerSecond) * 1000;
    return this.#bodyIdleMs > limits.bodyIdleMs || this.#bodyWaitedMs > allowedMs;
  }

  #isAnswerStalled(elapsedMs: number, { stalledMs, answerBytesPerSecond }: Limits): boolean {
    const { writableLength, bytesWritten } = this.socket;
    const sent = bytesWritten - writableLength;
    const taken = sent - this.#bytesSent;
    // All that waited when we looked last has been taken: what waits now is new.
    const isKeepingUp = writableLength === 0 || sent >= this.#bytesQueued;
    this.#bytesSent = sent;
    this.#bytesQueued = bytesWritten;
    if (isKeepingUp) {
      this.#stalledMs = this.#takingMs = this.#takenBytes = 0;
      return false;
    }
    this.#stalledMs = taken === 0 ? this.#stalledMs + elapsedMs : 0;
    this.#takingMs += elapsedMs;
    this.#takenBytes += taken;
    return this.#stalledMs > stalledMs || this.#isTrickling(stalledMs, answerBytesPerSecond);
  }

  /** Who takes a byte now and then would hold what is queued for ever. What was taken long ago is no excuse: time is cut into spans. */
  #isTrickling(spanMs: number, bytesPerSecond: number): boolean {
    if (this.#takingMs <= spanMs) return false;
    const isSlow = this.#takenBytes < (this.#takingMs / 1000) * bytesPerSecond;
    this.#takingMs = this.#takenBytes = 0;
    return isSlow;
  }
}
