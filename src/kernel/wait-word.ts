// memory.atomic.wait32 in a module of its own, over the kernel's memory. V8's baseline compiler (11.3) damages locals that live across that
// instruction, and asc, where it stands in the kernel, puts it into every function that takes a lock. An imported function stays apart.
// Depends on nothing.
//
//   (import "env" "memory" (memory 1 65536 shared))
//   (func (export "wait") (param i32 i32 i64) (result i32) (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))

// prettier-ignore
const BYTES = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  1, 8, 1, 0x60, 3, 0x7f, 0x7f, 0x7e, 1, 0x7f,
  2, 18, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 0x80, 0x80, 4,
  3, 2, 1, 0,
  7, 8, 1, 4, 0x77, 0x61, 0x69, 0x74, 0, 0,
  10, 14, 1, 12, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfe, 1, 2, 0, 0x0b,
]);

let compiled: WebAssembly.Module | undefined;

/** Compiled once a process; threads are handed the module. */
export function waitModule(): WebAssembly.Module {
  return (compiled ??= new WebAssembly.Module(BYTES));
}

export type WaitWord = (ptr: number, expected: number, timeoutNs: bigint) => number;

/** This thread's. */
export function waitWord(module: WebAssembly.Module, memory: WebAssembly.Memory): WaitWord {
  return new WebAssembly.Instance(module, { env: { memory } }).exports["wait"] as WaitWord;
}
