// Bytes of a WebAssembly module, written one after the other. Depends on layout only.
import { HINTS_END, HINTS_PTR, MODULE_END, MODULE_PTR, RELOCATIONS_END, RELOCATIONS_PTR } from "./layout";

export let out: usize = MODULE_PTR;
/** Set where the buffer was too small; what was written is then of no use. */
export let isFull: bool = false;

const SLACK: usize = 64; // what one call writes at most

export function startWriting(): void {
  out = MODULE_PTR;
  isFull = false;
  hinted = 0;
  functionHints = HINTS_PTR;
  functionRelocations = RELOCATIONS_PTR;
  relocationsEnd = RELOCATIONS_PTR;
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
  fill(at, <u32>(out - at - 5));
}

/** Unsigned LEB128 of five bytes, whatever the value. */
export function fixed(value: u32): void {
  const at = reserve();
  if (!isFull) fill(at, value);
}

function fill(at: usize, value: u32): void {
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

/** Where the function's body begins, where its hints do, and the place behind the last of them: u32 function | u32 count | u32 each. */
let body: usize = 0;
let functionHints: usize = HINTS_PTR;
let hintsEnd: usize = HINTS_PTR;
/** Functions that have hints. */
let hinted: u32 = 0;
const HINTS_HEADER: usize = 8;

/** Where the code section's content begins; where the function's relocations do, and the place behind the last of them. */
let code: usize = 0;
let functionRelocations: usize = RELOCATIONS_PTR;
let relocationsEnd: usize = RELOCATIONS_PTR;
/** What stands at a relocation: the number of the function itself, in five bytes; or else, plus the helper's number, two instructions of five bytes by which a helper is called. */
export const RELOCATE_FUNCTION: u32 = 0;
export const RELOCATE_HELPER: u32 = 1;

/** The code section's content begins here. */
export function beginCode(): void {
  code = out;
}

/** A function's body begins here; hints and relocations given since endBody() are forgotten. */
export function beginBody(): void {
  body = out;
  hintsEnd = functionHints + HINTS_HEADER;
  relocationsEnd = functionRelocations;
}

/** The if that is written next is rarely true. */
export function hintUnlikely(): void {
  if (hintsEnd + 4 + HINTS_HEADER > HINTS_END) return;
  store<u32>(hintsEnd, <u32>(out - body));
  hintsEnd += 4;
}

/** What is written next is other bytes where the function is put into another module. */
export function relocate(kind: u32): void {
  if (relocationsEnd == RELOCATIONS_END) {
    isFull = true;
    return;
  }
  store<u32>(relocationsEnd, (kind << 24) | (<u32>(out - code)));
  relocationsEnd += 4;
}

/** The body was that of function `index`. */
export function endBody(index: u32): void {
  functionRelocations = relocationsEnd;
  store<u32>(functionHints, index);
  store<u32>(functionHints, <u32>((hintsEnd - functionHints - HINTS_HEADER) >>> 2), 4);
  functionHints = hintsEnd;
  hinted++;
}

/** Says which branches are unlikely: what a section "metadata.code.branch_hint" holds. */
export function writeHints(): void {
  unsigned(hinted);
  let at = HINTS_PTR;
  for (let n: u32 = 0; n < hinted; n++) {
    const count = load<u32>(at, 4);
    unsigned(load<u32>(at));
    unsigned(count);
    at += HINTS_HEADER;
    for (const end = at + ((<usize>count) << 2); at < end; at += 4) {
      unsigned(load<u32>(at));
      unsigned(1);
      unsigned(0);
    }
  }
}

/** What a section "reloc.CODE" of ours holds: of each relocation the kind, and where it stands in the code section's content. */
export function writeRelocations(): void {
  unsigned(<u32>((functionRelocations - RELOCATIONS_PTR) >>> 2));
  for (let at = RELOCATIONS_PTR; at < functionRelocations; at += 4) {
    byte(load<u8>(at, 3));
    unsigned(load<u32>(at) & 0xffffff);
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
