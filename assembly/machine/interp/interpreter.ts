// The Machine that executes: the primitives of the instruction set over a hart's registers and memory. A view of Hart;
// every method that an instruction uses on its hot path is inlined into the dispatcher (isa/generated/dispatch.ts).
// Depends on hart, bus, mmu. Values are i64; a single-precision value is u32, a double u64, both as raw bits.
import { F_OFFSET, FP_DIRTY, FP_OFF, Hart, X_OFFSET } from "../hart/state";
import { dirtyFp, takeException } from "../hart/trap";
import { addressOf, entryOf, isHit } from "../hart/tables";
import { mulh, mulhsu, mulhu } from "../hart/wide";
import { DEVICE, DONE, FAULT, faultCause, faultVa, readMemory, readValue, writeMemory } from "../mmu/access";
import { CODE_BYTES } from "../bus/code";
import { enterPage } from "../mmu/fetch";
import { Insn } from "../isa/insn";
import { amo, cboClean, cboInval, cboZero, loadReserved, storeConditional } from "./atomic";
import * as bits from "./bits";
import * as divide from "./divide";
import * as float from "./float";
import * as system from "./system";

const NAN_BOX: u64 = 0xffffffff00000000;
const NAN_S: u32 = 0x7fc00000;

@final
@unmanaged
export class Interpreter {
  @inline get ptr(): usize { return changetype<usize>(this); }
  @inline get hart(): Hart { return changetype<Hart>(this); }

  // ------------------------------------------------------------------------------------------------- registers
  @inline x(r: u32): i64 { return load<i64>(this.ptr + r, X_OFFSET); }
  @inline imm(value: i64): i64 { return value; }
  /** Of a load or store. */
  @inline address(i: Insn): i64 { return this.x(i.rs1) + i.imm; }
  /** For rows of kind `alu`, which are not executed with rd = x0. */
  @inline put(r: u32, value: i64): void { store<i64>(this.ptr + r, value, X_OFFSET); }
  /** x0 stays 0. */
  @inline putAny(r: u32, value: i64): void {
    store<i64>(this.ptr + r, value, X_OFFSET);
    store<i64>(this.ptr, 0, X_OFFSET);
  }
  @inline nothing(): void {}

  // ------------------------------------------------------------------------------------------------ arithmetic
  @inline add(a: i64, b: i64): i64 { return a + b; }
  @inline sub(a: i64, b: i64): i64 { return a - b; }
  @inline and(a: i64, b: i64): i64 { return a & b; }
  @inline or(a: i64, b: i64): i64 { return a | b; }
  @inline xor(a: i64, b: i64): i64 { return a ^ b; }
  @inline not(a: i64): i64 { return ~a; }
  @inline sll(a: i64, b: i64): i64 { return a << b; }
  @inline srl(a: i64, b: i64): i64 { return a >>> b; }
  @inline sra(a: i64, b: i64): i64 { return a >> b; }
  @inline addw(a: i64, b: i64): i64 { return <i64>(<i32>a + <i32>b); }
  @inline subw(a: i64, b: i64): i64 { return <i64>(<i32>a - <i32>b); }
  @inline mulw(a: i64, b: i64): i64 { return <i64>(<i32>a * <i32>b); }
  @inline sllw(a: i64, b: i64): i64 { return <i64>(<i32>a << <i32>b); }
  @inline srlw(a: i64, b: i64): i64 { return <i64>(<i32>(<u32>a >>> <u32>b)); }
  @inline sraw(a: i64, b: i64): i64 { return <i64>(<i32>a >> <i32>b); }
  @inline sext32(a: i64): i64 { return <i64>(<i32>a); }
  @inline zext32(a: i64): i64 { return <i64>(<u32>a); }
  @inline sext8(a: i64): i64 { return <i64>(<i8>a); }
  @inline sext16(a: i64): i64 { return <i64>(<i16>a); }
  @inline zext16(a: i64): i64 { return <i64>(<u16>a); }
  @inline eq(a: i64, b: i64): bool { return a == b; }
  @inline ne(a: i64, b: i64): bool { return a != b; }
  @inline lt(a: i64, b: i64): bool { return a < b; }
  @inline ge(a: i64, b: i64): bool { return a >= b; }
  @inline ltu(a: i64, b: i64): bool { return <u64>a < <u64>b; }
  @inline geu(a: i64, b: i64): bool { return <u64>a >= <u64>b; }
  @inline truth(a: bool): i64 { return <i64>a; }
  @inline mul(a: i64, b: i64): i64 { return a * b; }
  @inline mulh(a: i64, b: i64): i64 { return mulh(a, b); }
  @inline mulhu(a: i64, b: i64): i64 { return mulhu(a, b); }
  @inline mulhsu(a: i64, b: i64): i64 { return mulhsu(a, b); }
  @inline div(a: i64, b: i64): i64 { return divide.div(a, b); }
  @inline divu(a: i64, b: i64): i64 { return divide.divu(a, b); }
  @inline rem(a: i64, b: i64): i64 { return divide.rem(a, b); }
  @inline remu(a: i64, b: i64): i64 { return divide.remu(a, b); }
  @inline divw(a: i64, b: i64): i64 { return divide.divw(<i32>a, <i32>b); }
  @inline divuw(a: i64, b: i64): i64 { return divide.divuw(<u32>a, <u32>b); }
  @inline remw(a: i64, b: i64): i64 { return divide.remw(<i32>a, <i32>b); }
  @inline remuw(a: i64, b: i64): i64 { return divide.remuw(<u32>a, <u32>b); }

  // ------------------------------------------------------------------------------------------ bit manipulation
  @inline clz(a: i64): i64 { return clz<i64>(a); }
  @inline ctz(a: i64): i64 { return ctz<i64>(a); }
  @inline cpop(a: i64): i64 { return popcnt<i64>(a); }
  @inline clzw(a: i64): i64 { return <i64>clz<i32>(<i32>a); }
  @inline ctzw(a: i64): i64 { return <i64>ctz<i32>(<i32>a); }
  @inline cpopw(a: i64): i64 { return <i64>popcnt<i32>(<i32>a); }
  @inline max(a: i64, b: i64): i64 { return a > b ? a : b; }
  @inline min(a: i64, b: i64): i64 { return a < b ? a : b; }
  @inline maxu(a: i64, b: i64): i64 { return <u64>a > <u64>b ? a : b; }
  @inline minu(a: i64, b: i64): i64 { return <u64>a < <u64>b ? a : b; }
  @inline rol(a: i64, b: i64): i64 { return rotl<i64>(a, b); }
  @inline ror(a: i64, b: i64): i64 { return rotr<i64>(a, b); }
  @inline rolw(a: i64, b: i64): i64 { return <i64>rotl<i32>(<i32>a, <i32>b); }
  @inline rorw(a: i64, b: i64): i64 { return <i64>rotr<i32>(<i32>a, <i32>b); }
  @inline bit(n: i64): i64 { return (<i64>1) << n; }
  @inline orcB(a: i64): i64 { return bits.orcB(a); }
  @inline rev8(a: i64): i64 { return bswap<i64>(a); }
  @inline clmul(a: i64, b: i64): i64 { return bits.clmul(a, b); }
  @inline clmulh(a: i64, b: i64): i64 { return bits.clmulh(a, b); }
  @inline clmulr(a: i64, b: i64): i64 { return bits.clmulr(a, b); }
  @inline zeroUnless(a: i64, b: i64): i64 { return b == 0 ? 0 : a; }
  @inline zeroIf(a: i64, b: i64): i64 { return b != 0 ? 0 : a; }

  // ---------------------------------------------------------------------------------------------------- control
  @inline pcOf(i: Insn): u64 { return this.hart.pcDelta + (<u64>i.ptr >>> 2); }
  @inline pcPlus(i: Insn, offset: i64): i64 { return this.pcOf(i) + offset; }
  @inline branch(i: Insn, taken: bool): usize { return taken ? this.go(i, i.imm) : i.ptr + i.step; }
  @inline jump(i: Insn): usize {
    this.putAny(i.rd, this.pcPlus(i, <i64>i.step >>> 2));
    return this.go(i, i.longImm);
  }
  @inline jumpTo(i: Insn, target: i64): usize {
    this.putAny(i.rd, this.pcPlus(i, <i64>i.step >>> 2));
    const pc = <u64>target & ~1;
    const slot = <usize>((pc - this.hart.pcDelta) << 2);
    return inPage(this, slot, pc) ? slot : enterPage(this.hart, pc);
  }
  /** The slot `offset` bytes away. */
  @inline go(i: Insn, offset: i64): usize {
    const slot = i.ptr + (<usize>offset << 2);
    return slot - this.hart.codeBase < CODE_BYTES ? slot : enterPage(this.hart, this.pcOf(i) + offset);
  }

  // ----------------------------------------------------------------------------------------------------- memory
  @inline load<T>(i: Insn, va: i64): bool {
    const entry = entryOf(this.hart.readTlb, va);
    if (!isHit(entry, va, sizeof<T>())) return this.loadSlow<T>(i, va);
    this.putAny(i.rd, <i64>load<T>(addressOf(entry, va)));
    return true;
  }
  @inline store<T>(i: Insn, va: i64, value: i64): bool {
    const entry = entryOf(this.hart.writeTlb, va);
    if (!isHit(entry, va, sizeof<T>())) return this.storeSlow(i, va, value, sizeof<T>());
    store<T>(addressOf(entry, va), <T>value);
    return true;
  }
  loadSlow<T>(i: Insn, va: u64): bool {
    const outcome = readMemory(this.hart, va, sizeof<T>());
    if (outcome == FAULT) return this.memoryFault(i);
    this.putAny(i.rd, <i64>(<T>readValue));
    return outcome == DONE || this.leaveAfter(i);
  }
  storeSlow(i: Insn, va: u64, value: u64, size: u32): bool {
    const outcome = writeMemory(this.hart, va, size, value);
    if (outcome == FAULT) return this.memoryFault(i);
    return outcome == DONE || this.leaveAfter(i);
  }
  /** A device was touched: the instruction is done, but interrupts must be looked at before the next one. */
  leaveAfter(i: Insn): bool {
    const h = this.hart;
    h.pc = this.pcOf(i) + (i.step >>> 2);
    h.retired++;
    return false;
  }
  memoryFault(i: Insn): bool { return this.trap(i, faultCause, faultVa); }
  trap(i: Insn, cause: u64, tval: u64): bool {
    const h = this.hart;
    h.pc = this.pcOf(i);
    takeException(h, cause, tval);
    return false;
  }
  @inline amo<T>(i: Insn, op: u32, va: i64, value: i64): bool { return amo<T>(this, i, op, va, value); }
  @inline loadReserved<T>(i: Insn, va: i64): bool { return loadReserved<T>(this, i, va); }
  @inline storeConditional<T>(i: Insn, va: i64, value: i64): bool { return storeConditional<T>(this, i, va, value); }

  // ----------------------------------------------------------------------------------------------------- system
  @inline csr(i: Insn, op: u32, value: i64): bool { return system.csr(this, i, op, value); }
  @inline ecall(i: Insn): bool { return system.ecall(this, i); }
  @inline ebreak(i: Insn): bool { return this.trap(i, 3, this.pcOf(i)); }
  @inline sret(i: Insn): bool { return system.sret(this, i); }
  @inline mret(i: Insn): bool { return system.mret(this, i); }
  @inline wfi(i: Insn): bool { return system.wfi(this, i); }
  @inline waitReserved(i: Insn, forever: bool): bool { return system.waitReserved(this, i, forever); }
  @inline fenceI(i: Insn): bool { return this.leaveAfter(i); }
  @inline fenceVma(i: Insn, va: i64, asid: i64): bool { return system.fenceVma(this, i, va, asid); }
  @inline fenceInval(i: Insn): bool { return system.fenceInval(this, i); }
  @inline cboInval(i: Insn, va: i64): bool { return cboInval(this, i, va); }
  @inline cboClean(i: Insn, va: i64): bool { return cboClean(this, i, va); }
  @inline cboZero(i: Insn, va: i64): bool { return cboZero(this, i, va); }

  // --------------------------------------------------------------------------------------------- floating point
  /** Floating point is on; says so in FS that it was written. */
  @inline fpWritable(): bool {
    if (this.hart.fpState != FP_DIRTY) {
      if (this.hart.fpState == FP_OFF) return false;
      dirtyFp(this.hart);
    }
    return true;
  }
  @inline fpReadable(): bool { return this.hart.fpState != FP_OFF; }
  @inline rm(i: Insn): u32 { return i.rm == 7 ? <u32>(this.hart.fcsr >>> 5) : i.rm; }
  @inline roundingValid(i: Insn): bool { return this.rm(i) < 5; }
  @inline rawF(r: u32): i64 { return load<i64>(this.ptr + r, F_OFFSET); }
  @inline low32(a: i64): u32 { return <u32>a; }
  @inline d(r: u32): u64 { return load<u64>(this.ptr + r, F_OFFSET); }
  @inline s(r: u32): u32 {
    const boxed = load<u64>(this.ptr + r, F_OFFSET);
    return boxed >= NAN_BOX ? <u32>boxed : NAN_S;
  }
  @inline bitsD(a: i64): u64 { return a; }
  @inline putD(r: u32, value: u64): void { store<u64>(this.ptr + r, value, F_OFFSET); }
  @inline putS(r: u32, value: u32): void { store<u64>(this.ptr + r, NAN_BOX | value, F_OFFSET); }
  @inline loadD(i: Insn, va: i64): bool {
    const entry = entryOf(this.hart.readTlb, va);
    if (!isHit(entry, va, 8)) return this.loadFloatSlow(i, va, 8);
    this.putD(i.rd, load<u64>(addressOf(entry, va)));
    return true;
  }
  @inline loadS(i: Insn, va: i64): bool {
    const entry = entryOf(this.hart.readTlb, va);
    if (!isHit(entry, va, 4)) return this.loadFloatSlow(i, va, 4);
    this.putS(i.rd, load<u32>(addressOf(entry, va)));
    return true;
  }
  loadFloatSlow(i: Insn, va: u64, size: u32): bool {
    const outcome = readMemory(this.hart, va, size);
    if (outcome == FAULT) return this.memoryFault(i);
    if (size == 8) this.putD(i.rd, readValue);
    else this.putS(i.rd, <u32>readValue);
    return outcome == DONE || this.leaveAfter(i);
  }
  @inline addS(a: u32, b: u32, rm: u32): u32 { return float.addS(this.hart, a, b, rm); }
  @inline subS(a: u32, b: u32, rm: u32): u32 { return float.subS(this.hart, a, b, rm); }
  @inline mulS(a: u32, b: u32, rm: u32): u32 { return float.mulS(this.hart, a, b, rm); }
  @inline divS(a: u32, b: u32, rm: u32): u32 { return float.divS(this.hart, a, b, rm); }
  @inline sqrtS(a: u32, rm: u32): u32 { return float.sqrtS(this.hart, a, rm); }
  @inline fmaS(a: u32, b: u32, c: u32, rm: u32): u32 { return float.fmaS(this.hart, a, b, c, rm); }
  @inline minS(a: u32, b: u32): u32 { return float.minS(this.hart, a, b); }
  @inline maxS(a: u32, b: u32): u32 { return float.maxS(this.hart, a, b); }
  @inline eqS(a: u32, b: u32): i64 { return float.eqS(this.hart, a, b); }
  @inline ltS(a: u32, b: u32): i64 { return float.ltS(this.hart, a, b); }
  @inline leS(a: u32, b: u32): i64 { return float.leS(this.hart, a, b); }
  @inline classS(a: u32): i64 { return float.classS(a); }
  @inline toI32FromS(a: u32, rm: u32): i64 { return float.toI32FromS(this.hart, a, rm); }
  @inline fromI32ToS(a: i64, rm: u32): u32 { return float.fromI32ToS(this.hart, a, rm); }
  @inline toU32FromS(a: u32, rm: u32): i64 { return float.toU32FromS(this.hart, a, rm); }
  @inline fromU32ToS(a: i64, rm: u32): u32 { return float.fromU32ToS(this.hart, a, rm); }
  @inline toI64FromS(a: u32, rm: u32): i64 { return float.toI64FromS(this.hart, a, rm); }
  @inline fromI64ToS(a: i64, rm: u32): u32 { return float.fromI64ToS(this.hart, a, rm); }
  @inline toU64FromS(a: u32, rm: u32): i64 { return float.toU64FromS(this.hart, a, rm); }
  @inline fromU64ToS(a: i64, rm: u32): u32 { return float.fromU64ToS(this.hart, a, rm); }
  @inline negS(a: u32): u32 { return a ^ 0x80000000; }
  @inline sgnjS(a: u32, b: u32): u32 { return (a & ~0x80000000) | (b & 0x80000000); }
  @inline sgnjnS(a: u32, b: u32): u32 { return (a & ~0x80000000) | (~b & 0x80000000); }
  @inline sgnjxS(a: u32, b: u32): u32 { return a ^ (b & 0x80000000); }
  @inline addD(a: u64, b: u64, rm: u32): u64 { return float.addD(this.hart, a, b, rm); }
  @inline subD(a: u64, b: u64, rm: u32): u64 { return float.subD(this.hart, a, b, rm); }
  @inline mulD(a: u64, b: u64, rm: u32): u64 { return float.mulD(this.hart, a, b, rm); }
  @inline divD(a: u64, b: u64, rm: u32): u64 { return float.divD(this.hart, a, b, rm); }
  @inline sqrtD(a: u64, rm: u32): u64 { return float.sqrtD(this.hart, a, rm); }
  @inline fmaD(a: u64, b: u64, c: u64, rm: u32): u64 { return float.fmaD(this.hart, a, b, c, rm); }
  @inline minD(a: u64, b: u64): u64 { return float.minD(this.hart, a, b); }
  @inline maxD(a: u64, b: u64): u64 { return float.maxD(this.hart, a, b); }
  @inline eqD(a: u64, b: u64): i64 { return float.eqD(this.hart, a, b); }
  @inline ltD(a: u64, b: u64): i64 { return float.ltD(this.hart, a, b); }
  @inline leD(a: u64, b: u64): i64 { return float.leD(this.hart, a, b); }
  @inline classD(a: u64): i64 { return float.classD(a); }
  @inline toI32FromD(a: u64, rm: u32): i64 { return float.toI32FromD(this.hart, a, rm); }
  @inline fromI32ToD(a: i64, rm: u32): u64 { return float.fromI32ToD(this.hart, a, rm); }
  @inline toU32FromD(a: u64, rm: u32): i64 { return float.toU32FromD(this.hart, a, rm); }
  @inline fromU32ToD(a: i64, rm: u32): u64 { return float.fromU32ToD(this.hart, a, rm); }
  @inline toI64FromD(a: u64, rm: u32): i64 { return float.toI64FromD(this.hart, a, rm); }
  @inline fromI64ToD(a: i64, rm: u32): u64 { return float.fromI64ToD(this.hart, a, rm); }
  @inline toU64FromD(a: u64, rm: u32): i64 { return float.toU64FromD(this.hart, a, rm); }
  @inline fromU64ToD(a: i64, rm: u32): u64 { return float.fromU64ToD(this.hart, a, rm); }
  @inline negD(a: u64): u64 { return a ^ 0x8000000000000000; }
  @inline sgnjD(a: u64, b: u64): u64 { return (a & ~0x8000000000000000) | (b & 0x8000000000000000); }
  @inline sgnjnD(a: u64, b: u64): u64 { return (a & ~0x8000000000000000) | (~b & 0x8000000000000000); }
  @inline sgnjxD(a: u64, b: u64): u64 { return a ^ (b & 0x8000000000000000); }
  @inline narrow(a: u64, rm: u32): u32 { return float.narrow(this.hart, a, rm); }
  @inline widen(a: u32): u64 { return float.widen(this.hart, a); }
}

/** True where `pc` lies on the page that runs and `slot` is its slot. */
@inline
function inPage(m: Interpreter, slot: usize, pc: u64): bool {
  return slot - m.hart.codeBase < CODE_BYTES && m.hart.pcDelta + (<u64>slot >>> 2) == pc;
}
