// Test support: a guest agent in the same process that answers HELLO and otherwise does what the test says.
// Depends on frame, message, transport.
import { encodeFrame, type Frame, FrameDecoder } from "./frame.js";
import { u32 } from "./message.js";
import { FRAME, PROTOCOL_MAGIC, PROTOCOL_MAJOR, PROTOCOL_MINOR } from "./protocol.js";
import { AgentSession } from "./session.js";
import type { AgentTransport } from "./transport.js";

export class FakeGuest {
  /** Frames the host has sent, HELLO aside. */
  readonly received: Frame[] = [];
  /** Called for each of them. */
  onFrame: (frame: Frame) => void = () => {};
  /** While set, the transport says "full". */
  full: Promise<void> | undefined;
  closed = false;
  major: number = PROTOCOL_MAJOR;
  minor: number = PROTOCOL_MINOR;
  private readonly decoder = new FrameDecoder();
  private toHost: (bytes: Uint8Array) => void = () => {};
  private gone: (cause?: Error) => void = () => {};

  readonly transport: AgentTransport = {
    write: (bytes) => {
      this.decoder.push(bytes, (frame) => {
        this.take(frame);
        return true;
      });
      return this.full;
    },
    onData: (listener) => {
      this.toHost = listener;
    },
    onClose: (listener) => {
      this.gone = listener;
    },
    close: () => {
      this.closed = true;
    },
  };

  /** A session that has said hello. */
  async open(): Promise<AgentSession> {
    const session = new AgentSession(this.transport);
    await session.hello();
    return session;
  }

  send(type: number, stream: number, id: number, payload?: Uint8Array): void {
    this.toHost(encodeFrame(type, stream, id, payload));
  }

  raw(bytes: Uint8Array): void {
    this.toHost(bytes);
  }

  sayHello(id: number): void {
    this.send(FRAME.HELLO, 0, id, u32(PROTOCOL_MAGIC, this.major | (this.minor << 16), 1, 0));
  }

  leave(cause?: Error): void {
    this.gone(cause);
  }

  /** The last frame of a type; fails the test by its absence. */
  last(type: number): Frame {
    const frame = this.received.findLast((entry) => entry.type === type);
    if (!frame) throw new Error(`the host sent no frame of type ${type}`);
    return frame;
  }

  private take(frame: Frame): void {
    if (frame.type === FRAME.HELLO) return this.sayHello(frame.id);
    this.received.push(frame);
    this.onFrame(frame);
  }
}
