// Bytes that arrive in pieces, and a reader that takes exact amounts from them. The amounts often come from a hostile
// header: nothing is allocated before that many bytes have really arrived. Depends on errors only.

import { WardianError } from "../../errors.js";

/** What the readers of this folder accept: bytes at hand, or pieces in order. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

export async function* iterate(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  else yield* source;
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  let sizeBytes = 0;
  for (const chunk of chunks) sizeBytes += chunk.length;
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** Takes exact amounts from a source. Call `close` when leaving early, so that the source can let go of its resources. */
export class ByteReader {
  readonly #pieces: AsyncGenerator<Uint8Array>;
  readonly #what: string;
  #piece: Uint8Array = new Uint8Array(0);
  #offset = 0;

  /** `what` names the archive in errors: "tar archive". */
  constructor(source: ByteSource, what: string) {
    this.#pieces = iterate(source);
    this.#what = what;
  }

  /** Exactly `sizeBytes` bytes; an error when the source ends before. */
  async read(sizeBytes: number): Promise<Uint8Array> {
    const taken: Uint8Array[] = [];
    await this.#walk(sizeBytes, (part) => taken.push(part));
    return concat(taken);
  }

  /** At least one byte and at most `limitBytes` (above 0), as they come. */
  async readSome(limitBytes: number): Promise<Uint8Array> {
    if (await this.atEnd()) throw this.#truncated();
    const part = this.#piece.subarray(this.#offset, this.#offset + limitBytes);
    this.#offset += part.length;
    return part;
  }

  async skip(sizeBytes: number): Promise<void> {
    await this.#walk(sizeBytes, () => {});
  }

  /** True when not one byte is left. */
  async atEnd(): Promise<boolean> {
    while (this.#offset >= this.#piece.length) {
      const next = await this.#pieces.next();
      if (next.done === true) return true;
      this.#piece = next.value;
      this.#offset = 0;
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#pieces.return(undefined);
  }

  async #walk(sizeBytes: number, take: (part: Uint8Array) => void): Promise<void> {
    let leftBytes = sizeBytes;
    while (leftBytes > 0) {
      const part = await this.readSome(leftBytes);
      leftBytes -= part.length;
      take(part);
    }
  }

  #truncated(): WardianError {
    return new WardianError("archive-truncated", `The ${this.#what} is cut short; get it again.`);
  }
}
