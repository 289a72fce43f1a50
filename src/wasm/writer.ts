// Bytes of a module that is being written: LEB128 numbers and copied ranges, in a buffer that grows. Depends on nothing.

/** Up to here a loop is faster than a view and set(). */
const SHORT = 48;

export class Writer {
  private buffer: Uint8Array;
  private length = 0;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(Math.max(16, capacity));
  }

  get size(): number {
    return this.length;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  u8(value: number): void {
    if (this.length === this.buffer.length) this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u32(value: number): void {
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.u8((rest & 0x7f) | 0x80);
    this.u8(rest);
  }

  u64(value: bigint): void {
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.u8(Number(rest & 0x7fn) | 0x80);
    this.u8(Number(rest));
  }

  /** A signed LEB128 number of up to 32 bits. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.u8(rest & 0x7f);
  }

  copy(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (count <= 0) return;
    this.reserve(count);
    if (count > SHORT) this.buffer.set(bytes.subarray(start, end), this.length);
    else for (let index = 0; index < count; index++) this.buffer[this.length + index] = bytes[start + index] as number;
    this.length += count;
  }

  append(bytes: Uint8Array): void {
    this.copy(bytes, 0, bytes.length);
  }

  /** Bytes with their length before them. */
  sized(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.append(bytes);
  }

  /** What was written, and an empty writer again. The bytes are a view that the writer no longer touches. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.buffer.subarray(0, this.length) as Uint8Array<ArrayBuffer>;
    this.buffer = new Uint8Array(16);
    this.length = 0;
    return bytes;
  }
}
