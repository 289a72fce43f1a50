// A process for tests that makes its system calls from the test's own thread: short names, values in and out of the window and the results.
import * as abi from "../../../assembly/kernel/abi.js";
import { Kernel, type KernelOptions, type ProcessLimits } from "../index.js";

export const ALL_RIGHTS = BigInt(abi.RIGHTS_ALL);
const READ_WRITE = BigInt(abi.RIGHT_FD_READ | abi.RIGHT_FD_WRITE);

export interface Stat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly filetype: number;
  readonly nlink: bigint;
  readonly size: bigint;
  readonly atim: bigint;
  readonly mtim: bigint;
}

export class Guest {
  readonly proc: number;

  constructor(
    readonly kernel: Kernel,
    limits: ProcessLimits = {},
  ) {
    this.proc = kernel.createProcess(limits);
  }

  get calls(): Kernel["exports"] {
    return this.kernel.exports;
  }

  get window(): Uint8Array {
    return new Uint8Array(this.kernel.memory.buffer, this.calls.process_window(this.proc), abi.WINDOW_BYTES);
  }

  private get view(): DataView {
    return new DataView(this.kernel.memory.buffer, this.calls.process_window(this.proc), abi.WINDOW_BYTES);
  }

  result(index = 0): bigint {
    return new DataView(this.kernel.memory.buffer, this.calls.process_results(this.proc), 32).getBigUint64(index * 8, true);
  }

  /** Puts texts one behind the other into the window; the lengths. */
  put(...texts: string[]): number[] {
    let at = 0;
    return texts.map((text) => {
      const bytes = Buffer.from(text);
      this.window.set(bytes, at);
      at += bytes.length;
      return bytes.length;
    });
  }

  private put1(text: string): number {
    return this.put(text)[0] ?? 0;
  }

  private put2(one: string, two: string): [number, number] {
    const lengths = this.put(one, two);
    return [lengths[0] ?? 0, lengths[1] ?? 0];
  }

  text(bytes: number): string {
    return Buffer.from(this.window.slice(0, bytes)).toString();
  }

  /** The bytes read as text, or an errno. */
  read(fd: number, len = 1000): string | number {
    const errno = this.calls.fd_read(this.proc, fd, len);
    return errno === 0 ? this.text(Number(this.result())) : errno;
  }

  pread(fd: number, len: number, offset: bigint): string | number {
    const errno = this.calls.fd_pread(this.proc, fd, len, offset);
    return errno === 0 ? this.text(Number(this.result())) : errno;
  }

  /** How many bytes, or an errno negated. */
  write(fd: number, text: string): number {
    const errno = this.calls.fd_write(this.proc, fd, this.put1(text));
    return errno === 0 ? Number(this.result()) : -errno;
  }

  pwrite(fd: number, text: string, offset: bigint): number {
    const errno = this.calls.fd_pwrite(this.proc, fd, this.put1(text), offset);
    return errno === 0 ? Number(this.result()) : -errno;
  }

  /** The descriptor, or an errno negated. */
  open(path: string, oflags = 0, rights = READ_WRITE, fdflags = 0, dir = 3, lookupflags = 1): number {
    const errno = this.calls.path_open(this.proc, dir, lookupflags, this.put1(path), oflags, rights, 0n, fdflags);
    return errno === 0 ? Number(this.result()) : -errno;
  }

  seek(fd: number, offset: bigint, whence: number): bigint {
    const errno = this.calls.fd_seek(this.proc, fd, offset, whence);
    return errno === 0 ? this.result() : BigInt(-errno);
  }

  tell(fd: number): bigint {
    const errno = this.calls.fd_tell(this.proc, fd);
    return errno === 0 ? this.result() : BigInt(-errno);
  }

  close(fd: number): number {
    return this.calls.fd_close(this.proc, fd);
  }

  fdstat(fd: number): { filetype: number; fdflags: number; base: bigint; inheriting: bigint } | number {
    const errno = this.calls.fd_fdstat_get(this.proc, fd);
    if (errno !== 0) return errno;
    const { view } = this;
    return {
      filetype: view.getUint8(0),
      fdflags: view.getUint16(2, true),
      base: view.getBigUint64(8, true),
      inheriting: view.getBigUint64(16, true),
    };
  }

  private filestat(errno: number): Stat | number {
    if (errno !== 0) return errno;
    const u64 = (at: number): bigint => this.view.getBigUint64(at, true);
    return { dev: u64(0), ino: u64(8), filetype: this.view.getUint8(16), nlink: u64(24), size: u64(32), atim: u64(40), mtim: u64(48) };
  }

  stat(fd: number): Stat | number {
    return this.filestat(this.calls.fd_filestat_get(this.proc, fd));
  }

  statPath(path: string, lookupflags = 1, dir = 3): Stat | number {
    return this.filestat(this.calls.path_filestat_get(this.proc, dir, lookupflags, this.put1(path)));
  }

  mkdir(path: string, dir = 3): number {
    return this.calls.path_create_directory(this.proc, dir, this.put1(path));
  }

  rmdir(path: string, dir = 3): number {
    return this.calls.path_remove_directory(this.proc, dir, this.put1(path));
  }

  unlink(path: string, dir = 3): number {
    return this.calls.path_unlink_file(this.proc, dir, this.put1(path));
  }

  symlink(target: string, path: string, dir = 3): number {
    const [old, name] = this.put2(target, path);
    return this.calls.path_symlink(this.proc, old, dir, name);
  }

  link(from: string, to: string, dir = 3, toDir = 3, lookupflags = 0): number {
    const [old, name] = this.put2(from, to);
    return this.calls.path_link(this.proc, dir, lookupflags, old, toDir, name);
  }

  rename(from: string, to: string, dir = 3, toDir = 3): number {
    const [old, name] = this.put2(from, to);
    return this.calls.path_rename(this.proc, dir, old, toDir, name);
  }

  readlink(path: string, room = 1000, dir = 3): string | number {
    const errno = this.calls.path_readlink(this.proc, dir, this.put1(path), room);
    return errno === 0 ? this.text(Number(this.result())) : errno;
  }

  /** The names from a cookie on, and how many bytes they took. */
  readdir(fd: number, len = 4096, cookie = 0n): { names: string[]; cookies: bigint[]; bytes: number } | number {
    const errno = this.calls.fd_readdir(this.proc, fd, len, cookie);
    if (errno !== 0) return errno;
    const bytes = Number(this.result());
    const names: string[] = [];
    const cookies: bigint[] = [];
    for (let at = 0; at + abi.DIRENT_BYTES <= bytes;) {
      const length = this.view.getUint32(at + 16, true);
      if (at + abi.DIRENT_BYTES + length > bytes) break;
      cookies.push(this.view.getBigUint64(at, true));
      names.push(Buffer.from(this.window.slice(at + abi.DIRENT_BYTES, at + abi.DIRENT_BYTES + length)).toString());
      at += abi.DIRENT_BYTES + length;
    }
    return { names, cookies, bytes };
  }

  prestat(fd: number): string | number {
    const errno = this.calls.fd_prestat_get(this.proc, fd);
    if (errno !== 0) return errno;
    const length = this.view.getUint32(4, true);
    const second = this.calls.fd_prestat_dir_name(this.proc, fd, length);
    return second === 0 ? this.text(length) : second;
  }

  /** Ends the process and gives everything back. */
  async end(): Promise<void> {
    await this.kernel.kill(this.proc);
    this.kernel.reap(this.proc);
  }
}

export interface GuestOptions extends KernelOptions {
  readonly limits?: ProcessLimits;
  readonly rights?: bigint;
  readonly fs?: { maxBytes?: bigint; maxInodes?: number; maxFileBytes?: bigint };
}

/** A process as a container starts it: null devices at 0 to 2 and an empty tree, "/", at 3. */
export function createGuest(options: GuestOptions = {}, kernel = new Kernel(options)): Guest & { fs: number } {
  const { exports } = kernel;
  const guest = new Guest(kernel, options.limits);
  for (const fd of [0, 1, 2]) exports.fd_install_null(guest.proc, fd, fd === 0 ? 0 : abi.OPEN_OUTPUT);
  const fs = exports.fs_create(options.fs?.maxBytes ?? 64n << 20n, options.fs?.maxInodes ?? 10_000, options.fs?.maxFileBytes ?? 1n << 40n);
  guest.put("/");
  exports.fd_install_preopen(guest.proc, exports.fs_root(fs), 1, options.rights ?? ALL_RIGHTS, options.rights ?? ALL_RIGHTS);
  return Object.assign(guest, { fs });
}

/** What must be the same before a process was made and after it was reaped. */
export function census(kernel: Kernel): Record<string, number> {
  const { exports } = kernel;
  const gauge = (counter: number): number => Number(exports.kernel_counter(counter));
  return {
    pages: exports.kernel_used_pages(),
    processes: gauge(abi.COUNT_PROCESSES),
    descriptors: gauge(abi.COUNT_DESCRIPTORS),
    pipes: gauge(abi.COUNT_PIPES),
    sockets: gauge(abi.COUNT_SOCKETS),
    listeners: gauge(abi.COUNT_LISTENERS),
    inodes: exports.tree_total_inodes(),
  };
}
