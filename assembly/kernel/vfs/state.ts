// What the file tree keeps besides its objects, at a fixed address: results of the last call, the keys of the name hash, totals.
// Depends on abi only. Everything in vfs/ runs under the kernel lock, never waits, never calls the host, never recurses.
import { VFS_PTR } from "../abi";

/** Where path.ts puts together a path with links in it: the path and every link it may follow. */
export const PATH_SCRATCH_PTR: usize = 0x120000;
export const PATH_SCRATCH_END: usize = 0x150000;

/** A dirent that is to be cut off; the last name of the first of two paths. */
export const DIRENT_PTR: usize = VFS_PTR + 0x400;
export const NAME_PTR: usize = VFS_PTR + 0x800;


@final
@unmanaged
export class VfsState {
  key0: u64; // of the name hash
  key1: u64;
  nextDev: u64;
  bytes: u64; // charged, over all file systems
  inodes: u32; // alive, over all file systems
  fileSystems: u32;
  inode: usize; // result: the inode that was found or made
  count: u32; // result: bytes read, written
  // --- where a walk ended, see path.ts
  dir: usize; // the directory that the last name stands in
  namePtr: usize; // the last name
  nameLen: u32;
  nameHash: u32;
  nameKind: u32;
  slot: i32; // its slot in dir, or -1
  trailing: u32; // there were slashes behind it
}


@inline
export function vfs(): VfsState {
  return changetype<VfsState>(VFS_PTR);
}

/** `key0` and `key1` are random: nobody can choose names that collide. */
export function vfs_init(key0: u64, key1: u64): void {
  memory.fill(VFS_PTR, 0, 0x1000);
  const state = vfs();
  state.key0 = key0;
  state.key1 = key1;
  state.nextDev = 1;
}

/** The inode that the last call found or made. Hold it before the kernel lock is let go. */
export function vfs_inode(): usize {
  return vfs().inode;
}

/** How many bytes the last call wrote or read. */
export function vfs_count(): u32 {
  return vfs().count;
}

export function vfs_total_bytes(): u64 {
  return vfs().bytes;
}

export function vfs_total_inodes(): u32 {
  return vfs().inodes;
}

export function vfs_file_systems(): u32 {
  return vfs().fileSystems;
}
