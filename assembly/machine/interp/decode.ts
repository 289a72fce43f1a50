// Fills a slot of the page that runs: from the bytes of one instruction to its dispatch number and operands (isa/insn.ts).
// Depends on hart, bus, isa.
import { PAGE_BYTES } from "../abi";
import { SCRATCH_CODE_OFFSET } from "../hart/context";
import { Hart } from "../hart/state";
import { codeDecoded, OP_CROSS, OP_ILLEGAL } from "../bus/code";
import {
  expand, FORMAT_B, FORMAT_CSR, FORMAT_CSRI, FORMAT_FR, FORMAT_FR4, FORMAT_I, FORMAT_J, FORMAT_PURE,
  FORMAT_S, FORMAT_SHIFT, FORMAT_SHIFTW, FORMAT_U, formatOf, match,
} from "../isa/generated/decode"; // prettier-ignore
import { fuse } from "../isa/generated/fused";
import { OP_NOP } from "../isa/generated/ops";

const LAST_HALF: u32 = PAGE_BYTES - 2;

/** Where the instruction after the one at hand is decoded, to see whether the two fuse. */
const NEXT_PTR: usize = memory.data(8);

/** Decodes the instruction of slot `slotPtr`, and fuses it with the next one where that pays. */
export function decodeSlot(h: Hart, slotPtr: usize): void {
  h.decodes++;
  const offset = (<u32>(slotPtr - h.codeBase)) >>> 2;
  const scratch = h.codeBase == h.tlbBase + SCRATCH_CODE_OFFSET;
  const field = decodeAt(slotPtr, h.rawBase + offset, offset == LAST_HALF && !scratch);
  if (scratch) return;
  codeDecoded(h.codeBase);
  const next = offset + ((field >>> 12) << 1);
  if (field == OP_CROSS || next >= <u32>PAGE_BYTES) return;
  const second = decodeAt(NEXT_PTR, h.rawBase + next, next == LAST_HALF) & 0xfff;
  const fused = fuse(field & 0xfff, second);
  if (fused == (field & 0xfff)) return;
  store<u16>(slotPtr, <u16>(fused | (field & 0xf000)));
  // The second half needs its operands and length in place; its own op stays open until something jumps there.
  const nextPtr = h.codeBase + (next << 2);
  if ((load<u16>(nextPtr) & 0xfff) == 0) store<u64>(nextPtr, load<u64>(NEXT_PTR) & ~0xfff);
}

/** The op field of the instruction whose slot says only that a region begins there. Its operands stand in the slot. */
export function decodedOp(h: Hart, slotPtr: usize): u32 {
  const offset = (<u32>(slotPtr - h.codeBase)) >>> 2;
  return decodeAt(NEXT_PTR, h.rawBase + offset, offset == LAST_HALF);
}

/** Decodes one instruction into a slot and gives its op field. */
export function decodeAt(slotPtr: usize, raw: usize, last: bool): u32 {
  const half = <u32>load<u16>(raw);
  if ((half & 3) != 3) return pack(slotPtr, expand(half), 1);
  if (last) {
    store<u64>(slotPtr, OP_CROSS);
    return OP_CROSS;
  }
  return pack(slotPtr, half | ((<u32>load<u16>(raw, 2)) << 16), 2);
}

function pack(slotPtr: usize, word: u32, halves: u32): u32 {
  const found = match(word);
  const format = formatOf(found);
  const rm = (word >>> 12) & 7;
  let op = found;
  if ((format == FORMAT_FR || format == FORMAT_FR4) && (rm == 5 || rm == 6)) op = OP_ILLEGAL;
  if (format & FORMAT_PURE && ((word >>> 7) & 31) == 0) op = OP_NOP;
  const field = op | (halves << 12);
  store<u16>(slotPtr, <u16>field);
  store<u8>(slotPtr, <u8>(((word >>> 7) & 31) << 3), 2);
  store<u8>(slotPtr, <u8>(((word >>> 15) & 31) << 3), 3);
  store<u8>(slotPtr, <u8>(((word >>> 20) & 31) << 3), 6);
  store<u8>(slotPtr, <u8>rm, 7);
  packImmediate(slotPtr, word, format & ~FORMAT_PURE);
  return field;
}

function packImmediate(slotPtr: usize, word: u32, format: u32): void {
  switch (format) {
    case FORMAT_I:
      store<i16>(slotPtr, <i16>((<i32>word) >> 20), 4);
      break;
    case FORMAT_S:
      store<i16>(slotPtr, <i16>((((<i32>word) >> 25) << 5) | (<i32>((word >>> 7) & 31))), 4);
      break;
    case FORMAT_B:
      store<i16>(slotPtr, <i16>immediateB(word), 4);
      break;
    case FORMAT_U:
      store<u32>(slotPtr, word & 0xfffff000, 4);
      break;
    case FORMAT_J:
      store<i32>(slotPtr, immediateJ(word), 4);
      break;
    case FORMAT_SHIFT:
      store<i16>(slotPtr, <i16>((word >>> 20) & 63), 4);
      break;
    case FORMAT_SHIFTW:
      store<i16>(slotPtr, <i16>((word >>> 20) & 31), 4);
      break;
    case FORMAT_CSR:
      store<i16>(slotPtr, <i16>(word >>> 20), 4);
      break;
    case FORMAT_CSRI:
      store<u8>(slotPtr, <u8>((word >>> 15) & 31), 3); // the immediate itself, not a register's offset
      store<i16>(slotPtr, <i16>(word >>> 20), 4);
      break;
    case FORMAT_FR4:
      store<u8>(slotPtr, <u8>((word >>> 27) << 3), 4);
      break;
    default:
      store<i16>(slotPtr, 0, 4);
  }
}

function immediateB(word: u32): i32 {
  return (((<i32>word) >> 31) << 12) | (<i32>((((word >>> 7) & 1) << 11) | (((word >>> 25) & 63) << 5) | (((word >>> 8) & 15) << 1)));
}

function immediateJ(word: u32): i32 {
  return (((<i32>word) >> 31) << 20) | (<i32>((word & 0xff000) | (((word >>> 20) & 1) << 11) | (((word >>> 21) & 1023) << 1)));
}
