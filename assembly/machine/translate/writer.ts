// Bytes of a WebAssembly module, written one after the other. Depends on layout only.
import { HINTS_END, HINTS_PTR, MODULE_END, MODULE_PTR } from "./layout";

export let out: usize = MODULE_PTR;
/** Set where the buffer was too small; what was written is then of no use. */
export let isFull: bool = false;

const SLACK: usize = 64; // what one call writes at most

export function startWriting(): void {
  out = MODULE_PTR;
  isFull = false;
}

/** Forgets what was written from `at` on. */
@inline
export function rewind(at: usize): void {
  out = at;
}


@inline
export function byte(value: u32): void {
  if (out > MODULE_END - SLACK) {
    isFull = true;
    return;
  }
  store<u8>(out, <u8>value);
  out++;
}

/** Unsigned LEB128. */
export function unsigned(value: u32): void {
  while (value >= 0x80) {
    byte((value & 0x7f) | 0x80);
    value >>>= 7;
  }
  byte(value);
}

/** Signed LEB128. */
export function signed(value: i64): void {
  while (value < -64 || value > 63) {
    byte(((<u32>value) & 0x7f) | 0x80);
    value >>= 7;
  }
  byte((<u32>value) & 0x7f);
}

/** Room for a length that is known later: five bytes. */
export function reserve(): usize {
  const at = out;
  for (let n = 0; n < 5; n++) byte(0);
  return at;
}

/** Fills reserve()'s room with how many bytes were written behind it. */
export function fillLength(at: usize): void {
  if (isFull) return;
  let value = <u32>(out - at - 5);
  for (let n: usize = 0; n < 4; n++) {
    store<u8>(at + n, <u8>((value & 0x7f) | 0x80));
    value >>>= 7;
  }
  store<u8>(at + 4, <u8>value);
}

/** A name: its length, then its bytes. The text is ASCII. */
export function text(value: string): void {
  unsigned(<u32>value.length);
  for (let n = 0; n < value.length; n++) byte(value.charCodeAt(n));
}

/** Where the function's body begins, and the place behind the last of the hints. */
let body: usize = 0;
let hintsEnd: usize = HINTS_PTR;

/** A function's body begins here. */
export function beginHints(): void {
  body = out;
  hintsEnd = HINTS_PTR;
}

/** The if that is written next is rarely true. */
export function hintUnlikely(): void {
  if (hintsEnd == HINTS_END) return;
  store<u32>(hintsEnd, <u32>(out - body));
  hintsEnd += 4;
}

/** Says of function 0 which branches are unlikely: what a section "metadata.code.branch_hint" holds. */
export function writeHints(): void {
  unsigned(1);
  unsigned(0);
  unsigned(<u32>((hintsEnd - HINTS_PTR) >>> 2));
  for (let at = HINTS_PTR; at < hintsEnd; at += 4) {
    unsigned(load<u32>(at));
    unsigned(1);
    unsigned(0);
  }
}

/** Moves what was written from `later` on to before what was written from `earlier` on. */
export function swap(earlier: usize, later: usize): void {
  if (isFull) return;
  const bytes = out - later;
  memory.copy(out, later, bytes);
  memory.copy(earlier + bytes, earlier, later - earlier);
  memory.copy(earlier, out, bytes);
}
