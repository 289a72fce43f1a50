// Traps: taking exceptions and interrupts, and coming back with xRET. Privileged specification, 3.1.6-3.1.15.
// Depends on hart state and context only.
import {
  MSTATUS_FS,
  MSTATUS_MIE,
  MSTATUS_MPIE,
  MSTATUS_MPP,
  MSTATUS_MPRV,
  MSTATUS_SIE,
  MSTATUS_SPIE,
  MSTATUS_SPP,
  selectContext,
  setPriv,
} from "./context";
import { FP_DIRTY, Hart, PRIV_M, PRIV_S, PRIV_U } from "./state";

export const CAUSE_FETCH_MISALIGNED: u64 = 0;
export const CAUSE_FETCH_ACCESS: u64 = 1;
export const CAUSE_ILLEGAL: u64 = 2;
export const CAUSE_BREAKPOINT: u64 = 3;
export const CAUSE_LOAD_MISALIGNED: u64 = 4;
export const CAUSE_LOAD_ACCESS: u64 = 5;
export const CAUSE_STORE_MISALIGNED: u64 = 6;
export const CAUSE_STORE_ACCESS: u64 = 7;
export const CAUSE_ECALL_U: u64 = 8; // plus the privilege
export const CAUSE_ECALL_S: u64 = 9;
export const CAUSE_FETCH_PAGE: u64 = 12;
export const CAUSE_LOAD_PAGE: u64 = 13;
export const CAUSE_STORE_PAGE: u64 = 15;
const CAUSE_INTERRUPT: u64 = 1 << 63;

/** Takes a synchronous exception at h.pc; the instruction there does not retire. */
export function takeException(h: Hart, cause: u64, tval: u64): void {
  h.traps++;
  const delegated = h.priv != PRIV_M && (h.medeleg >>> cause) & 1;
  if (delegated) enterSupervisor(h, cause, tval);
  else enterMachine(h, cause, tval);
}

function enterSupervisor(h: Hart, cause: u64, tval: u64): void {
  let status = h.mstatus & ~(MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SIE);
  if (h.mstatus & MSTATUS_SIE) status |= MSTATUS_SPIE;
  if (h.priv == PRIV_S) status |= MSTATUS_SPP;
  h.mstatus = status;
  h.sepc = h.pc;
  h.scause = cause;
  h.stval = tval;
  h.pc = vector(h.stvec, cause);
  setPriv(h, PRIV_S);
}

function enterMachine(h: Hart, cause: u64, tval: u64): void {
  let status = h.mstatus & ~(MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MIE);
  if (h.mstatus & MSTATUS_MIE) status |= MSTATUS_MPIE;
  h.mstatus = status | ((<u64>h.priv) << 11);
  h.mepc = h.pc;
  h.mcause = cause;
  h.mtval = tval;
  h.pc = vector(h.mtvec, cause);
  setPriv(h, PRIV_M);
}

function vector(tvec: u64, cause: u64): u64 {
  const base = tvec & ~3;
  return tvec & 1 && cause & CAUSE_INTERRUPT ? base + ((cause & 0x3f) << 2) : base;
}

/** mip as software reads it. */
@inline
export function pendingBits(h: Hart): u64 {
  return h.mip | h.lines;
}

/** Takes the highest-priority interrupt that is pending and enabled; true where one was taken. */
export function takeInterrupt(h: Hart): bool {
  const pending = pendingBits(h) & h.mie;
  if (pending == 0) return false;
  const machine = pending & ~h.mideleg;
  if (machine != 0 && (h.priv != PRIV_M || h.mstatus & MSTATUS_MIE)) {
    h.interrupts++;
    enterMachine(h, CAUSE_INTERRUPT | firstInterrupt(machine), 0);
    return true;
  }
  const supervisor = pending & h.mideleg;
  if (supervisor != 0 && (h.priv == PRIV_U || (h.priv == PRIV_S && h.mstatus & MSTATUS_SIE))) {
    h.interrupts++;
    enterSupervisor(h, CAUSE_INTERRUPT | firstInterrupt(supervisor), 0);
    return true;
  }
  return false;
}

/** Of several interrupts: MEI, MSI, MTI, SEI, SSI, STI. */
function firstInterrupt(bits: u64): u64 {
  if (bits & (1 << 11)) return 11;
  if (bits & (1 << 3)) return 3;
  if (bits & (1 << 7)) return 7;
  if (bits & (1 << 9)) return 9;
  if (bits & (1 << 1)) return 1;
  return ctz(bits);
}

/** mret; the caller checked that it is allowed. */
export function returnFromMachine(h: Hart): void {
  const priv = (<u32>(h.mstatus >>> 11)) & 3;
  let status = h.mstatus & ~(MSTATUS_MIE | MSTATUS_MPP);
  if (h.mstatus & MSTATUS_MPIE) status |= MSTATUS_MIE;
  if (priv != PRIV_M) status &= ~MSTATUS_MPRV;
  h.mstatus = status | MSTATUS_MPIE;
  h.pc = h.mepc;
  setPriv(h, priv);
}

/** sret; the caller checked that it is allowed. */
export function returnFromSupervisor(h: Hart): void {
  const priv = h.mstatus & MSTATUS_SPP ? PRIV_S : PRIV_U;
  let status = h.mstatus & ~(MSTATUS_SIE | MSTATUS_SPP | MSTATUS_MPRV);
  if (h.mstatus & MSTATUS_SPIE) status |= MSTATUS_SIE;
  h.mstatus = status | MSTATUS_SPIE;
  h.pc = h.sepc;
  setPriv(h, priv);
}

/** Marks the floating point state dirty; call where it is on. */
export function dirtyFp(h: Hart): void {
  h.mstatus |= MSTATUS_FS;
  h.fpState = FP_DIRTY;
}

/** Sets mstatus from its raw value and follows what depends on it. */
export function setMstatus(h: Hart, value: u64): void {
  h.mstatus = value;
  selectContext(h);
}
