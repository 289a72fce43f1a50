// A WebAssembly function that does nothing but need a large frame. The kernel calls it before each system call begins: a guest that recurses and
// calls in with next to no stack left then gets its RangeError here, where nothing has changed, and never inside the kernel with a lock held.
// V8 compares a function's whole frame with the stack's limit when it is entered. Depends on nothing.
//
//   (func $nothing  nop...)
//   (func (export "probe") (if (i32.load 0) (then  v1..vN = v128.load, each from an address of its own;  call $nothing;  v128.store each))  call $nothing)
//
// The word at 0 is always 0, which V8 does not know: all N values would have to be kept across the first call, so the frame has room for them.
// The second call is made: without one the optimizing compiler would make the frame on the other path only. V8 14 loads once what is
// loaded from one address, and takes calls of small functions into their callers.

/** More than a call of the kernel, and of the host's clock from it, ever needs. */
export const STACK_RESERVE_BYTES = 8192;
const VALUES = STACK_RESERVE_BYTES / 16;
/** V8's limit for such functions is 500 bytes. */
const NOPS = 1000;

const [V128, VOID] = [0x7b, 0x40];
const [IF, END, CALL, LOCAL_GET, LOCAL_SET, I32_LOAD, I32_CONST, SIMD, NOP] = [0x04, 0x0b, 0x10, 0x20, 0x21, 0x28, 0x41, 0xfd, 0x01];
const [V128_LOAD, V128_STORE, ALIGN] = [0x00, 0x0b, 4];

/** A number below 2 ** 14 in two bytes of LEB128, padded. */
const low = (value: number): number => (value & 127) | 128;
const high = (value: number): number => value >> 7;

const HEAD = [1, low(VALUES), high(VALUES), V128, I32_CONST, 0, I32_LOAD, 2, 0, IF, VOID];
const TAIL = [END, CALL, 0, END];
const ACCESS_BYTES = 10;
const BODY_BYTES = HEAD.length + 2 * VALUES * ACCESS_BYTES + 2 + TAIL.length;

/** A module of one type (nothing to nothing), two functions, a memory of one page, and the second function exported. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const nothing = NOPS + 2; // no locals, end
  const code = 1 + 2 + nothing + 2 + BODY_BYTES;
  const name = Buffer.from("probe");
  const head = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 3, 2, 0, 0, 5, 3, 1, 0, 1];
  const exported = [7, 9, 1, name.length, ...name, 0, 1];
  const section = [...head, ...exported, 10, low(code), high(code), 2, low(nothing), high(nothing), 0];
  const probe = [END, low(BODY_BYTES), high(BODY_BYTES), ...HEAD];
  const bytes = new Uint8Array(section.length + NOPS + probe.length - HEAD.length + BODY_BYTES);
  bytes.set(section);
  bytes.fill(NOP, section.length, section.length + NOPS);
  bytes.set(probe, section.length + NOPS);
  writeAccesses(bytes, section.length + NOPS + probe.length);
  bytes.set(TAIL, bytes.length - TAIL.length);
  return bytes;
}

/** Byte by byte, without arrays: this runs at every cold start, before the engine has warmed up. */
function writeAccesses(bytes: Uint8Array, start: number): void {
  let at = start;
  for (let i = 0; i < VALUES; i++, at += ACCESS_BYTES) {
    bytes[at] = I32_CONST; // i32.const 0
    writeSimd(bytes, at + 2, V128_LOAD, i);
    writeLocal(bytes, at + 7, LOCAL_SET, i);
  }
  bytes[at] = CALL; // call 0
  at += 2;
  for (let i = 0; i < VALUES; i++, at += ACCESS_BYTES) {
    bytes[at] = I32_CONST;
    writeLocal(bytes, at + 2, LOCAL_GET, i);
    writeSimd(bytes, at + 5, V128_STORE, i);
  }
}

function writeSimd(bytes: Uint8Array, at: number, opcode: number, value: number): void {
  bytes[at] = SIMD;
  bytes[at + 1] = opcode;
  bytes[at + 2] = ALIGN;
  bytes[at + 3] = low(16 * value);
  bytes[at + 4] = high(16 * value);
}

function writeLocal(bytes: Uint8Array, at: number, opcode: number, local: number): void {
  bytes[at] = opcode;
  bytes[at + 1] = low(local);
  bytes[at + 2] = high(local);
}

let compiled: WebAssembly.Module | undefined;

/** Compiled once a process; threads are handed the module. */
export function probeModule(): WebAssembly.Module {
  return (compiled ??= new WebAssembly.Module(moduleBytes()));
}

/** This thread's probe. */
export function stackProbe(module: WebAssembly.Module): () => void {
  return new WebAssembly.Instance(module).exports["probe"] as () => void;
}
