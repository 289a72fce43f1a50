// `filestat` as preview1 lays it out, and times that are set. Depends on node:fs, abi and errno.
//
//   0 dev   8 ino   16 filetype (u8)   24 nlink   32 size   40 atim   48 mtim   56 ctim      all but the type u64, times in ns
import { type BigIntStats, constants } from "node:fs";
import {
  FILETYPE_BLOCK_DEVICE,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  FILETYPE_SOCKET_STREAM,
  FILETYPE_SYMBOLIC_LINK,
  FILETYPE_UNKNOWN,
  FSTFLAGS_ATIM,
  FSTFLAGS_ATIM_NOW,
  FSTFLAGS_MTIM,
  FSTFLAGS_MTIM_NOW,
} from "./abi.js";
import { INVAL, SUCCESS } from "./errno.js";

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1e9;
/** A time is a double of seconds on its way to the file system (239 ns near the present), and libuv may cut it to microseconds. */
const ROUNDING_NS = 1500n;
const EXACT_TIMES_MAX = 4096;
const BOTH_ATIM = FSTFLAGS_ATIM | FSTFLAGS_ATIM_NOW;
const BOTH_MTIM = FSTFLAGS_MTIM | FSTFLAGS_MTIM_NOW;

/** By the type's four bits of st_mode; a FIFO has none in preview1. */
const FILETYPES = new Uint8Array(16).fill(FILETYPE_UNKNOWN);
const TYPE_SHIFT = 12;
FILETYPES[constants.S_IFBLK >> TYPE_SHIFT] = FILETYPE_BLOCK_DEVICE;
FILETYPES[constants.S_IFCHR >> TYPE_SHIFT] = FILETYPE_CHARACTER_DEVICE;
FILETYPES[constants.S_IFDIR >> TYPE_SHIFT] = FILETYPE_DIRECTORY;
FILETYPES[constants.S_IFREG >> TYPE_SHIFT] = FILETYPE_REGULAR_FILE;
FILETYPES[constants.S_IFSOCK >> TYPE_SHIFT] = FILETYPE_SOCKET_STREAM;
FILETYPES[constants.S_IFLNK >> TYPE_SHIFT] = FILETYPE_SYMBOLIC_LINK;

/** The filetype of an st_mode. */
export const filetypeOf = (mode: bigint): number => FILETYPES[(Number(mode) & constants.S_IFMT) >> TYPE_SHIFT] ?? FILETYPE_UNKNOWN;

export interface Times {
  atim: bigint;
  mtim: bigint;
}

/** What `set_times` is to set, the present times filled in where the flags leave one out; INVAL for flags that contradict each other. */
export function timesToSet(stat: Times, atim: bigint, mtim: bigint, fstflags: number): Times | number {
  if ((fstflags & BOTH_ATIM) === BOTH_ATIM || (fstflags & BOTH_MTIM) === BOTH_MTIM) return INVAL;
  if ((fstflags & ~(BOTH_ATIM | BOTH_MTIM)) !== 0) return INVAL;
  const now = BigInt(Date.now()) * NS_PER_MS;
  const pick = (set: number, setNow: number, given: bigint, present: bigint): bigint =>
    (fstflags & set) !== 0 ? BigInt.asUintN(64, given) : (fstflags & setNow) !== 0 ? now : present;
  return { atim: pick(FSTFLAGS_ATIM, FSTFLAGS_ATIM_NOW, atim, stat.atim), mtim: pick(FSTFLAGS_MTIM, FSTFLAGS_MTIM_NOW, mtim, stat.mtim) };
}

/** Seconds as node:fs takes them. */
export const secondsOf = (ns: bigint): number => Number(ns) / NS_PER_S;

/** What a time was set to, and what the file system made of it. */
interface ExactTimes {
  readonly exact: Times;
  readonly stored: Times;
}

const magnitude = (ns: bigint): bigint => (ns < 0n ? -ns : ns);

/**
 * Times to the nanosecond. node:fs sets them as a double of seconds, which is off by some; so what was set is remembered (for the last
 * 4,096 files) and told for as long as the file still has what the file system made of it.
 */
export class ExactTimesOf {
  readonly #files = new Map<string, ExactTimes>();

  /** `stat` was read right after `set` had been set. */
  remember(stat: BigIntStats, set: Times): void {
    const stored = { atim: stat.atimeNs, mtim: stat.mtimeNs };
    const isNear = magnitude(stored.atim - set.atim) < ROUNDING_NS && magnitude(stored.mtim - set.mtim) < ROUNDING_NS;
    const key = `${stat.dev}:${stat.ino}`;
    this.#files.delete(key);
    if (isNear) this.#files.set(key, { exact: set, stored });
    const oldest = this.#files.size > EXACT_TIMES_MAX ? this.#files.keys().next().value : undefined;
    if (oldest !== undefined) this.#files.delete(oldest);
  }

  of(stat: BigIntStats): Times {
    const found = this.#files.size === 0 ? undefined : this.#files.get(`${stat.dev}:${stat.ino}`);
    return {
      atim: found?.stored.atim === stat.atimeNs ? found.exact.atim : stat.atimeNs,
      mtim: found?.stored.mtim === stat.mtimeNs ? found.exact.mtim : stat.mtimeNs,
    };
  }
}

/** Writes a `filestat` of 64 bytes. */
export function writeFilestat(stat: BigIntStats, times: Times, out: DataView, at: number): number {
  out.setBigUint64(at, stat.dev, true);
  out.setBigUint64(at + 8, stat.ino, true);
  out.setBigUint64(at + 16, BigInt(filetypeOf(stat.mode)), true);
  out.setBigUint64(at + 24, stat.nlink, true);
  out.setBigUint64(at + 32, stat.size, true);
  out.setBigUint64(at + 40, times.atim, true);
  out.setBigUint64(at + 48, times.mtim, true);
  out.setBigUint64(at + 56, stat.ctimeNs, true);
  return SUCCESS;
}
