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
const QUIETLY = { bigint: true, throwIfNoEntry: false } as const;

export class Listing {
  /** Names, their bytes as latin1. */
  readonly #names: string[];
  readonly #scratch = Buffer.alloc(DIRENT_BYTES);

  private constructor(names: string[]) {
    this.#names = names;
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
    let used = 0;
    for (let at = cookie; at < this.#names.length && used < into.length; at++) {
      const name = this.#names[at] ?? "";
      // ".." is told as ".": what is above is none of the guest's business where the mount ends, and wasmtime does so everywhere.
      const stat = at < 2 ? fstatSync(fd, { bigint: true }) : lstatSync(childPath(fd, name), QUIETLY);
      if (stat === undefined) continue;
      used += this.#put(into.subarray(used), name, stat, at + 1);
    }
    return used;
  }

  #put(into: Uint8Array, name: string, stat: BigIntStats, next: number): number {
    const head = this.#scratch;
    head.writeBigUInt64LE(BigInt(next), 0);
    head.writeBigUInt64LE(stat.ino, 8);
    head.writeUInt32LE(name.length, 16);
    head.writeUInt32LE(filetypeOf(stat.mode), 20);
    const headBytes = Math.min(DIRENT_BYTES, into.length);
    into.set(head.subarray(0, headBytes));
    const nameBytes = Math.min(name.length, into.length - headBytes);
    for (let i = 0; i < nameBytes; i++) into[headBytes + i] = name.charCodeAt(i);
    return headBytes + nameBytes;
  }
}
