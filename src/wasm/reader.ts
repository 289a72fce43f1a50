// A cursor over the bytes of a module: LEB128 numbers, names, ranges (WebAssembly core specification, 5.2). Every read is checked
// against the end of the range; what is malformed throws `wasm-invalid` with the offset. Depends on src/errors.ts only.
import { WardianError } from "../errors.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Reader {
  readonly bytes: Uint8Array;
  pos: number;
  readonly end: number;

  constructor(bytes: Uint8Array, pos = 0, end = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  /** A cursor over the next `length` bytes; this one moves behind them. */
  range(length: number): Reader {
    const start = this.pos;
    this.skip(length);
    return new Reader(this.bytes, start, this.pos);
  }

  get atEnd(): boolean {
    return this.pos >= this.end;
  }

  fail(what: string, pos = this.pos): never {
    throw new WardianError("wasm-invalid", `not a valid WebAssembly module: ${what} at offset ${pos}`);
  }

  skip(length: number): void {
    if (length > this.end - this.pos) this.fail("unexpected end");
    this.pos += length;
  }

  u8(): number {
    if (this.pos >= this.end) this.fail("unexpected end");
    return this.bytes[this.pos++] as number;
  }

  u32(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.u8();
    if (last > 0x0f) this.fail("a number that does not fit 32 bits", this.pos - 1);
    return (value | (last << 28)) >>> 0;
  }

  /** An unsigned number of up to 64 bits, as a bigint. */
  u64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 63n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.u8();
    if (last > 1) this.fail("a number that does not fit 64 bits", this.pos - 1);
    return value | (BigInt(last) << 63n);
  }

  /** A signed 33-bit number: a block type or a heap type. */
  s33(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 5; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return byte & 0x40 ? value - scale : value;
    }
    return this.fail("a number that does not fit 33 bits", this.pos - 1);
  }

  /** Steps over a LEB128 number of at most `maxBytes` bytes. */
  skipLeb(maxBytes: number): void {
    for (let count = 0; count < maxBytes; count++) if (this.u8() < 0x80) return;
    this.fail("a number that is too long", this.pos - 1);
  }

  name(maxBytes: number): string {
    const length = this.u32();
    const start = this.pos;
    if (length > maxBytes) this.fail(`a name of ${length} bytes (the limit is ${maxBytes})`, start);
    this.skip(length);
    try {
      return UTF8.decode(this.bytes.subarray(start, this.pos));
    } catch {
      return this.fail("a name that is not UTF-8", start);
    }
  }
}

/** A name that a module gives, made fit for a one-line message. */
export function quoteName(name: string): string {
  const short = name.length > 60 ? `${name.slice(0, 57)}...` : name;
  return JSON.stringify(short.replace(/[^\x20-\x7e]/gu, "?"));
}
