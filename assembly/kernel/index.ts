// What the kernel exports: WASI's calls under their own names (assembly/kernel/syscall/, the ABI stands in ARCHITECTURE.md) and what the host
// asks for itself. May depend on everything in the kernel. No data and no start function: every instance works on the one shared memory,
// which kernel_init sets up once.
import { ARENA_PTR, ERRNO_NOMEM, ERRNO_SUCCESS, KERNEL_PTR, WASM_PAGE_BYTES, WINDOW_BYTES } from "./abi";
import { slab_init } from "./slab";

export * from "./syscall/manage";
export * from "./syscall/stream";

/** Sets the shared memory up: once, before any other call. `maxPages` (of 4 KiB) bounds everything allocated later. An errno. */
export function kernel_init(maxPages: i32): i32 {
  const wanted = <i32>(ARENA_PTR / WASM_PAGE_BYTES);
  const have = memory.size();
  if (have < wanted && memory.grow(wanted - have) < 0) return ERRNO_NOMEM;
  memory.fill(KERNEL_PTR, 0, WASM_PAGE_BYTES - KERNEL_PTR);
  return slab_init(ARENA_PTR, maxPages) ? ERRNO_SUCCESS : ERRNO_NOMEM;
}

/** Bytes of a process's window. */
export function window_bytes(): i32 {
  return WINDOW_BYTES;
}
