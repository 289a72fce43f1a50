// One byte channel of a machine (the UART, or a console port) as a Node stream. What nobody reads stays in the guest: the
// machine gets its credit back only as bytes are read. Depends on worker-messages.ts for the windows only.
import { Duplex } from "node:stream";
import { INPUT_WINDOW_BYTES } from "./worker-messages.js";

export interface StreamLink {
  input(bytes: Uint8Array<ArrayBuffer>): void;
  read(count: number): void;
}

type Done = (error?: Error | null) => void;

export class VmStream extends Duplex {
  #link: StreamLink | undefined;
  #credit = 0;
  #unread = 0;
  #rest: Uint8Array | undefined;
  #done: Done | undefined;
  #isOver = false;

  constructor() {
    // The guest's end can go while ours still writes, and the other way round.
    super({ readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024, allowHalfOpen: true });
  }

  /** A machine is there; input that waited goes on its way. */
  connect(link: StreamLink): void {
    this.#link = link;
    this.#credit = INPUT_WINDOW_BYTES;
    this.#unread = 0;
    this.#pump();
  }

  /** Between two boots: what is written waits. */
  disconnect(): void {
    this.#link = undefined;
    this.#credit = 0;
    this.#unread = 0;
  }

  /** No machine will come any more: reading ends, what is written goes nowhere. */
  finish(): void {
    this.disconnect();
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.destroyed) this.push(null);
    this.#finishChunk();
  }

  /** Bytes from the guest. */
  receive(bytes: Uint8Array): void {
    if (this.destroyed) return this.#link?.read(bytes.length);
    this.#unread += bytes.length;
    if (this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))) this.#acknowledge();
  }

  /** The machine took `count` bytes of input. */
  taken(count: number): void {
    this.#credit += count;
    this.#pump();
  }

  override _read(): void {
    this.#acknowledge();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#rest = chunk;
    this.#done = done;
    this.#pump();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#acknowledge();
    this.#finishChunk();
    done(error);
  }

  #acknowledge(): void {
    const count = this.#unread;
    this.#unread = 0;
    if (count > 0) this.#link?.read(count);
  }

  #finishChunk(): void {
    const done = this.#done;
    this.#rest = this.#done = undefined;
    done?.();
  }

  #pump(): void {
    if (this.#rest === undefined) return;
    if (this.#isOver) return this.#finishChunk();
    if (this.#link === undefined || this.#credit <= 0) return;
    const now = this.#rest.subarray(0, this.#credit);
    this.#rest = this.#rest.subarray(now.length);
    this.#credit -= now.length;
    this.#link.input(new Uint8Array(now));
    if (this.#rest.length === 0) this.#finishChunk();
  }
}
