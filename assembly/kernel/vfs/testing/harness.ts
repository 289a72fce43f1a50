// The file tree without a kernel around it, for tests: compiles testing/entry.ts and calls it with strings and bytes.
// Runs in Node, not in the kernel.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { waitModule, waitWord } from "../../../../src/kernel/wait-word.js";
import * as abi from "../../abi.js";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
const PATH_PTR = 0x10000;
const OTHER_PATH_PTR = 0x12000;
const DATA_PTR = 0x20000;
export const DATA_BYTES = 0xe0000;
const ARENA_PTR = 0x200000;

type Fn = (...args: (number | bigint)[]) => number;
export type Exports = Record<string, Fn> & {
  fs_used_bytes(fs: number): bigint;
  vfs_total_bytes(): bigint;
  inode_size(inode: number): bigint;
};

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  let binary: Uint8Array | undefined;
  const options =
    "--runtime stub --bindings none --memoryBase 1024 --initialMemory 64 --maximumMemory 65536 --sharedMemory --importMemory --enable threads --use abort= -O3 --noAssert";
  const { error, stderr } = await asc.main(
    [
      "assembly/kernel/vfs/testing/entry.ts",
      ...options.split(" "),
      ...["--config", "none.json", "--baseDir", ROOT, "--outFile", "vfs.wasm"],
    ],
    { writeFile: (_name, contents) => void (binary = contents as Uint8Array) },
  );
  if (error !== null || binary === undefined) throw new Error(`asc: ${String(error)}\n${stderr.toString()}`);
  return WebAssembly.compile(binary as BufferSource);
}

export interface Stat {
  dev: bigint;
  ino: bigint;
  filetype: number;
  nlink: number;
  size: number;
  atim: bigint;
  mtim: bigint;
  ctim: bigint;
}

export interface Dirent {
  next: bigint;
  ino: bigint;
  type: number;
  name: string;
}

const NAMES = new Map(
  Object.entries(abi).flatMap(([name, value]): [number, string][] => (name.startsWith("ERRNO_") ? [[value as number, name.slice(6)]] : [])),
);

/** The name of an errno, without ERRNO_. */
export const errnoName = (errno: number): string => NAMES.get(errno) ?? `errno ${errno}`;

/** Calls answer with the name of an errno ("SUCCESS"); time goes on by one a call. */
export class TestVfs {
  now = 1_000n;
  private constructor(
    readonly exports: Exports,
    readonly memory: WebAssembly.Memory,
  ) {}

  static module(): Promise<WebAssembly.Module> {
    return (compiled ??= compile());
  }

  private static async over(memory: WebAssembly.Memory): Promise<TestVfs> {
    const instance = await WebAssembly.instantiate(await TestVfs.module(), {
      env: { memory },
      host: { wait_word: waitWord(waitModule(), memory) },
    });
    return new TestVfs(instance.exports as unknown as Exports, memory);
  }

  /** A second instance over the same memory. */
  another(): Promise<TestVfs> {
    return TestVfs.over(this.memory);
  }

  static async start(maxPages = 65_536): Promise<TestVfs> {
    const vfs = await TestVfs.over(new WebAssembly.Memory({ initial: 64, maximum: 65_536, shared: true }));
    if (!vfs.exports["slab_init"]!(ARENA_PTR, maxPages)) throw new Error("no memory for the slab");
    vfs.exports["vfs_init"]!(0x0123456789abcdefn, 0xfedcba9876543210n);
    return vfs;
  }

  call(name: string, ...args: (number | bigint)[]): number {
    return this.exports[name]!(...args);
  }

  get bytes(): Buffer {
    return Buffer.from(this.memory.buffer);
  }

  /** A file system; 0 if there is no memory. */
  create({ maxBytes = 1n << 40n, maxInodes = 1_000_000, maxFileBytes = 1n << 52n } = {}): number {
    return this.call("fs_create", maxBytes, maxInodes, maxFileBytes, this.now++);
  }

  overlay(layer: number, { maxBytes = 1n << 40n, maxInodes = 1_000_000, maxFileBytes = 1n << 52n } = {}): number {
    return this.call("fs_create_overlay", layer, maxBytes, maxInodes, maxFileBytes);
  }

  root(fs: number): number {
    return this.call("fs_root", fs);
  }

  private put(ptr: number, text: string | Uint8Array): number {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    this.bytes.set(bytes, ptr);
    return bytes.length;
  }

  private onPath(name: string, base: number, path: string | Uint8Array, ...rest: (number | bigint)[]): string {
    return errnoName(this.call(name, base, PATH_PTR, this.put(PATH_PTR, path), ...rest));
  }

  /** The inode that the last call found. */
  get inode(): number {
    return this.call("vfs_inode");
  }

  lookup(base: number, path: string | Uint8Array, follow = true): string {
    return this.onPath("vfs_lookup", base, path, follow ? 1 : 0);
  }

  open(base: number, path: string, oflags = 0, follow = true): string {
    return this.onPath("vfs_open", base, path, follow ? 1 : 0, oflags, this.now++);
  }

  mkdir(base: number, path: string): string {
    return this.onPath("vfs_mkdir", base, path, this.now++);
  }

  rmdir(base: number, path: string): string {
    return this.onPath("vfs_rmdir", base, path, this.now++);
  }

  unlink(base: number, path: string): string {
    return this.onPath("vfs_unlink", base, path, this.now++);
  }

  symlink(target: string, base: number, path: string): string {
    const targetLen = this.put(OTHER_PATH_PTR, target);
    return errnoName(this.call("vfs_symlink", OTHER_PATH_PTR, targetLen, base, PATH_PTR, this.put(PATH_PTR, path), this.now++));
  }

  layerSymlink(target: string, base: number, path: string): string {
    const targetLen = this.put(OTHER_PATH_PTR, target);
    return errnoName(this.call("layer_symlink", OTHER_PATH_PTR, targetLen, base, PATH_PTR, this.put(PATH_PTR, path), this.now++));
  }

  layerRemove(base: number, path: string, budget: number): string {
    return this.onPath("layer_remove", base, path, budget, this.now++);
  }

  /** The target, or the errno. */
  readlink(base: number, path: string, len = 4096): string {
    const errno = this.onPath("vfs_readlink", base, path, DATA_PTR, len);
    return errno === "SUCCESS" ? `-> ${this.bytes.toString("utf8", DATA_PTR, DATA_PTR + this.call("vfs_count"))}` : errno;
  }

  private onTwo(name: string, a: number, from: string, flags: number[], b: number, to: string): string {
    const fromLen = this.put(OTHER_PATH_PTR, from);
    const toLen = this.put(PATH_PTR, to);
    return errnoName(this.call(name, a, OTHER_PATH_PTR, fromLen, ...flags, b, PATH_PTR, toLen, this.now++));
  }

  link(a: number, from: string, b: number, to: string, follow = false): string {
    return this.onTwo("vfs_link", a, from, [follow ? 1 : 0], b, to);
  }

  rename(a: number, from: string, b: number, to: string): string {
    return this.onTwo("vfs_rename", a, from, [], b, to);
  }

  write(inode: number, offset: bigint | number, data: Uint8Array): string {
    this.bytes.set(data, DATA_PTR);
    return errnoName(this.call("file_write", inode, BigInt(offset), DATA_PTR, data.length, this.now++));
  }

  /** Bytes that the last write took. */
  get count(): number {
    return this.call("vfs_count");
  }

  read(inode: number, offset: bigint | number, len: number): Buffer {
    const n = this.call("file_read", inode, BigInt(offset), DATA_PTR, len);
    return Buffer.from(this.bytes.subarray(DATA_PTR, DATA_PTR + n));
  }

  truncate(inode: number, size: bigint | number): string {
    return errnoName(this.call("file_truncate", inode, BigInt(size), this.now++));
  }

  allocate(inode: number, offset: bigint | number, len: bigint | number): string {
    return errnoName(this.call("file_allocate", inode, BigInt(offset), BigInt(len), this.now++));
  }

  stat(inode: number): Stat {
    this.call("inode_stat", inode, DATA_PTR);
    const view = new DataView(this.memory.buffer, DATA_PTR, 64);
    const at = (offset: number): bigint => view.getBigUint64(offset, true);
    return {
      dev: at(0),
      ino: at(8),
      filetype: Number(at(16)),
      nlink: Number(at(24)),
      size: Number(at(32)),
      atim: at(40),
      mtim: at(48),
      ctim: at(56),
    };
  }

  /** The packed dirents as they stand in a buffer of `len` bytes. */
  readdirRaw(directory: number, cookie: bigint, len: number): Buffer {
    const n = this.call("directory_read", directory, cookie, DATA_PTR, len);
    return Buffer.from(this.bytes.subarray(DATA_PTR, DATA_PTR + n));
  }

  /** Whole entries from the cookie on, and whether the directory ended. */
  readdirSome(directory: number, cookie: bigint, len: number): { entries: Dirent[]; ended: boolean } {
    const raw = this.readdirRaw(directory, cookie, len);
    const entries: Dirent[] = [];
    for (let at = 0; at + 24 <= raw.length;) {
      const nameLen = raw.readUInt32LE(at + 16);
      if (at + 24 + nameLen > raw.length) break;
      entries.push({
        next: raw.readBigUInt64LE(at),
        ino: raw.readBigUInt64LE(at + 8),
        type: raw.readUInt8(at + 20),
        name: raw.toString("utf8", at + 24, at + 24 + nameLen),
      });
      at += 24 + nameLen;
    }
    return { entries, ended: raw.length < len };
  }

  /** All names but "." and "..". */
  readdir(directory: number, len = 65_536): Dirent[] {
    const all: Dirent[] = [];
    for (let cookie = 0n; ;) {
      const { entries, ended } = this.readdirSome(directory, cookie, len);
      all.push(...entries);
      if (ended) return all.filter(({ name }) => name !== "." && name !== "..");
      cookie = entries.at(-1)!.next;
    }
  }

  destroy(fs: number, budget = 1_000_000): string {
    for (;;) {
      const errno = errnoName(this.call("fs_destroy", fs, budget));
      if (errno !== "AGAIN") return errno;
    }
  }

  /** Everything that is counted; the same again after everything is deleted. */
  usage(): Record<string, number> {
    return {
      pages: this.call("slab_used_pages"),
      objects: this.call("slab_objects"),
      objectBytes: this.call("slab_object_bytes"),
      bytes: Number(this.exports.vfs_total_bytes()),
      inodes: this.call("vfs_total_inodes"),
      fileSystems: this.call("vfs_file_systems"),
    };
  }
}
