// Which compression some bytes have, and undoing it with a limit on what comes out (a few kilobytes can hold gigabytes).
// gzip: node:zlib (RFC 1952). xz: xz-decompress (WebAssembly). zstd: zstd.ts. Depends on errors and source.

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import xz from "xz-decompress";
import { WardianError } from "../../errors.js";
import { type ByteSource, concat, iterate } from "./source.js";
import { unzstd } from "./zstd.js";

export type Compression = "none" | "gzip" | "xz" | "zstd" | "bzip2" | "lzma" | "lz4";

const SIGNATURES: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
  ["lz4", [0x02, 0x21, 0x4c, 0x18]],
  ["lzma", [0x5d, 0x00, 0x00]],
];

export interface DecompressOptions {
  /** Which forms are taken, beside which others are `archive-unsupported`; default: all that can be undone. */
  readonly accept?: readonly Compression[];
  /** The largest window of a zstd frame; more is `archive-too-large`. */
  readonly zstdWindowBytes?: number;
}

/** The most bytes that `detect` looks at. */
export const SIGNATURE_BYTES = 6;

/** Judged by the first bytes alone; `none` for anything unknown. */
export function detect(bytes: Uint8Array): Compression {
  for (const [name, signature] of SIGNATURES) {
    if (signature.every((byte, i) => bytes[i] === byte)) return name;
  }
  return "none";
}

/** All of it at once: see decompressStream. */
export async function decompress(source: ByteSource, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressStream(source, limitBytes)) chunks.push(chunk);
  return concat(chunks);
}

/**
 * The bytes in plain, in pieces; bytes without a known compression pass through as they are. More than `limitBytes` out
 * is the error `archive-too-large`, damage is `archive-corrupt`, bzip2, lzma and lz4 are `archive-unsupported`.
 */
export async function* decompressStream(
  source: ByteSource,
  limitBytes: number,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array> {
  const pieces = iterate(source);
  try {
    const head = await peek(pieces);
    const compression = detect(head);
    if (options.accept?.includes(compression) === false) throw notAccepted(compression, options.accept);
    const whole = rejoin(head, pieces);
    let totalBytes = 0;
    for await (const chunk of open(compression, whole, limitBytes, options)) {
      totalBytes += chunk.length;
      if (totalBytes > limitBytes) throw tooLarge(limitBytes);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof WardianError && error.code !== "archive-truncated") throw error;
    throw new WardianError("archive-corrupt", "The compressed data is damaged or cut short; get it again.", { cause: error });
  } finally {
    await pieces.return(undefined);
  }
}

function tooLarge(limitBytes: number): WardianError {
  return new WardianError("archive-too-large", `The data unpacks to more than the limit of ${limitBytes} bytes.`);
}

function notAccepted(kind: Compression, accept: readonly Compression[]): WardianError {
  const others = accept.filter((name) => name !== "none").join(" or ");
  return new WardianError("archive-unsupported", `${kind} compression is not taken here; use ${others}, or none.`);
}

function open(
  kind: Compression,
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  { zstdWindowBytes }: DecompressOptions,
): AsyncIterable<Uint8Array> {
  switch (kind) {
    case "none":
      return source;
    case "gzip":
      return gunzip(source);
    case "xz":
      return unxz(source);
    case "zstd":
      return unzstd(source, limitBytes, zstdWindowBytes);
    case "bzip2":
    case "lzma":
    case "lz4":
      throw new WardianError("archive-unsupported", `${kind} compression is not supported; use gzip, xz or zstd.`);
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip();
  // A failure of the source reaches the reader of `stream` as its own; this promise would only repeat it.
  const feeding = pipeline(Readable.from(source), stream).catch(() => {});
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } finally {
    stream.destroy();
    await feeding;
  }
}

/** xz-embedded's own codes, which xz-decompress passes on as a number at the end of a sentence. */
const XZ_OPTIONS_ERROR = "6";
const XZ_MEMORY_ERROR = /[34]$/;

async function* unxz(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new xz.XzReadableStream(toReadableStream(source)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : "";
    if (text.endsWith(` ${XZ_OPTIONS_ERROR}`)) {
      throw new WardianError("archive-unsupported", "This xz file uses a filter or check that is not supported; repack it with plain xz.");
    }
    if (XZ_MEMORY_ERROR.test(text)) {
      throw new WardianError("archive-too-large", "This xz file needs too large a dictionary; repack it with xz -9 or less.");
    }
    throw error;
  } finally {
    // One decoder serves the whole process and is held until its stream ends or is cancelled.
    await reader.cancel().catch(() => {});
  }
}

function toReadableStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Enough pieces to see the signature, or all there is. */
async function peek(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  const head: Uint8Array[] = [];
  for (let sizeBytes = 0; sizeBytes < SIGNATURE_BYTES;) {
    const next = await pieces.next();
    if (next.done === true) break;
    head.push(next.value);
    sizeBytes += next.value.length;
  }
  return concat(head);
}

async function* rejoin(head: Uint8Array, pieces: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  yield* pieces;
}
