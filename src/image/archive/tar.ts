// A tar reader: POSIX ustar and pax, and GNU's long names and binary numbers. Strict: a header that does not add up, a
// missing end marker or a sparse file is an error, never a guess. IEEE 1003.1 "pax", "ustar Interchange Format". Depends on errors, source.

import { WardianError } from "../../errors.js";
import { ByteReader, type ByteSource, concat } from "./source.js";

export type TarType = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

export interface TarEntry {
  /** As in the archive, without judgement: it may be absolute or hold "..". */
  name: string;
  type: TarType;
  /** Permission bits only. */
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  /** The target of symlinks and hard links, else empty. */
  linkName: string;
  deviceMajor: number;
  deviceMinor: number;
  /** The content of a file; empty for those that `want` declined. */
  data: Uint8Array;
}

export interface TarOptions {
  /** No file may be larger. */
  fileLimitBytes: number;
  /** False: read past this file's content. */
  want?: (name: string) => boolean;
}

const BLOCK_BYTES = 512;
const ENTRIES_MAX = 1 << 20;
/** Of a pax header or GNU long name. */
const EXTENSION_LIMIT_BYTES = 1 << 20;

// name 0 | mode 100 | uid 108 | gid 116 | size 124 | mtime 136 | chksum 148 | typeflag 156 | linkname 157 | magic 257 |
// devmajor 329 | devminor 337 | prefix 345
const TYPES: Readonly<Record<string, TarType>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file",
};

/** Pax records, and what GNU's long-name entries stand for, under pax's names. */
type Extension = Map<string, string>;

/** An entry whose content is still in the stream: it can be taken until the next entry is asked for. */
export interface TarMember extends Omit<TarEntry, "data"> {
  /** Of the content; 0 for all but files. */
  sizeBytes: number;
  content(): AsyncGenerator<Uint8Array>;
}

/** The entries in order, with their contents whole. Stop early by leaving the loop. */
export async function* readTar(source: ByteSource, options: TarOptions): AsyncGenerator<TarEntry> {
  for await (const { sizeBytes, content, ...entry } of streamTar(source)) {
    if (sizeBytes > options.fileLimitBytes) {
      throw new WardianError(
        "archive-too-large",
        `${quote(entry.name)} in the tar archive is larger than the limit of ${options.fileLimitBytes} bytes.`,
      );
    }
    const chunks: Uint8Array[] = [];
    if (options.want?.(entry.name) ?? true) for await (const chunk of content()) chunks.push(chunk);
    yield { ...entry, data: concat(chunks) };
  }
}

/** The entries in order, holding no more than one header. Stop early by leaving the loop. */
export async function* streamTar(source: ByteSource): AsyncGenerator<TarMember> {
  const reader = new ByteReader(source, "tar archive");
  try {
    const global: Extension = new Map();
    let local: Extension = new Map();
    for (let count = 0; ; count++) {
      if (count > ENTRIES_MAX) throw new WardianError("archive-too-large", `The tar archive has more than ${ENTRIES_MAX} entries.`);
      const header = await reader.read(BLOCK_BYTES);
      if (isZero(header)) break;
      checkSum(header);
      const flag = String.fromCharCode(header[156] as number);
      if (flag === "x" || flag === "g" || flag === "L" || flag === "K") {
        const body = await readExtension(reader, numberAt(header, 124, 12));
        if (flag === "L") local.set("path", decodeText(body));
        else if (flag === "K") local.set("linkpath", decodeText(body));
        else parsePax(body, flag === "x" ? local : global);
        continue;
      }
      // A volume label: no file.
      if (flag !== "V") yield* offer(reader, header, flag, new Map([...global, ...local]));
      local = new Map();
    }
  } finally {
    await reader.close();
  }
}

/** One member; what its taker leaves of the content is read past. */
async function* offer(reader: ByteReader, header: Uint8Array, flag: string, extension: Extension): AsyncGenerator<TarMember> {
  const entry = parseEntry(header, flag, extension);
  const bodyBytes = paxNumber(extension, "size") ?? numberAt(header, 124, 12);
  // Only files have a body; other kinds may carry a size that means nothing, but pax lets a hard link repeat its data.
  const hasBody = entry.type === "file" || entry.type === "hardlink";
  let leftBytes = hasBody ? bodyBytes : 0;
  const isFile = entry.type === "file";
  async function* content(): AsyncGenerator<Uint8Array> {
    while (isFile && leftBytes > 0) {
      const piece = await reader.readSome(leftBytes);
      leftBytes -= piece.length;
      yield piece;
    }
  }
  yield { ...entry, sizeBytes: isFile ? bodyBytes : 0, content };
  await reader.skip(leftBytes + (hasBody ? -bodyBytes & (BLOCK_BYTES - 1) : 0));
}

function parseEntry(header: Uint8Array, flag: string, extension: Extension): Omit<TarEntry, "data"> {
  const name = extension.get("path") ?? headerName(header);
  const type = flag !== "5" && name.endsWith("/") && (flag === "0" || flag === "\0") ? "directory" : TYPES[flag];
  if (type === undefined) {
    throw new WardianError(
      "archive-unsupported",
      `The tar archive has an entry of a kind that is not supported (${quote(flag)}): ${quote(name)}.`,
    );
  }
  for (const key of extension.keys()) {
    if (key.startsWith("GNU.sparse."))
      throw new WardianError("archive-unsupported", `Sparse files in tar archives are not supported: ${quote(name)}.`);
  }
  return {
    name,
    type,
    mode: numberAt(header, 100, 8) & 0o7777,
    uid: paxNumber(extension, "uid") ?? numberAt(header, 108, 8),
    gid: paxNumber(extension, "gid") ?? numberAt(header, 116, 8),
    mtimeSeconds: paxNumber(extension, "mtime") ?? numberAt(header, 136, 12),
    linkName: type === "symlink" || type === "hardlink" ? (extension.get("linkpath") ?? textAt(header, 157, 100)) : "",
    deviceMajor: type === "character" || type === "block" ? numberAt(header, 329, 8) : 0,
    deviceMinor: type === "character" || type === "block" ? numberAt(header, 337, 8) : 0,
  };
}

async function readExtension(reader: ByteReader, sizeBytes: number): Promise<Uint8Array> {
  if (sizeBytes > EXTENSION_LIMIT_BYTES) throw corrupt("has an extended header that is too long");
  const body = await reader.read(sizeBytes);
  await reader.skip(-sizeBytes & (BLOCK_BYTES - 1));
  return body;
}

/** Records of the form "LENGTH KEY=VALUE\n", where LENGTH counts all of it, itself included. */
function parsePax(body: Uint8Array, into: Extension): void {
  let offset = 0;
  while (offset < body.length) {
    const space = body.indexOf(0x20, offset);
    const lengthText = space < 0 ? "" : Buffer.from(body.subarray(offset, Math.min(space, offset + 8))).toString("latin1");
    const end = offset + Number(lengthText);
    if (!/^\d{1,7}$/.test(lengthText) || end <= space + 1 || end > body.length || body[end - 1] !== 0x0a)
      throw corrupt("has a damaged extended header");
    const equals = body.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw corrupt("has a damaged extended header");
    const key = Buffer.from(body.subarray(space + 1, equals)).toString("latin1");
    const value = body.subarray(equals + 1, end - 1);
    if (isKnownKey(key)) {
      if (value.length === 0) into.delete(key);
      else into.set(key, decodeText(value));
    }
    offset = end;
  }
}

function isKnownKey(key: string): boolean {
  return ["path", "linkpath", "size", "uid", "gid", "mtime"].includes(key) || key.startsWith("GNU.sparse.");
}

/** Whole units; times before 1970 count as 1970. */
function paxNumber(extension: Extension, key: string): number | undefined {
  const text = extension.get(key);
  if (text === undefined) return undefined;
  if (key === "mtime" && text.startsWith("-")) return 0;
  if (!/^\d{1,16}(\.\d*)?$/.test(text)) throw corrupt("has a damaged extended header");
  return safe(Math.floor(Number(text)));
}

function headerName(header: Uint8Array): string {
  const name = textAt(header, 0, 100);
  // GNU's own format has times where POSIX has the prefix.
  const isPosix = Buffer.from(header.subarray(257, 263)).toString("latin1") === "ustar\0";
  const prefix = isPosix ? textAt(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Octal text, or base-256 where the first bit is set (GNU). */
function numberAt(header: Uint8Array, offset: number, sizeBytes: number): number {
  const field = header.subarray(offset, offset + sizeBytes);
  const first = field[0] as number;
  if (first === 0xff) return 0;
  if (first >= 0x80) {
    let value = first & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return safe(value);
  }
  const text = Buffer.from(field)
    .toString("latin1")
    .replace(/[\0 ]+$/, "")
    .trimStart();
  if (!/^[0-7]*$/.test(text)) throw corrupt("has a header with a damaged number");
  return text === "" ? 0 : safe(Number.parseInt(text, 8));
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw corrupt("has a number that is too large");
  return value;
}

function textAt(header: Uint8Array, offset: number, sizeBytes: number): string {
  return decodeText(header.subarray(offset, offset + sizeBytes));
}

/** Up to the first NUL. */
function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch {
    throw new WardianError("archive-unsupported", "The tar archive has a name that is not UTF-8; rename that file and pack it again.");
  }
}

function checkSum(header: Uint8Array): void {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK_BYTES; i++) if (i < 148 || i >= 156) sum += header[i] as number;
  if (numberAt(header, 148, 8) !== sum) throw corrupt("has a header that does not match its checksum");
}

/** True for a block that could begin a tar archive. */
export function looksLikeTar(bytes: Uint8Array): boolean {
  if (bytes.length < BLOCK_BYTES) return false;
  const header = bytes.subarray(0, BLOCK_BYTES);
  if (isZero(header)) return false;
  try {
    checkSum(header);
    return true;
  } catch {
    return Buffer.from(header.subarray(257, 262)).toString("latin1") === "ustar";
  }
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** A name from the archive in an error of one line. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
}

function corrupt(why: string): WardianError {
  return new WardianError("archive-corrupt", `The tar archive ${why}; get it again.`);
}
