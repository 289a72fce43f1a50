// The Machine that emits: each primitive of the instruction set writes the WebAssembly that does it. Arguments are evaluated left to
// right, so that the order of evaluation is the order on the wasm stack; the values that methods give and take stand for what is on it.
// Doubles are f64 there, singles f32, conditions i32, everything else i64. What a region cannot do it leaves to the interpreter.
// Depends on hart, isa, frame and memory.
import { Insn } from "../isa/insn";
import { AMO_ADD, AMO_AND, AMO_MAX, AMO_MAXU, AMO_MIN, AMO_MINU, AMO_OR, AMO_SWAP, AMO_XOR } from "../isa/a";
import {
  A, access, AT, B, close, FP_HOST, FP_READY, FP_STATE, get, i32Const, i64Const, noteFp, PC, set, T32, tee, VAL,
} from "./frame"; // prettier-ignore
import { hereHalves, leave, leaveIf } from "./exits";
import { getF, getX, setF, setX } from "./registers";
import { accessMemory, emitLoadReserved, emitStoreConditional, loadOpcode, storeOpcode } from "./memory";
import * as float from "./float";
import { group, offset, pushGroup } from "./guards";
import { callHelper, HELPER_MULH, HELPER_MULHSU, HELPER_MULHU } from "./imports";
import { areWords, changeLast, isWord, isMasked, isWordOfAnd, isWordPlusZero, noteWord, pushConstant, pushRegister, pushResult } from "./words";
import { byte } from "./writer";
import * as op from "./wasm";

const NAN_BOX: i64 = 0xffffffff00000000;
const NAN_S: i32 = 0x7fc00000;

/** What of the floating point state was checked in this trace. */
let fpChecked: u32 = 0;

export function beginChecks(): void {
  fpChecked = 0;
}

@final
@unmanaged
export class Emitter {
  // ------------------------------------------------------------------------------------------------- registers
  x(r: u32): i64 { getX(r >>> 3); pushRegister(r >>> 3); return 0; }
  imm(value: i64): i64 { i64Const(value); pushConstant(value); return 0; }
  put(r: u32, value: i64): void {
    setX(r >>> 3);
    if (isWord()) noteWord(r >>> 3);
  }
  putAny(r: u32, value: i64): void {
    if (r == 0) byte(op.DROP);
    else setX(r >>> 3);
  }
  nothing(): void {}

  // ------------------------------------------------------------------------------------------------ arithmetic
  op(opcode: u32): i64 { byte(opcode); return this.result(false); }
  result(isWord: bool): i64 { pushResult(isWord); return 0; }
  add(a: i64, b: i64): i64 { byte(op.I64_ADD); return this.result(isWordPlusZero()); }
  sub(a: i64, b: i64): i64 { return this.op(op.I64_SUB); }
  and(a: i64, b: i64): i64 {
    if (!isWordOfAnd()) return this.op(op.I64_AND);
    const extend = isMasked() ? op.I64_EXTEND_I32_U : op.I64_EXTEND_I32_S; // the former costs nothing
    this.halve();
    byte(op.I32_AND);
    return this.word(extend);
  }
  or(a: i64, b: i64): i64 { return areWords() ? this.word2(op.I32_OR) : this.op(op.I64_OR); }
  xor(a: i64, b: i64): i64 { return areWords() ? this.word2(op.I32_XOR) : this.op(op.I64_XOR); }
  /** A word stays one. */
  not(a: i64): i64 { i64Const(-1); byte(op.I64_XOR); changeLast(); return 0; }
  sll(a: i64, b: i64): i64 { return this.op(op.I64_SHL); }
  srl(a: i64, b: i64): i64 { return this.op(op.I64_SHR_U); }
  sra(a: i64, b: i64): i64 { return this.op(op.I64_SHR_S); }
  addw(a: i64, b: i64): i64 { return this.word2(op.I32_ADD); }
  subw(a: i64, b: i64): i64 { return this.word2(op.I32_SUB); }
  mulw(a: i64, b: i64): i64 { return this.word2(op.I32_MUL); }
  sllw(a: i64, b: i64): i64 { return this.word2(op.I32_SHL); }
  srlw(a: i64, b: i64): i64 { return this.word2(op.I32_SHR_U); }
  sraw(a: i64, b: i64): i64 { return this.word2(op.I32_SHR_S); }
  sext32(a: i64): i64 { return this.word(op.I64_EXTEND32_S); }
  zext32(a: i64): i64 { return this.mask(0xffffffff); }
  sext8(a: i64): i64 { return this.word(op.I64_EXTEND8_S); }
  sext16(a: i64): i64 { return this.word(op.I64_EXTEND16_S); }
  zext16(a: i64): i64 { this.mask(0xffff); return this.result(true); }
  mask(bits: i64): i64 { i64Const(bits); return this.op(op.I64_AND); }
  /** An operation on the low words of two values; its result sign-extended. */
  word2(opcode: u32): i64 {
    this.halve();
    byte(opcode);
    return this.word(op.I64_EXTEND_I32_S);
  }
  word1(opcode: u32): i64 {
    byte(op.I32_WRAP_I64);
    byte(opcode);
    return this.word(op.I64_EXTEND_I32_S);
  }
  /** An operation whose result is a word. */
  word(opcode: u32): i64 { byte(opcode); return this.result(true); }
  /** The low halves of the two values on the stack, in their place. */
  halve(): void {
    byte(op.I32_WRAP_I64);
    set(T32);
    byte(op.I32_WRAP_I64);
    get(T32);
  }
  eq(a: i64, b: i64): bool { return this.condition(op.I64_EQ); }
  ne(a: i64, b: i64): bool { return this.condition(op.I64_NE); }
  lt(a: i64, b: i64): bool { return this.condition(op.I64_LT_S); }
  ge(a: i64, b: i64): bool { return this.condition(op.I64_GE_S); }
  ltu(a: i64, b: i64): bool { return this.condition(op.I64_LT_U); }
  geu(a: i64, b: i64): bool { return this.condition(op.I64_GE_U); }
  /** Sign extension keeps the order of words, signed or not. */
  condition(opcode: u32): bool {
    if (areWords()) {
      this.halve();
      byte(opcode - op.I64_EQ + op.I32_EQ);
    } else byte(opcode);
    return false;
  }
  truth(a: bool): i64 { return this.word(op.I64_EXTEND_I32_U); }
  mul(a: i64, b: i64): i64 { return this.op(op.I64_MUL); }
  mulh(a: i64, b: i64): i64 { callHelper(HELPER_MULH); return this.result(false); }
  mulhu(a: i64, b: i64): i64 { callHelper(HELPER_MULHU); return this.result(false); }
  mulhsu(a: i64, b: i64): i64 { callHelper(HELPER_MULHSU); return this.result(false); }
  div(a: i64, b: i64): i64 { return this.divide(op.I64_DIV_S, true, false); }
  divu(a: i64, b: i64): i64 { return this.divide(op.I64_DIV_U, false, false); }
  rem(a: i64, b: i64): i64 { return this.divide(op.I64_REM_S, false, true); }
  remu(a: i64, b: i64): i64 { return this.divide(op.I64_REM_U, false, true); }
  divw(a: i64, b: i64): i64 { return this.words(op.I64_EXTEND32_S, op.I64_DIV_S, false); }
  divuw(a: i64, b: i64): i64 { return this.words(0, op.I64_DIV_U, false); }
  remw(a: i64, b: i64): i64 { return this.words(op.I64_EXTEND32_S, op.I64_REM_S, true); }
  remuw(a: i64, b: i64): i64 { return this.words(0, op.I64_REM_U, true); }
  /** By 0: all ones, or the dividend where a remainder is asked for. wasm's division traps on -2^63 / -1; its remainder does not. */
  divide(opcode: u32, isSigned: bool, isRemainder: bool): i64 {
    set(B);
    set(A);
    get(B);
    byte(op.I64_EQZ);
    byte(op.IF);
    byte(op.I64);
    if (isRemainder) get(A);
    else i64Const(-1);
    byte(op.ELSE);
    if (isSigned) {
      get(B);
      i64Const(-1);
      byte(op.I64_EQ);
      byte(op.IF);
      byte(op.I64);
      i64Const(0);
      get(A);
      byte(op.I64_SUB);
      byte(op.ELSE);
    }
    get(A);
    get(B);
    byte(opcode);
    if (isSigned) byte(op.END);
    byte(op.END);
    return this.result(false);
  }
  /** Words divided as doublewords: nothing overflows there. */
  words(extend: u32, opcode: u32, isRemainder: bool): i64 {
    this.extendWord(extend);
    set(B);
    this.extendWord(extend);
    get(B);
    this.divide(opcode, false, isRemainder);
    return this.word(op.I64_EXTEND32_S);
  }
  extendWord(extend: u32): void {
    if (extend == 0) this.mask(0xffffffff);
    else byte(extend);
  }

  // ------------------------------------------------------------------------------------------ bit manipulation
  clz(a: i64): i64 { return this.op(op.I64_CLZ); }
  ctz(a: i64): i64 { return this.op(op.I64_CTZ); }
  cpop(a: i64): i64 { return this.op(op.I64_POPCNT); }
  clzw(a: i64): i64 { return this.word1(op.I32_CLZ); }
  ctzw(a: i64): i64 { return this.word1(op.I32_CTZ); }
  cpopw(a: i64): i64 { return this.word1(op.I32_POPCNT); }
  max(a: i64, b: i64): i64 { return this.choose(op.I64_GT_S); }
  min(a: i64, b: i64): i64 { return this.choose(op.I64_LT_S); }
  maxu(a: i64, b: i64): i64 { return this.choose(op.I64_GT_U); }
  minu(a: i64, b: i64): i64 { return this.choose(op.I64_LT_U); }
  /** The first of two values where the comparison holds, else the second. */
  choose(comparison: u32): i64 {
    set(B);
    set(A);
    get(A);
    get(B);
    get(A);
    get(B);
    byte(comparison);
    return this.op(op.SELECT);
  }
  rol(a: i64, b: i64): i64 { return this.op(op.I64_ROTL); }
  ror(a: i64, b: i64): i64 { return this.op(op.I64_ROTR); }
  rolw(a: i64, b: i64): i64 { return this.word2(op.I32_ROTL); }
  rorw(a: i64, b: i64): i64 { return this.word2(op.I32_ROTR); }
  bit(n: i64): i64 { set(A); i64Const(1); get(A); return this.op(op.I64_SHL); }
  /** The carry out of the low seven bits of a byte, or its top bit, says that it is not 0; times 255 that fills the byte. */
  orcB(a: i64): i64 {
    tee(A);
    this.mask(0x7f7f7f7f7f7f7f7f);
    i64Const(0x7f7f7f7f7f7f7f7f);
    byte(op.I64_ADD);
    get(A);
    byte(op.I64_OR);
    i64Const(7);
    byte(op.I64_SHR_U);
    this.mask(0x0101010101010101);
    i64Const(255);
    return this.op(op.I64_MUL);
  }
  /** Halves, then quarters, then bytes change places. */
  rev8(a: i64): i64 {
    this.swap(8, 0x00ff00ff00ff00ff);
    this.swap(16, 0x0000ffff0000ffff);
    i64Const(32);
    return this.op(op.I64_ROTL);
  }
  swap(bits: i64, mask: i64): void {
    tee(A);
    i64Const(bits);
    byte(op.I64_SHR_U);
    this.mask(mask);
    get(A);
    this.mask(mask);
    i64Const(bits);
    byte(op.I64_SHL);
    byte(op.I64_OR);
  }
  clmul(a: i64, b: i64): i64 { return this.cannot(); }
  clmulh(a: i64, b: i64): i64 { return this.cannot(); }
  clmulr(a: i64, b: i64): i64 { return this.cannot(); }
  zeroUnless(a: i64, b: i64): i64 { return this.zero(op.I64_EQZ); }
  zeroIf(a: i64, b: i64): i64 { return this.zero(0); }
  /** 0 where the second value is 0 (EQZ) or is not; else the first. */
  zero(eqz: u32): i64 {
    set(B);
    set(A);
    i64Const(0);
    get(A);
    get(B);
    if (eqz != 0) byte(op.I64_EQZ);
    else {
      i64Const(0);
      byte(op.I64_NE);
    }
    return this.op(op.SELECT);
  }
  /** The interpreter must do it; what follows in the block is not reached. */
  cannot(): i64 { leave(); return 0; }

  // ---------------------------------------------------------------------------------------------------- control
  pcPlus(i: Insn, offset: i64): i64 {
    get(PC);
    i64Const(offset + (<i64>hereHalves << 1));
    return this.op(op.I64_ADD);
  }
  /** The condition is left on the stack. */
  branch(i: Insn, taken: bool): usize { return 0; }
  jump(i: Insn): usize { this.link(i); return 0; }
  /** The target is left in VAL. */
  jumpTo(i: Insn, target: i64): usize {
    i64Const(-2);
    byte(op.I64_AND);
    set(VAL);
    this.link(i);
    return 0;
  }
  link(i: Insn): void {
    if (i.rd == 0) return;
    this.pcPlus(i, <i64>(i.step >>> 2));
    setX(i.rd >>> 3);
  }

  // ----------------------------------------------------------------------------------------------------- memory
  /** Of a load or store: the virtual address, or where its group is (guards.ts). */
  address(i: Insn): i64 {
    if (group == 0) return this.add(this.x(i.rs1), this.imm(i.imm));
    pushGroup();
    return this.result(false);
  }
  /** From what address() left to an address in linear memory; gives what is to be added to it. */
  locate(sizeBytes: u32): u32 {
    if (group != 0) return offset;
    accessMemory(false, sizeBytes);
    return 0;
  }
  load<T>(i: Insn, va: i64): bool {
    access(loadOpcode<T>(), this.locate(sizeof<T>()));
    this.putAny(i.rd, 0);
    if (sizeof<T>() < 4 || (sizeof<T>() == 4 && isSigned<T>())) noteWord(i.rd >>> 3);
    return true;
  }
  store<T>(i: Insn, va: i64, value: i64): bool {
    if (group != 0) {
      access(storeOpcode<T>(), offset);
      return true;
    }
    set(VAL);
    accessMemory(true, sizeof<T>());
    get(VAL);
    access(storeOpcode<T>(), 0);
    return true;
  }
  amo<T>(i: Insn, operation: u32, va: i64, value: i64): bool {
    set(VAL);
    accessMemory(true, sizeof<T>());
    tee(AT);
    access(loadOpcode<T>(), 0);
    set(A);
    if (sizeof<T>() == 4) {
      get(VAL);
      byte(op.I64_EXTEND32_S);
      set(VAL);
    }
    get(AT);
    this.combine(operation);
    access(storeOpcode<T>(), 0);
    get(A);
    this.putAny(i.rd, 0);
    return true;
  }
  /** Of A, what was there, and VAL. */
  combine(operation: u32): void {
    if (operation == AMO_SWAP) {
      get(VAL);
      return;
    }
    get(A);
    get(VAL);
    if (operation == AMO_ADD) byte(op.I64_ADD);
    else if (operation == AMO_XOR) byte(op.I64_XOR);
    else if (operation == AMO_AND) byte(op.I64_AND);
    else if (operation == AMO_OR) byte(op.I64_OR);
    else if (operation == AMO_MIN) this.choose(op.I64_LT_S);
    else if (operation == AMO_MAX) this.choose(op.I64_GT_S);
    else if (operation == AMO_MINU) this.choose(op.I64_LT_U);
    else this.choose(op.I64_GT_U);
  }
  loadReserved<T>(i: Insn, va: i64): bool {
    emitLoadReserved(sizeof<T>(), loadOpcode<T>());
    this.putAny(i.rd, 0);
    return true;
  }
  storeConditional<T>(i: Insn, va: i64, value: i64): bool {
    emitStoreConditional(sizeof<T>(), loadOpcode<T>(), storeOpcode<T>());
    this.putAny(i.rd, 0);
    return true;
  }

  // --------------------------------------------------------------------------------------------- floating point
  /** Before an instruction that needs floating point to be on; once a block is enough, for only the interpreter turns it off. */
  needFp(): void { this.needState(FP_READY); }
  /** Before an operation that rounds: only to nearest, and only where the host's operation will do. */
  needHostFp(): void { this.needState(FP_READY | FP_HOST); }
  needState(bits: u32): void {
    noteFp(true);
    if ((fpChecked & bits) == bits) return;
    fpChecked |= bits;
    get(FP_STATE);
    i32Const(bits);
    byte(op.I32_AND);
    i32Const(bits);
    byte(op.I32_NE);
    leaveIf();
  }
  rm(i: Insn): u32 { return i.rm; }
  rawF(r: u32): i64 { getF(r >>> 3); return this.op(op.I64_REINTERPRET_F64); }
  low32(a: i64): u32 { byte(op.I32_WRAP_I64); byte(op.F32_REINTERPRET_I32); return 0; }
  d(r: u32): u64 { getF(r >>> 3); return 0; }
  s(r: u32): u32 {
    this.rawF(r);
    tee(A);
    byte(op.I32_WRAP_I64);
    i32Const(NAN_S);
    get(A);
    i64Const(NAN_BOX);
    byte(op.I64_GE_U);
    byte(op.SELECT);
    byte(op.F32_REINTERPRET_I32);
    return 0;
  }
  bitsD(a: i64): u64 { byte(op.F64_REINTERPRET_I64); return 0; }
  putD(r: u32, value: u64): void { setF(r >>> 3); }
  putS(r: u32, value: u32): void {
    byte(op.I32_REINTERPRET_F32);
    byte(op.I64_EXTEND_I32_U);
    i64Const(NAN_BOX);
    byte(op.I64_OR);
    byte(op.F64_REINTERPRET_I64);
    setF(r >>> 3);
  }
  loadD(i: Insn, va: i64): bool {
    access(op.F64_LOAD, this.locate(8));
    setF(i.rd >>> 3);
    return true;
  }
  loadS(i: Insn, va: i64): bool {
    access(op.I64_LOAD32_U, this.locate(4));
    i64Const(NAN_BOX);
    byte(op.I64_OR);
    byte(op.F64_REINTERPRET_I64);
    setF(i.rd >>> 3);
    return true;
  }

  // doubles
  addD(a: u64, b: u64, rm: u32): u64 { float.sum<f64>(op.F64_ADD, rm); return 0; }
  subD(a: u64, b: u64, rm: u32): u64 { float.sum<f64>(op.F64_SUB, rm); return 0; }
  mulD(a: u64, b: u64, rm: u32): u64 { float.product<f64>(op.F64_MUL, rm); return 0; }
  divD(a: u64, b: u64, rm: u32): u64 { float.product<f64>(op.F64_DIV, rm); return 0; }
  sqrtD(a: u64, rm: u32): u64 { float.squareRoot<f64>(rm); return 0; }
  fmaD(a: u64, b: u64, c: u64, rm: u32): u64 { float.multiplyAdd<f64>(rm); return 0; }
  minD(a: u64, b: u64): u64 { float.extremum<f64>(op.F64_MIN); return 0; }
  maxD(a: u64, b: u64): u64 { float.extremum<f64>(op.F64_MAX); return 0; }
  eqD(a: u64, b: u64): i64 { float.comparison<f64>(op.F64_EQ); return this.op(op.I64_EXTEND_I32_U); }
  ltD(a: u64, b: u64): i64 { float.comparison<f64>(op.F64_LT); return this.op(op.I64_EXTEND_I32_U); }
  leD(a: u64, b: u64): i64 { float.comparison<f64>(op.F64_LE); return this.op(op.I64_EXTEND_I32_U); }
  classD(a: u64): i64 { return this.cannot(); }
  toI32FromD(a: u64, rm: u32): i64 { float.truncate(rm, -2147483649.0, 2147483648.0, op.I64_TRUNC_SAT_F64_S); return 0; }
  toU32FromD(a: u64, rm: u32): i64 { float.truncate(rm, -1.0, 4294967296.0, op.I64_TRUNC_SAT_F64_S); return this.op(op.I64_EXTEND32_S); }
  /** The double below -2^63 is 2048 less. */
  toI64FromD(a: u64, rm: u32): i64 { float.truncate(rm, -9223372036854777856.0, 9223372036854775808.0, op.I64_TRUNC_SAT_F64_S); return 0; }
  toU64FromD(a: u64, rm: u32): i64 { float.truncate(rm, -1.0, 18446744073709551616.0, op.I64_TRUNC_SAT_F64_U); return 0; }
  fromI32ToD(a: i64, rm: u32): u64 { byte(op.I64_EXTEND32_S); byte(op.F64_CONVERT_I64_S); return 0; }
  fromU32ToD(a: i64, rm: u32): u64 { this.mask(0xffffffff); byte(op.F64_CONVERT_I64_S); return 0; }
  fromI64ToD(a: i64, rm: u32): u64 { if (float.roundsToNearest(rm)) byte(op.F64_CONVERT_I64_S); return 0; }
  fromU64ToD(a: i64, rm: u32): u64 { if (float.roundsToNearest(rm)) byte(op.F64_CONVERT_I64_U); return 0; }
  negD(a: u64): u64 { byte(op.F64_NEG); return 0; }
  sgnjD(a: u64, b: u64): u64 { byte(op.F64_COPYSIGN); return 0; }
  sgnjnD(a: u64, b: u64): u64 { byte(op.F64_NEG); byte(op.F64_COPYSIGN); return 0; }
  sgnjxD(a: u64, b: u64): u64 { float.signProduct<f64>(); return 0; }
  narrow(a: u64, rm: u32): u32 { float.narrow(rm); return 0; }
  widen(a: u32): u64 { float.widen(); return 0; }

  // singles
  addS(a: u32, b: u32, rm: u32): u32 { float.sum<f32>(op.F64_ADD, rm); return 0; }
  subS(a: u32, b: u32, rm: u32): u32 { float.sum<f32>(op.F64_SUB, rm); return 0; }
  mulS(a: u32, b: u32, rm: u32): u32 { float.product<f32>(op.F64_MUL, rm); return 0; }
  divS(a: u32, b: u32, rm: u32): u32 { float.product<f32>(op.F64_DIV, rm); return 0; }
  sqrtS(a: u32, rm: u32): u32 { float.squareRoot<f32>(rm); return 0; }
  fmaS(a: u32, b: u32, c: u32, rm: u32): u32 { float.multiplyAdd<f32>(rm); return 0; }
  minS(a: u32, b: u32): u32 { float.extremum<f32>(op.F64_MIN); return 0; }
  maxS(a: u32, b: u32): u32 { float.extremum<f32>(op.F64_MAX); return 0; }
  eqS(a: u32, b: u32): i64 { float.comparison<f32>(op.F64_EQ); return this.op(op.I64_EXTEND_I32_U); }
  ltS(a: u32, b: u32): i64 { float.comparison<f32>(op.F64_LT); return this.op(op.I64_EXTEND_I32_U); }
  leS(a: u32, b: u32): i64 { float.comparison<f32>(op.F64_LE); return this.op(op.I64_EXTEND_I32_U); }
  classS(a: u32): i64 { return this.cannot(); }
  toI32FromS(a: u32, rm: u32): i64 { byte(op.F64_PROMOTE_F32); return this.toI32FromD(0, rm); }
  toU32FromS(a: u32, rm: u32): i64 { byte(op.F64_PROMOTE_F32); return this.toU32FromD(0, rm); }
  toI64FromS(a: u32, rm: u32): i64 { byte(op.F64_PROMOTE_F32); return this.toI64FromD(0, rm); }
  toU64FromS(a: u32, rm: u32): i64 { byte(op.F64_PROMOTE_F32); return this.toU64FromD(0, rm); }
  fromI32ToS(a: i64, rm: u32): u32 { byte(op.I64_EXTEND32_S); return this.fromI64ToS(a, rm); }
  fromU32ToS(a: i64, rm: u32): u32 { this.mask(0xffffffff); return this.fromI64ToS(a, rm); }
  fromI64ToS(a: i64, rm: u32): u32 { if (float.roundsToNearest(rm)) byte(op.F32_CONVERT_I64_S); return 0; }
  fromU64ToS(a: i64, rm: u32): u32 { if (float.roundsToNearest(rm)) byte(op.F32_CONVERT_I64_U); return 0; }
  negS(a: u32): u32 { byte(op.F32_NEG); return 0; }
  sgnjS(a: u32, b: u32): u32 { byte(op.F32_COPYSIGN); return 0; }
  sgnjnS(a: u32, b: u32): u32 { byte(op.F32_NEG); byte(op.F32_COPYSIGN); return 0; }
  sgnjxS(a: u32, b: u32): u32 { float.signProduct<f32>(); return 0; }
}
