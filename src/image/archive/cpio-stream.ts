// newc archives in pieces, as the guest's agent sends and takes them (fixtures/agent/PROTOCOL.md): a reader that holds one
// header at a time, and the parts of which a writer makes its stream. Depends on errors, cpio, name, source.
import { WardianError } from "../../errors.js";
import {
  align4,
  CPIO_FIELD_BYTES,
  CPIO_FIELDS,
  CPIO_HEADER_BYTES,
  CPIO_MAGIC,
  CPIO_TRAILER,
  type CpioEntry,
  PATH_LIMIT_BYTES,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "./cpio.js";
import { decodeName, encodeName } from "./name.js";
import { ByteReader, type ByteSource } from "./source.js";

/** Of an entry whose content is left out. */
const HEADER_ONLY_MAGIC = "070703";
const HIGH = 2 ** 32;
const U32_MAX = 0xffff_ffff;

/** A header as it stands in the stream. `mode` without a kind is a hard link to the name in `target`. */
export interface StreamEntry extends Omit<CpioEntry, "data"> {
  readonly sizeBytes: number;
  /** A regular file without its data, or a folder that is a mount point. */
  readonly isHeaderOnly: boolean;
  /** Of a symbolic or hard link. */
  readonly target: string | undefined;
}

function corrupt(why: string): WardianError {
  return new WardianError("archive-corrupt", `The archive ${why}; get it again.`);
}

/** Reads entries in order; the content of the last one is there until the next is asked for. */
export class CpioReader {
  readonly #reader: ByteReader;
  #leftBytes = 0;
  #padBytes = 0;
  #ended = false;

  constructor(source: ByteSource) {
    this.#reader = new ByteReader(source, "cpio archive");
  }

  /** Undefined after the trailer. */
  async next(): Promise<StreamEntry | undefined> {
    await this.#reader.skip(this.#leftBytes + this.#padBytes);
    this.#leftBytes = this.#padBytes = 0;
    if (this.#ended) return undefined;
    const head = Buffer.from(await this.#reader.read(CPIO_HEADER_BYTES)).toString("latin1");
    const magic = head.slice(0, CPIO_MAGIC.length);
    if ((magic !== CPIO_MAGIC && magic !== HEADER_ONLY_MAGIC) || !/^[0-9a-fA-F]+$/.test(head)) throw corrupt("has a damaged header");
    const field = (i: number): number => Number.parseInt(head.slice(6 + i * CPIO_FIELD_BYTES, 14 + i * CPIO_FIELD_BYTES), 16);
    const nameBytes = field(11);
    if (nameBytes < 2 || nameBytes > PATH_LIMIT_BYTES) throw corrupt("has a name of an impossible length");
    const named = await this.#reader.read(align4(CPIO_HEADER_BYTES + nameBytes) - CPIO_HEADER_BYTES);
    const name = decodeName(named.subarray(0, nameBytes - 1));
    if (name.includes("\0")) throw corrupt("has a name with a NUL in it");
    if (name === CPIO_TRAILER) {
      this.#ended = true;
      return undefined;
    }
    const entry = { name, ino: field(0), mode: field(1), uid: field(2), gid: field(3), nlink: field(4), mtimeSeconds: field(5) };
    const rest = { sizeBytes: field(6) + field(12) * HIGH, rdevMajor: field(9), rdevMinor: field(10) };
    return await this.#body({ ...entry, ...rest, isHeaderOnly: magic === HEADER_ONLY_MAGIC, target: undefined });
  }

  async #body(entry: StreamEntry): Promise<StreamEntry> {
    if (!Number.isSafeInteger(entry.sizeBytes)) throw corrupt("has an impossible size");
    if (entry.isHeaderOnly) return entry;
    const kind = entry.mode & S_IFMT;
    if (kind === S_IFREG) {
      this.#leftBytes = entry.sizeBytes;
      this.#padBytes = align4(entry.sizeBytes) - entry.sizeBytes;
      return entry;
    }
    const isLink = kind === S_IFLNK || kind === 0;
    if (entry.sizeBytes >= PATH_LIMIT_BYTES || (!isLink && entry.sizeBytes > 0)) throw corrupt("has content where none belongs");
    const bytes = await this.#reader.read(align4(entry.sizeBytes));
    return isLink ? { ...entry, target: decodeName(bytes.subarray(0, entry.sizeBytes)) } : entry;
  }

  /** What is left of the last entry's content, in pieces. */
  async *content(): AsyncGenerator<Uint8Array> {
    while (this.#leftBytes > 0) {
      const piece = await this.#reader.readSome(this.#leftBytes);
      this.#leftBytes -= piece.length;
      yield piece;
    }
  }

  /** True when nothing follows the trailer. */
  async atEnd(): Promise<boolean> {
    return await this.#reader.atEnd();
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}

export type HeaderFields = Pick<CpioEntry, "name" | "mode" | "uid" | "gid" | "mtimeSeconds"> &
  Partial<Pick<CpioEntry, "rdevMajor" | "rdevMinor">>;

/** A header with its name and padding; `sizeBytes` of content follow, and cpioPadding. */
export function cpioHeader(entry: HeaderFields, sizeBytes: number): Buffer {
  const name = encodeName(entry.name);
  const { mode, uid, gid, mtimeSeconds, rdevMajor = 0, rdevMinor = 0 } = entry;
  const size = [sizeBytes % HIGH, Math.floor(sizeBytes / HIGH)] as const;
  const fields = [0, mode, uid, gid, 1, mtimeSeconds, size[0], 0, 0, rdevMajor, rdevMinor, name.length + 1, size[1]];
  if (fields.length !== CPIO_FIELDS || fields.some((value) => !Number.isInteger(value) || value < 0 || value > U32_MAX))
    throw new WardianError("archive-unsupported", `"${entry.name.slice(0, 100)}" has an attribute that the guest cannot take.`);
  const text = CPIO_MAGIC + fields.map((value) => value.toString(16).padStart(CPIO_FIELD_BYTES, "0")).join("");
  const bytes = Buffer.alloc(align4(CPIO_HEADER_BYTES + name.length + 1));
  bytes.write(text, "latin1");
  bytes.set(name, CPIO_HEADER_BYTES);
  return bytes;
}

/** An entry whose content is at hand: a link's target. */
export function cpioWhole(entry: HeaderFields, content: Uint8Array): Buffer {
  return Buffer.concat([cpioHeader(entry, content.length), content, cpioPadding(content.length)]);
}

export function cpioPadding(sizeBytes: number): Buffer {
  return Buffer.alloc(align4(sizeBytes) - sizeBytes);
}

export function cpioTrailer(): Buffer {
  return cpioHeader({ name: CPIO_TRAILER, mode: 0, uid: 0, gid: 0, mtimeSeconds: 0 }, 0);
}
