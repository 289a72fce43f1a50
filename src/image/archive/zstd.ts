// Zstandard (RFC 8878): Node's own decoder where there is one (22.15 and later), else fzstd. Both get one frame at a time:
// Node's stops in silence after the first (24.21, Nov 2026), and fzstd reserves whatever window a frame asks for, so that all
// headers are checked before. Depends on errors and source.

import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";
import { WardianError } from "../../errors.js";
import { ByteReader, type ByteSource, concat } from "./source.js";

/** The window of `zstd --long`, and the default limit of the reference decoder. */
const WINDOW_LIMIT_BYTES = 128 << 20;
/** fzstd turns 4 bytes into at most 128 KiB and hands over nothing in between: small slices bound what it holds. */
const SLICE_BYTES = 4096;

/** Parallel packers make one frame for each few megabytes. */
const FRAMES_MAX = 1 << 14;

const FRAME_MAGIC = 0xfd2fb528;
const FRAME_START = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_TYPE_RLE = 1;
const BLOCK_TYPE_RESERVED = 3;
/** RFC 8878, 3.1.1.2.4. */
const BLOCK_LIMIT_BYTES = 128 << 10;

type NativeDecoder = () => Transform;
const NATIVE = (zlib as { createZstdDecompress?: NativeDecoder }).createZstdDecompress;

/** In pieces: no more is held than a frame's window and one block. */
export async function* unzstd(source: ByteSource, limitBytes: number, windowLimitBytes = WINDOW_LIMIT_BYTES): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source, "zstd data");
  let leftBytes = limitBytes;
  try {
    for (let frames = 0; !(await reader.atEnd()); frames++) {
      if (frames >= FRAMES_MAX) throw damaged();
      const magic = u32(await reader.read(4));
      if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
        await reader.skip(u32(await reader.read(4)));
        continue;
      }
      if (magic !== FRAME_MAGIC) throw damaged();
      const parts = frameParts(reader, windowLimitBytes);
      for await (const chunk of NATIVE === undefined ? decodeHere(parts, leftBytes) : decodeNatively(parts, NATIVE())) {
        leftBytes -= chunk.length;
        yield chunk;
      }
    }
  } finally {
    await reader.close();
  }
}

async function* decodeNatively(parts: AsyncIterable<Uint8Array>, stream: Transform): AsyncGenerator<Uint8Array> {
  // A failure of the source reaches the reader of `stream` as its own; this promise would only repeat it.
  const feeding = pipeline(Readable.from(parts), stream).catch(() => {});
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } finally {
    stream.destroy();
    await feeding;
  }
}

/** The fzstd way, of one frame, which tests compare on every Node. */
export async function* decodeHere(parts: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let totalBytes = 0;
  const decoder = new Decompress((chunk) => {
    totalBytes += chunk.length;
    if (totalBytes > limitBytes) throw new WardianError("archive-too-large", "The data unpacks to more than the limit.");
    // Raw blocks arrive as views of a buffer that fzstd keeps using.
    ready.push(chunk.slice());
  });
  // fzstd wants to know the last piece when it gets it.
  let held: Uint8Array | undefined;
  for await (const part of parts) {
    for (let offset = 0; offset < part.length; offset += SLICE_BYTES) {
      if (held !== undefined) decoder.push(held, false);
      held = part.slice(offset, offset + SLICE_BYTES);
      yield* ready;
      ready = [];
    }
  }
  if (held !== undefined) decoder.push(held, true);
  yield* ready;
}

/** One frame behind its magic number, block by block, without decoding; refuses large windows. RFC 8878, 3.1.1. */
export async function* frameParts(reader: ByteReader, windowLimitBytes = WINDOW_LIMIT_BYTES): AsyncGenerator<Uint8Array> {
  const [descriptor = 0] = await reader.read(1);
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const rest = await reader.read((singleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes);
  const windowBytes = singleSegment ? contentSize(rest.subarray(dictionaryBytes)) : windowSize(rest[0] ?? 0);
  if (windowBytes > windowLimitBytes) {
    throw new WardianError("archive-too-large", `This zstd file needs a window of ${windowBytes} bytes; repack it with zstd -19 or less.`);
  }
  yield concat([FRAME_START, Uint8Array.of(descriptor), rest]);
  for (let last = false; !last;) {
    const start = await reader.read(3);
    const header = (start[0] ?? 0) | ((start[1] ?? 0) << 8) | ((start[2] ?? 0) << 16);
    const type = (header >> 1) & 3;
    if (type === BLOCK_TYPE_RESERVED) throw damaged();
    const bodyBytes = type === BLOCK_TYPE_RLE ? 1 : header >> 3;
    // Of a block that holds data as it is, or packed; fzstd would go on collecting.
    if (bodyBytes > BLOCK_LIMIT_BYTES) throw damaged();
    yield concat([start, await reader.read(bodyBytes)]);
    last = (header & 1) !== 0;
  }
  if ((descriptor & 4) !== 0) yield await reader.read(4);
}

function windowSize(code: number): number {
  const base = 2 ** (10 + (code >> 3));
  return base + (base / 8) * (code & 7);
}

function contentSize(bytes: Uint8Array): number {
  let value = 0;
  for (let i = bytes.length - 1; i >= 0; i--) value = value * 256 + (bytes[i] ?? 0);
  return bytes.length === 2 ? value + 256 : value;
}

function u32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}

function damaged(): WardianError {
  return new WardianError("archive-corrupt", "The zstd data is damaged or cut short; get it again.");
}
