// One direction of a channel as a Node stream, with credit: neither side ever holds more than a window of the other's
// bytes. InputStream goes to the guest (stdin, a file put), OutputStream comes from it. Depends on frame, message, protocol.
import { Readable, Writable } from "node:stream";
import { protocolError } from "./frame.js";
import { u32 } from "./message.js";
import { FRAME, LIMITS, frameCost, STREAM } from "./protocol.js";

/** What channels need of the session. */
export interface Link {
  send(type: number, stream: number, id: number, payload?: Uint8Array): void;
  /** Undefined while the transport welcomes more. */
  full(): Promise<void> | undefined;
}

const SMALL_BYTES = 4096; // a smaller payload is copied, so that it does not keep the chunk alive it came in

export class InputStream extends Writable {
  private credit: number = LIMITS.WINDOW_BYTES;
  private over = false; // nothing more may be sent
  private waiting = false;
  private chunk: Uint8Array | undefined;
  private at = 0;
  private done: ((error?: Error | null) => void) | undefined;

  /** `abandon` runs when the stream is destroyed before its end. */
  constructor(
    private readonly link: Link,
    private readonly id: number,
    private readonly abandon: () => void,
  ) {
    super({ highWaterMark: LIMITS.CREDIT_STEP_BYTES, decodeStrings: true });
    this.on("error", () => {}); // what the guest does must not become an uncaught error; exit or done tells it
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.chunk = chunk;
    this.at = 0;
    this.done = done;
    this.pump();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.over) this.link.send(FRAME.EOF, STREAM.STDIN, this.id);
    this.over = true;
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.over) this.abandon();
    this.stop();
    done(error);
  }

  /** CREDIT from the guest. */
  grant(bytes: number): void {
    if (this.credit + bytes > LIMITS.WINDOW_BYTES) throw protocolError("more credit than the window");
    this.credit += bytes;
    this.pump();
  }

  /** The guest takes no more. */
  stop(): void {
    this.over = true;
    this.finishChunk();
    this.destroy();
  }

  private finishChunk(): void {
    const done = this.done;
    this.chunk = this.done = undefined;
    done?.();
  }

  private pump(): void {
    while (this.chunk && !this.waiting) {
      if (this.at >= this.chunk.length) return this.finishChunk();
      if (this.credit < LIMITS.FRAME_COST_BYTES) return;
      const full = this.link.full();
      if (full) {
        this.waiting = true;
        void full.then(() => {
          this.waiting = false;
          this.pump();
        });
        return;
      }
      const bytes = Math.min(this.chunk.length - this.at, LIMITS.PAYLOAD_BYTES, this.credit);
      this.credit -= frameCost(bytes);
      this.link.send(FRAME.DATA, STREAM.STDIN, this.id, this.chunk.subarray(this.at, this.at + bytes));
      this.at += bytes;
    }
  }
}

export class OutputStream extends Readable {
  private credit: number = LIMITS.WINDOW_BYTES; // what the guest may still send
  private taken = 0; // cost to be granted when it is worth a frame
  private pushedBytes = 0;
  private readonly buffered: { endByte: number; cost: number }[] = []; // frames not read yet, at most WINDOW / FRAME_COST
  /** EOF has come. */
  ended = false;

  /** `abandon` runs when the stream is destroyed before its end. */
  constructor(
    private readonly link: Link,
    private readonly id: number,
    private readonly number: number,
    private readonly abandon: () => void,
  ) {
    super({ highWaterMark: LIMITS.CREDIT_STEP_BYTES });
    this.on("error", () => {}); // see InputStream
  }

  override _read(): void {} // data comes when it comes; read() below returns the credit

  /** Every consumer ends up here: what it took off the buffer is the guest's to send again. */
  override read(bytes?: number): unknown {
    const chunk: unknown = super.read(bytes);
    this.settle();
    return chunk;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.ended) this.abandon();
    done(error);
  }

  /** DATA from the guest. */
  receive(payload: Uint8Array): void {
    const cost = frameCost(payload.length);
    if (this.ended || payload.length === 0 || cost > this.credit) throw protocolError("data beyond its end or credit");
    this.credit -= cost;
    if (this.destroyed) return;
    const own = payload.length < SMALL_BYTES ? Buffer.from(payload) : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    this.pushedBytes += own.length;
    this.buffered.push({ endByte: this.pushedBytes, cost });
    this.push(own);
    this.settle();
  }

  /** EOF from the guest. */
  finish(): void {
    if (this.ended) throw protocolError("a second end of a stream");
    this.ended = true;
    if (!this.destroyed) this.push(null);
  }

  /** The session is over: no end will come. */
  fail(error: Error | undefined): void {
    this.ended = true;
    if (!this.readableEnded) this.destroy(error);
  }

  private settle(): void {
    const readBytes = this.pushedBytes - this.readableLength;
    for (let first = this.buffered[0]; first && first.endByte <= readBytes; first = this.buffered[0]) {
      this.taken += first.cost;
      this.buffered.shift();
    }
    if (this.taken < LIMITS.CREDIT_STEP_BYTES || this.ended || this.destroyed) return;
    this.credit += this.taken;
    this.link.send(FRAME.CREDIT, this.number, this.id, u32(this.taken));
    this.taken = 0;
  }
}
