// For tests: a folder of the host with an outside, and a guest that is given the inside of it, with strings where WASI has bytes.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACCESS_READ, ACCESS_WRITE, OFLAGS_CREAT, OFLAGS_TRUNC } from "../abi.js";
import { HostDirectories } from "../host-directories.js";
import type { HostDirectoryLimits } from "../limits.js";

const BUFFER_BYTES = 1 << 16;
const bytes = (text: string): Uint8Array => Buffer.from(text);

export interface Dirent {
  readonly next: number;
  readonly ino: number;
  readonly type: number;
  readonly name: string;
}

export interface Filestat {
  readonly ino: bigint;
  readonly type: number;
  readonly nlink: bigint;
  readonly size: bigint;
  readonly atim: bigint;
  readonly mtim: bigint;
}

/** `<folder>/inside` is given to guests; whatever else is in `folder` is outside. */
export class Ground {
  readonly folder = mkdtempSync(join(tmpdir(), "wardian-host-directory-"));
  readonly inside = join(this.folder, "inside");
  readonly #guests: Guest[] = [];

  constructor() {
    mkdirSync(this.inside);
  }

  guest(options: { readOnly?: boolean; limits?: Partial<HostDirectoryLimits>; path?: string } = {}): Guest {
    const guest = new Guest(options.path ?? this.inside, options);
    this.#guests.push(guest);
    return guest;
  }

  remove(): void {
    for (const guest of this.#guests) guest.directories.closeAll();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Results are HostDirectories' own: >= 0, or minus an errno. */
export class Guest {
  readonly directories: HostDirectories;
  readonly root: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);

  constructor(path: string, options: { readOnly?: boolean; limits?: Partial<HostDirectoryLimits> }) {
    this.directories = new HostDirectories(options.limits);
    this.root = this.directories.mount(path, { readOnly: options.readOnly ?? false });
  }

  open(path: string, options: { follow?: boolean; oflags?: number; access?: number; fdflags?: number; at?: number } = {}): number {
    const { follow = true, oflags = 0, access = ACCESS_READ, fdflags = 0, at = this.root } = options;
    return this.directories.pathOpen(at, follow ? 1 : 0, bytes(path), oflags, access, fdflags);
  }

  /** The file's text, or what opening it failed with. */
  readFile(path: string, follow = true): string | number {
    const handle = this.open(path, { follow });
    if (handle < 0) return handle;
    const count = this.directories.pread(handle, this.#buffer, 0);
    this.directories.close(handle);
    return count < 0 ? count : Buffer.from(this.#buffer.subarray(0, count)).toString();
  }

  writeFile(path: string, text: string, oflags = OFLAGS_CREAT | OFLAGS_TRUNC): number {
    const handle = this.open(path, { oflags, access: ACCESS_READ | ACCESS_WRITE });
    if (handle < 0) return handle;
    const count = this.directories.write(handle, bytes(text));
    this.directories.close(handle);
    return count;
  }

  stat(path: string, follow = true): Filestat | number {
    const view = new DataView(new ArrayBuffer(64));
    const errno = this.directories.pathFilestat(this.root, follow ? 1 : 0, bytes(path), view, 0);
    return errno < 0 ? errno : parseFilestat(view);
  }

  handleStat(handle: number): Filestat | number {
    const view = new DataView(new ArrayBuffer(64));
    const errno = this.directories.filestat(handle, view, 0);
    return errno < 0 ? errno : parseFilestat(view);
  }

  /** Everything that a directory has, read in pieces of `step` bytes. */
  list(path: string, step = BUFFER_BYTES): Dirent[] | number {
    const handle = this.open(path, { access: 0 });
    if (handle < 0) return handle;
    const found: Dirent[] = [];
    for (;;) {
      const used = this.directories.readdir(handle, this.#buffer.subarray(0, step), found.at(-1)?.next ?? 0);
      if (used < 0) return used;
      const whole = parseDirents(this.#buffer.subarray(0, used));
      found.push(...whole);
      if (used < step) break;
    }
    this.directories.close(handle);
    return found;
  }

  names(path: string): string[] | number {
    const list = this.list(path);
    return typeof list === "number" ? list : list.map(({ name }) => name).sort();
  }

  mkdir = (path: string): number => this.directories.pathCreateDirectory(this.root, bytes(path));
  rmdir = (path: string): number => this.directories.pathRemoveDirectory(this.root, bytes(path));
  unlink = (path: string): number => this.directories.pathUnlinkFile(this.root, bytes(path));
  symlink = (target: string, path: string): number => this.directories.pathSymlink(bytes(target), this.root, bytes(path));
  link = (from: string, to: string): number => this.directories.pathLink(this.root, 0, bytes(from), this.root, bytes(to));
  rename = (from: string, to: string): number => this.directories.pathRename(this.root, bytes(from), this.root, bytes(to));
  setTimes = (path: string, atim: bigint, mtim: bigint, flags: number, follow = true): number =>
    this.directories.pathSetTimes(this.root, follow ? 1 : 0, bytes(path), atim, mtim, flags);

  readlink(path: string, space = BUFFER_BYTES): string | number {
    const count = this.directories.pathReadlink(this.root, bytes(path), this.#buffer.subarray(0, space));
    return count < 0 ? count : Buffer.from(this.#buffer.subarray(0, count)).toString();
  }
}

function parseFilestat(view: DataView): Filestat {
  const at = (offset: number): bigint => view.getBigUint64(offset, true);
  return { ino: at(8), type: view.getUint8(16), nlink: at(24), size: at(32), atim: at(40), mtim: at(48) };
}

/** The entries that are there whole. */
export function parseDirents(packed: Uint8Array): Dirent[] {
  const view = Buffer.from(packed);
  const found: Dirent[] = [];
  for (let at = 0; at + 24 <= view.length;) {
    const end = at + 24 + view.readUInt32LE(at + 16);
    if (end > view.length) break;
    found.push({
      next: Number(view.readBigUInt64LE(at)),
      ino: Number(view.readBigUInt64LE(at + 8)),
      type: view.readUInt8(at + 20),
      name: view.toString("utf8", at + 24, end),
    });
    at = end;
  }
  return found;
}
