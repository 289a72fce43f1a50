// The two queues between a machine and its other thread: output gathered into large messages, input kept until the
// machine has room. Both are bounded by the windows of worker-messages.ts. Depends on nothing else.

/** Bytes gathered between two messages. */
export class OutputBatch {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  addByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  add(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All of it, in a buffer of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Bytes that wait for room. */
export class InputQueue {
  readonly #chunks: Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  add(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.push(bytes);
  }

  /** Hands bytes to `accept`, which says how many it took, until it takes less than it got; gives how many it took in all. */
  feed(accept: (bytes: Uint8Array) => number): number {
    let total = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const count = accept(chunk);
      total += count;
      if (count === 0) break;
      if (count < chunk.length) this.#chunks[0] = chunk.subarray(count);
      else this.#chunks.shift();
    }
    return total;
  }
}
