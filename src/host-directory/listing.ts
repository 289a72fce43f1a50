// What a directory had in it when its reading began, packed as preview1's `dirent`s. Depends on node:fs, descriptor-path and filestat.
//
//   0 d_next (u64, the cookie of the entry behind it)   8 d_ino (u64)   16 d_namlen (u32)   20 d_type (u8)   24 the name
//
// A cookie is the number of an entry: 0 ".", 1 "..", then as the file system gives them. The list stands until the guest begins again
// at 0, so that no entry is told twice or missed while others come and go; an entry that is gone meanwhile is left out.
import { type BigIntStats, fstatSync, lstatSync, opendirSync } from "node:fs";
import { DIRENT_BYTES } from "./abi.js";
import { childPath, directoryPath } from "./descriptor-path.js";
import { NOMEM } from "./errno.js";
import { filetypeOf } from "./filestat.js";

const ENTRIES_A_CALL = 256;
const BIGINT = { bigint: true } as const;
const QUIETLY = { bigint: true, throwIfNoEntry: false } as const;

export class Listing {
  /** Names, their bytes as latin1. */
  readonly #names: string[];

  private constructor(names: string[]) {
    this.#names = names;
  }

  get entries(): number {
    return this.#names.length;
  }

  /** Reads directory `fd`: a listing, or NOMEM when it has more entries than `entriesMax`. */
  static read(fd: number, entriesMax: number): Listing | number {
    const names = [".", ".."];
    // Its types say that only utf8 will do; any encoding does, and latin1 keeps every byte.
    const directory = opendirSync(directoryPath(fd), { encoding: "latin1", bufferSize: ENTRIES_A_CALL });
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        if (names.length - 2 === entriesMax) return NOMEM;
        names.push(entry.name);
      }
    } finally {
      directory.closeSync();
    }
    return new Listing(names);
  }

  /** Packs entries from `cookie` on into `into`; the last one is cut where the space ends. Bytes used: fewer than there are at the end. */
  pack(fd: number, into: Uint8Array, cookie: number): number {
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    let used = 0;
    for (let at = cookie; at < this.#names.length && used < into.length; at++) {
      const name = this.#names[at] ?? "";
      // ".." is told as ".": what is above is none of the guest's business where the mount ends, and wasmtime does so everywhere.
      const stat = at < 2 ? fstatSync(fd, BIGINT) : lstatSync(childPath(fd, name), QUIETLY);
      if (stat === undefined) continue;
      const bytes = DIRENT_BYTES + name.length;
      if (bytes > into.length - used) return used + packCut(into.subarray(used), name, stat, at + 1);
      packEntry(view, used, name, stat, at + 1);
      used += bytes;
    }
    return used;
  }
}

/** The listings of open directories. In all they have no more entries than one may: the one out of use for longest is read again. */
export class Listings {
  readonly #byDirectory = new Map<object, Listing>();
  readonly #entriesMax: number;
  #entries = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** The listing of an open directory, read anew for cookie 0; or an errno. */
  of(directory: { readonly fd: number }, cookie: number): Listing | number {
    const kept = cookie === 0 ? undefined : this.#byDirectory.get(directory);
    this.forget(directory);
    const listing = kept ?? Listing.read(directory.fd, this.#entriesMax);
    if (typeof listing === "number") return listing;
    this.#byDirectory.set(directory, listing);
    this.#entries += listing.entries;
    for (const oldest of this.#byDirectory.keys()) {
      if (this.#entries <= this.#entriesMax || oldest === directory) break;
      this.forget(oldest);
    }
    return listing;
  }

  forget(directory: object): void {
    this.#entries -= this.#byDirectory.get(directory)?.entries ?? 0;
    this.#byDirectory.delete(directory);
  }
}

function packEntry(view: DataView, at: number, name: string, stat: BigIntStats, next: number): void {
  view.setBigUint64(at, BigInt(next), true);
  view.setBigUint64(at + 8, stat.ino, true);
  view.setUint32(at + 16, name.length, true);
  view.setUint32(at + 20, filetypeOf(stat.mode), true);
  for (let i = 0; i < name.length; i++) view.setUint8(at + DIRENT_BYTES + i, name.charCodeAt(i));
}

/** As much of the entry as there is space for. */
function packCut(space: Uint8Array, name: string, stat: BigIntStats, next: number): number {
  const whole = new Uint8Array(DIRENT_BYTES + name.length);
  packEntry(new DataView(whole.buffer), 0, name, stat, next);
  space.set(whole.subarray(0, space.length));
  return space.length;
}
