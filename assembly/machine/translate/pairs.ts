// Pairs of shifts of which one operation is made: to the left and back is how RISC-V without Zbb extends the low half, quarter or byte of a
// register, and indexes arrays by 32-bit numbers. V8 does not see through them. Depends on isa, frame, registers, words and writer.
import { Insn } from "../isa/insn";
import { OP_SLLI, OP_SRAI, OP_SRLI } from "../isa/generated/ops";
import { get, i64Const, SHIFTED, tee } from "./frame";
import { getX, setX } from "./registers";
import { noteShifted, noteWord, shifted, shiftedBits } from "./words";
import { byte } from "./writer";
import * as op from "./wasm";

/** Emits an instruction that is one of a pair, or may be its first; false for any other. */
export function emitPaired(i: Insn): bool {
  const number = i.op & 0xfff;
  if (number == OP_SLLI && i.imm >= 32) {
    emitLeft(i);
    return true;
  }
  if (shifted == 0 || i.rs1 >>> 3 != shifted) return false;
  if (number == OP_SRLI) {
    emitBack(i);
    return true;
  }
  const extension = number == OP_SRAI && i.imm == shiftedBits ? extensionFrom(shiftedBits) : 0;
  if (extension == 0) return false;
  get(SHIFTED);
  byte(extension);
  setX(i.rd >>> 3);
  noteWord(i.rd >>> 3);
  return true;
}

/** The operation that does what shifting so many bits to the left, and back, does; 0 where there is none. */
function extensionFrom(bits: u32): u32 {
  return bits == 32 ? op.I64_EXTEND32_S : bits == 48 ? op.I64_EXTEND16_S : bits == 56 ? op.I64_EXTEND8_S : 0;
}

function emitLeft(i: Insn): void {
  getX(i.rs1 >>> 3);
  tee(SHIFTED);
  i64Const(i.imm);
  byte(op.I64_SHL);
  setX(i.rd >>> 3);
  noteShifted(i.rd >>> 3, <u32>i.imm);
}

/** The low bits of the value, shifted by the difference. */
function emitBack(i: Insn): void {
  const back = <u32>i.imm;
  const left = shiftedBits;
  get(SHIFTED);
  i64Const(((<i64>1) << (64 - left)) - 1);
  byte(op.I64_AND);
  if (back != left) {
    i64Const(back > left ? back - left : left - back);
    byte(back > left ? op.I64_SHR_U : op.I64_SHL);
  }
  setX(i.rd >>> 3);
  if (back > 32) noteWord(i.rd >>> 3);
}
