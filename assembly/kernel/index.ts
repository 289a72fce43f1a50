// What the kernel exports: WASI's calls under their own names (syscall/; their numbers and shapes in abi.ts) and what the host
// asks for itself. May depend on everything in the kernel. No data and no start function: every instance works on the one shared memory,
// which kernel_init sets up once.
import {
  ARENA_PTR,
  ERRNO_NOMEM,
  ERRNO_SUCCESS,
  ERRNO_INVAL,
  HOST_SLOT,
  KERNEL_PTR,
  MAX_PAGES,
  PAGE_BYTES,
  WASM_PAGE_BYTES,
  WINDOW_BYTES,
} from "./abi";
import { random_get } from "./host";
import { processInSlot, windowOf } from "./proc/process";
import { slab_init } from "./slab";
import { vfs_init } from "./vfs/state";

export { ticker_count } from "./syscall/clock";
export * from "./syscall/file";
export * from "./syscall/manage";
export { path_open } from "./syscall/open"; // not *: an exported function with a class in its signature pulls in the runtime, its data and its start
export * from "./syscall/path";
export * from "./syscall/poll";
export * from "./syscall/position";
export * from "./syscall/socket";
export * from "./syscall/stream";
export * from "./syscall/table";
export * from "./syscall/tree";

/** Sets the shared memory up: once, before any other call. `maxPages` (of 4 KiB) bounds everything allocated later. An errno.
 *
 * The memory gets its whole size here (it takes real memory page by page, as it is touched) and never grows again: another thread's instance
 * hears of a growth only at its next check of the stack, and until then its atomics and bulk copies trap on the new pages. */
export function kernel_init(maxPages: i32): i32 {
  if (<u32>maxPages > <u32>MAX_PAGES) return ERRNO_INVAL;
  const end = <u64>ARENA_PTR + <u64>maxPages * PAGE_BYTES;
  const wanted = <i32>((end + WASM_PAGE_BYTES - 1) / WASM_PAGE_BYTES);
  const have = memory.size();
  if (have < wanted && memory.grow(wanted - have) < 0) return ERRNO_NOMEM;
  memory.fill(KERNEL_PTR, 0, WASM_PAGE_BYTES - KERNEL_PTR);
  if (!slab_init(ARENA_PTR, maxPages)) return ERRNO_NOMEM;
  const keys = windowOf(processInSlot(HOST_SLOT));
  random_get(keys, 16);
  vfs_init(load<u64>(keys), load<u64>(keys, 8));
  return ERRNO_SUCCESS;
}

/** Bytes of a process's window. */
export function window_bytes(): i32 {
  return WINDOW_BYTES;
}
