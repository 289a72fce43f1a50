// Atomic memory operations and cache block operations of the interpreter. A reservation is a place in RAM and the value
// read there: sc succeeds while both still hold, which also sees what devices and other harts wrote. Depends on mmu.
import { CACHE_BLOCK_BYTES } from "../abi";
import { MENVCFG_CBCFE, MENVCFG_CBIE, MENVCFG_CBZE } from "../hart/csr";
import { Hart, PRIV_M, PRIV_U } from "../hart/state";
import { CAUSE_LOAD_ACCESS, CAUSE_LOAD_MISALIGNED, CAUSE_STORE_ACCESS, CAUSE_STORE_MISALIGNED } from "../hart/trap";
import { htifPage, htifStore } from "../dev/htif";
import { DONE, faultCause, resolve, resolvedPtr, resolveForZeros, untouched } from "../mmu/access";
import { ACCESS_READ, ACCESS_WRITE, walkedPa } from "../mmu/walk";
import { Insn } from "../isa/insn";
import { AMO_ADD, AMO_AND, AMO_MAX, AMO_MAXU, AMO_MIN, AMO_MINU, AMO_OR, AMO_SWAP, AMO_XOR } from "../isa/a";
import { Interpreter } from "./interpreter";
import { illegal } from "./system";

export function amo<T>(m: Interpreter, i: Insn, op: u32, va: u64, value: i64): bool {
  if (va & (sizeof<T>() - 1)) return m.trap(i, CAUSE_STORE_MISALIGNED, va);
  if (resolve(m.hart, va, sizeof<T>(), ACCESS_WRITE) != DONE) return m.memoryFault(i);
  if (resolvedPtr == 0) return m.trap(i, CAUSE_STORE_ACCESS, va);
  const old = load<T>(resolvedPtr);
  store<T>(resolvedPtr, combine<T>(op, old, <T>value));
  m.putAny(i.rd, <i64>old);
  return !(htifPage(walkedPa) && htifStore(walkedPa)) || m.leaveAfter(i);
}

/** T is signed. */
function combine<T>(op: u32, a: T, b: T): T {
  switch (op) {
    case AMO_SWAP:
      return b;
    case AMO_ADD:
      return <T>(a + b);
    case AMO_XOR:
      return <T>(a ^ b);
    case AMO_AND:
      return <T>(a & b);
    case AMO_OR:
      return <T>(a | b);
    case AMO_MIN:
      return a < b ? a : b;
    case AMO_MAX:
      return a > b ? a : b;
    case AMO_MINU:
      return sizeof<T>() == 4 ? (<u32>a < <u32>b ? a : b) : <u64>a < <u64>b ? a : b;
    default:
      return sizeof<T>() == 4 ? (<u32>a > <u32>b ? a : b) : <u64>a > <u64>b ? a : b;
  }
}

export function loadReserved<T>(m: Interpreter, i: Insn, va: u64): bool {
  if (va & (sizeof<T>() - 1)) return m.trap(i, CAUSE_LOAD_MISALIGNED, va);
  if (resolve(m.hart, va, sizeof<T>(), ACCESS_READ) != DONE) return m.memoryFault(i);
  if (resolvedPtr == 0) return m.trap(i, CAUSE_LOAD_ACCESS, va);
  const value = <i64>load<T>(resolvedPtr);
  m.hart.reservedPtr = <u32>resolvedPtr;
  m.hart.reservedValue = value;
  m.putAny(i.rd, value);
  return true;
}

export function storeConditional<T>(m: Interpreter, i: Insn, va: u64, value: i64): bool {
  if (va & (sizeof<T>() - 1)) return m.trap(i, CAUSE_STORE_MISALIGNED, va);
  const h = m.hart;
  const reserved = h.reservedPtr;
  h.reservedPtr = 0;
  if (resolve(h, va, sizeof<T>(), ACCESS_WRITE) != DONE) return m.memoryFault(i);
  if (resolvedPtr == 0) return m.trap(i, CAUSE_STORE_ACCESS, va);
  const holds = reserved == <u32>resolvedPtr && <i64>load<T>(resolvedPtr) == h.reservedValue;
  if (holds) store<T>(resolvedPtr, <T>value);
  m.putAny(i.rd, holds ? 0 : 1);
  return !(htifPage(walkedPa) && htifStore(walkedPa)) || m.leaveAfter(i);
}

// ------------------------------------------------------------------------------------------- cache block operations

/** True where menvcfg (below M) and senvcfg (below S) both have one of `bits`. */
function envAllows(h: Hart, bits: u64): bool {
  if (h.priv != PRIV_M && !(h.menvcfg & bits)) return false;
  return h.priv != PRIV_U || (h.senvcfg & bits) != 0;
}

export function cboInval(m: Interpreter, i: Insn, va: u64): bool {
  return envAllows(m.hart, MENVCFG_CBIE) ? cboTouch(m, i, va) : illegal(m, i);
}

export function cboClean(m: Interpreter, i: Insn, va: u64): bool {
  return envAllows(m.hart, MENVCFG_CBCFE) ? cboTouch(m, i, va) : illegal(m, i);
}

/** There is no cache to manage, but the address must be one that may be read; a fault counts as a store's. */
function cboTouch(m: Interpreter, i: Insn, va: u64): bool {
  if (resolve(m.hart, va & ~(CACHE_BLOCK_BYTES - 1), CACHE_BLOCK_BYTES, ACCESS_READ) == DONE) return true;
  const cause = faultCause;
  return m.trap(i, cause + 2, va); // load causes 5 and 13 become store causes 7 and 15
}

export function cboZero(m: Interpreter, i: Insn, va: u64): bool {
  if (!envAllows(m.hart, MENVCFG_CBZE)) return illegal(m, i);
  if (resolveForZeros(m.hart, va & ~(CACHE_BLOCK_BYTES - 1), CACHE_BLOCK_BYTES) != DONE) return m.trap(i, faultCause, va);
  if (untouched) return true;
  if (resolvedPtr == 0) return m.trap(i, CAUSE_STORE_ACCESS, va);
  memory.fill(resolvedPtr, 0, CACHE_BLOCK_BYTES);
  return true;
}
