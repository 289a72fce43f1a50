// What the thunks need of host directories (src/host-directory): handles; each result is the value, or minus a WASI errno. Nothing throws.
// May depend on nothing.

// prettier-ignore
export interface HostFiles {
  filetype(handle: number): number;
  close(handle: number): number | void;
  pathOpen(dir: number, lookupflags: number, path: Uint8Array, oflags: number, access: number, fdflags: number): number;
  read(handle: number, into: Uint8Array): number;
  pread(handle: number, into: Uint8Array, offset: number): number;
  write(handle: number, from: Uint8Array): number;
  pwrite(handle: number, from: Uint8Array, offset: number): number;
  seek(handle: number, offset: number, whence: number): number;
  tell(handle: number): number;
  setFlags(handle: number, fdflags: number): number;
  readdir(handle: number, into: Uint8Array, cookie: number): number;
  filestat(handle: number, out: DataView, at: number): number;
  setSize(handle: number, size: number): number;
  setTimes(handle: number, atim: bigint, mtim: bigint, fstflags: number): number;
  allocate(handle: number, offset: number, length: number): number;
  sync(handle: number): number;
  datasync(handle: number): number;
  advise(handle: number, offset: number, length: number, advice: number): number;
  pathCreateDirectory(dir: number, path: Uint8Array): number;
  pathRemoveDirectory(dir: number, path: Uint8Array): number;
  pathUnlinkFile(dir: number, path: Uint8Array): number;
  pathFilestat(dir: number, lookupflags: number, path: Uint8Array, out: DataView, at: number): number;
  pathSetTimes(dir: number, lookupflags: number, path: Uint8Array, atim: bigint, mtim: bigint, fstflags: number): number;
  pathLink(oldDir: number, lookupflags: number, oldPath: Uint8Array, newDir: number, newPath: Uint8Array): number;
  pathRename(oldDir: number, oldPath: Uint8Array, newDir: number, newPath: Uint8Array): number;
  pathSymlink(target: Uint8Array, dir: number, path: Uint8Array): number;
  pathReadlink(dir: number, path: Uint8Array, into: Uint8Array): number;
}

/** The errno of a result whose value does not matter. */
export function errnoOf(result: number | void): number {
  return result === undefined || result >= 0 ? 0 : -result;
}
