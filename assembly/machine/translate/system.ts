// System instructions that translated code does itself: a kernel turns interrupts off and on by sstatus all the time, and clears pages
// by cbo.zero. Depends on hart, isa and the emitter's row.
import { CACHE_BLOCK_BYTES } from "../abi";
import { CONTEXT_M, CONTEXT_S, CONTEXT_S_SUM, CONTEXT_U, MSTATUS_FS, MSTATUS_SIE } from "../hart/context";
import { MENVCFG_CBZE, SSTATUS_WRITABLE, STATUS_SD, UXL_64 } from "../hart/csr";
import { Hart } from "../hart/state";
import { Insn } from "../isa/insn";
import { OP_CBO_ZERO, OP_CSRRC, OP_CSRRCI, OP_CSRRS, OP_CSRRSI } from "../isa/generated/ops";
import { leaveIf } from "./exits";
import { A, access, B, get, hart, i32Const, i64Const, set, T32, tee, VAL } from "./frame";
import { accessMemory } from "./memory";
import { getX, setX } from "./registers";
import { byte } from "./writer";
import * as op from "./wasm";

const CSR_SSTATUS: u32 = 0x100;

/** True for a system instruction that a region of this mode need not end at. */
export function isInPlace(i: Insn, mode: u32): bool {
  const number = i.op & 0xfff;
  if (number == OP_CBO_ZERO) return true;
  if (mode != CONTEXT_S && mode != CONTEXT_S_SUM) return false;
  if (((<u32>i.imm) & 0xfff) != CSR_SSTATUS) return false;
  if (number == OP_CSRRSI || number == OP_CSRRCI) return (i.rs1 & ~(<u32>MSTATUS_SIE)) == 0;
  return number == OP_CSRRS || number == OP_CSRRC;
}

export function emitInPlace(i: Insn, mode: u32): void {
  if ((i.op & 0xfff) == OP_CBO_ZERO) emitZeroBlock(i, mode);
  else emitStatus(i);
}

function field(opcode: u32, offset: usize): void {
  hart();
  access(opcode, <u32>offset);
}

/** Leaves where a bit of the hart's field is 0. */
function needBit(offset: usize, bit: u64): void {
  field(op.I64_LOAD, offset);
  i64Const(bit);
  byte(op.I64_AND);
  byte(op.I64_EQZ);
  leaveIf();
}

function emitZeroBlock(i: Insn, mode: u32): void {
  if (mode != CONTEXT_M) needBit(offsetof<Hart>("menvcfg"), MENVCFG_CBZE);
  if (mode == CONTEXT_U) needBit(offsetof<Hart>("senvcfg"), MENVCFG_CBZE);
  getX(i.rs1 >>> 3);
  i64Const(~(<i64>CACHE_BLOCK_BYTES - 1));
  byte(op.I64_AND);
  accessMemory(true, 1);
  set(T32);
  for (let at: u32 = 0; at < <u32>CACHE_BLOCK_BYTES; at += 8) {
    get(T32);
    i64Const(0);
    access(op.I64_STORE, at);
  }
}

/** Sets or clears SIE; the interpreter does it where an interrupt is pending, or where other bits are meant. */
function emitStatus(i: Insn): void {
  const number = i.op & 0xfff;
  const isImmediate = number == OP_CSRRSI || number == OP_CSRRCI;
  const writes = i.rs1 != 0;
  if (writes) {
    field(op.I64_LOAD, offsetof<Hart>("mip"));
    field(op.I64_LOAD, offsetof<Hart>("lines"));
    byte(op.I64_OR);
    field(op.I64_LOAD, offsetof<Hart>("mie"));
    byte(op.I64_AND);
    i64Const(0);
    byte(op.I64_NE);
    leaveIf();
    if (isImmediate) i64Const(i.rs1);
    else getX(i.rs1 >>> 3);
    tee(VAL);
    i64Const(~(<i64>MSTATUS_SIE));
    byte(op.I64_AND);
    i64Const(0);
    byte(op.I64_NE);
    leaveIf();
  }
  field(op.I64_LOAD, offsetof<Hart>("mstatus"));
  set(A);
  if (writes) {
    hart();
    get(A);
    get(VAL);
    if (number == OP_CSRRC || number == OP_CSRRCI) {
      i64Const(-1);
      byte(op.I64_XOR);
      byte(op.I64_AND);
    } else {
      byte(op.I64_OR);
    }
    access(op.I64_STORE, <u32>offsetof<Hart>("mstatus"));
  }
  if (i.rd == 0) return;
  get(A);
  i64Const(SSTATUS_WRITABLE);
  byte(op.I64_AND);
  i64Const(UXL_64);
  byte(op.I64_OR);
  i64Const(STATUS_SD);
  i64Const(0);
  get(A);
  i64Const(MSTATUS_FS);
  byte(op.I64_AND);
  i64Const(MSTATUS_FS);
  byte(op.I64_EQ);
  byte(op.SELECT);
  byte(op.I64_OR);
  setX(i.rd >>> 3);
}
