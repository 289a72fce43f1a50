// Zstandard (RFC 8878): Node's own decoder where there is one (22.15 and later), else fzstd. Both get one frame at a time:
// Node's stops in silence after the first (24.21, Nov 2026), and fzstd reserves whatever window a frame asks for, so that all
// headers are checked before. Depends on errors and source.

import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";
import { WardianError } from "../../errors.js";
import { type ByteSource, concat, iterate } from "./source.js";

/** The window of `zstd --long`, and the default limit of the reference decoder. */
const WINDOW_LIMIT_BYTES = 128 << 20;
/** fzstd turns 4 bytes into at most 128 KiB and hands over nothing in between: small slices bound what it holds. */
const SLICE_BYTES = 4096;

/** Parallel packers make one frame for each few megabytes. */
const FRAMES_MAX = 1 << 14;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_TYPE_RLE = 1;
const BLOCK_TYPE_RESERVED = 3;

type NativeDecoder = () => Transform;
const NATIVE = (zlib as { createZstdDecompress?: NativeDecoder }).createZstdDecompress;

/** `limitBytes` holds for the packed bytes too, since they are gathered first. */
export async function* unzstd(source: ByteSource, limitBytes: number): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let packedBytes = 0;
  for await (const chunk of iterate(source)) {
    packedBytes += chunk.length;
    if (packedBytes > limitBytes)
      throw new WardianError("archive-too-large", `The packed data is larger than the limit of ${limitBytes} bytes.`);
    chunks.push(chunk);
  }
  let leftBytes = limitBytes;
  for (const frame of splitFrames(concat(chunks))) {
    for await (const chunk of NATIVE === undefined ? decodeHere(frame, leftBytes) : decodeNatively(frame, NATIVE())) {
      leftBytes -= chunk.length;
      yield chunk;
    }
  }
}

async function* decodeNatively(frame: Uint8Array, stream: Transform): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(Readable.from([frame]), stream).catch(() => {});
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } finally {
    stream.destroy();
    await feeding;
  }
}

/** The fzstd way, which tests compare on every Node. */
export function* decodeHere(frame: Uint8Array, limitBytes: number): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let totalBytes = 0;
  const decoder = new Decompress((chunk) => {
    totalBytes += chunk.length;
    if (totalBytes > limitBytes) throw new WardianError("archive-too-large", "The data unpacks to more than the limit.");
    // Raw blocks arrive as views of a buffer that fzstd keeps using.
    ready.push(chunk.slice());
  });
  for (let offset = 0; offset < frame.length; offset += SLICE_BYTES) {
    decoder.push(frame.slice(offset, offset + SLICE_BYTES), offset + SLICE_BYTES >= frame.length);
    yield* ready;
    ready = [];
  }
}

/** Walks frames and blocks without decoding: refuses large windows, and data that does not end with a frame. */
function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const start = offset;
    const magic = u32(view, offset);
    if (magic === FRAME_MAGIC) offset = skipFrame(view, offset + 4);
    else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) offset += 8 + u32(view, offset + 4);
    else throw damaged();
    if (offset > bytes.length || frames.length >= FRAMES_MAX) throw damaged();
    if (magic === FRAME_MAGIC) frames.push(bytes.subarray(start, offset));
  }
  return frames;
}

/** `offset` is behind the magic number; returns where the next frame begins. RFC 8878, 3.1.1. */
function skipFrame(view: DataView, offset: number): number {
  const descriptor = u8(view, offset++);
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  let windowBytes = 0;
  if (!singleSegment) {
    const window = u8(view, offset++);
    const base = 2 ** (10 + (window >> 3));
    windowBytes = base + (base / 8) * (window & 7);
  }
  offset += [0, 1, 2, 4][descriptor & 3] as number;
  if (singleSegment) windowBytes = contentSize(view, offset, contentSizeBytes);
  if (windowBytes > WINDOW_LIMIT_BYTES) {
    throw new WardianError("archive-too-large", `This zstd file needs a window of ${windowBytes} bytes; repack it with zstd -19 or less.`);
  }
  offset += contentSizeBytes;
  for (let last = false; !last;) {
    const header = u8(view, offset) | (u8(view, offset + 1) << 8) | (u8(view, offset + 2) << 16);
    const type = (header >> 1) & 3;
    if (type === BLOCK_TYPE_RESERVED) throw damaged();
    offset += 3 + (type === BLOCK_TYPE_RLE ? 1 : header >> 3);
    last = (header & 1) !== 0;
  }
  return offset + ((descriptor & 4) !== 0 ? 4 : 0);
}

function contentSize(view: DataView, offset: number, sizeBytes: number): number {
  let value = 0;
  for (let i = sizeBytes - 1; i >= 0; i--) value = value * 256 + u8(view, offset + i);
  return sizeBytes === 2 ? value + 256 : value;
}

function u8(view: DataView, offset: number): number {
  if (offset >= view.byteLength) throw damaged();
  return view.getUint8(offset);
}

function u32(view: DataView, offset: number): number {
  if (offset + 4 > view.byteLength) throw damaged();
  return view.getUint32(offset, true);
}

function damaged(): WardianError {
  return new WardianError("archive-corrupt", "The zstd data is damaged or cut short; get it again.");
}
