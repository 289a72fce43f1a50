// The CSRs: what is there, who may touch it, what a read gives, what a write keeps (WARL). Privileged specification, 2 and 3.
// Depends on the hart row only. Numbers are those of the specification; a register is read and written in one place each.
import { mtime } from "./time";
import {
  MSTATUS_FS,
  MSTATUS_MIE,
  MSTATUS_MPIE,
  MSTATUS_MPP,
  MSTATUS_MPRV,
  MSTATUS_MXR,
  MSTATUS_SIE,
  MSTATUS_SPIE,
  MSTATUS_SPP,
  MSTATUS_SUM,
  MSTATUS_TSR,
  MSTATUS_TVM,
  MSTATUS_TW,
} from "./context";
import { enterSpace, flushTranslations } from "./flush";
import { pmpAddr, setPmpAddr, setPmpCfg } from "./pmp";
import { dirtyFp, pendingBits, setMstatus } from "./trap";
import { FP_OFF, Hart, PRIV_M, PRIV_S } from "./state";

const MISA: u64 = (2 << 62) | 0x14112d; // RV64 I M A F D C, S, U
const MSTATUS_WRITABLE: u64 =
  MSTATUS_SIE | MSTATUS_MIE | MSTATUS_SPIE | MSTATUS_MPIE | MSTATUS_SPP | MSTATUS_MPP | MSTATUS_FS |
  MSTATUS_MPRV | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR; // prettier-ignore
export const SSTATUS_WRITABLE: u64 = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR;
export const UXL_64: u64 = 2 << 32;
const SXL_64: u64 = 2 << 34;
export const STATUS_SD: u64 = 1 << 63;
const MEDELEG_WRITABLE: u64 = 0xb3ff;
const SUPERVISOR_INTERRUPTS: u64 = 0x222;
const MIE_WRITABLE: u64 = 0xaaa;
const STIP: u64 = 1 << 5;
export const SSIP: u64 = 1 << 1;
const SEIP: u64 = 1 << 9;
export const MENVCFG_STCE: u64 = 1 << 63;
export const MENVCFG_ADUE: u64 = 1 << 61;
export const MENVCFG_CBZE: u64 = 1 << 7;
export const MENVCFG_CBCFE: u64 = 1 << 6;
export const MENVCFG_CBIE: u64 = 3 << 4;
const SENVCFG_WRITABLE: u64 = MENVCFG_CBZE | MENVCFG_CBCFE | MENVCFG_CBIE | 1;
const MENVCFG_WRITABLE: u64 = SENVCFG_WRITABLE | MENVCFG_STCE | MENVCFG_ADUE;
const SATP_ASID_PPN: u64 = (1 << 60) - 1;

/** What csrRead found. */
export let csrValue: u64 = 0;

/** Reads a CSR into csrValue; false where the access is illegal. */
export function csrRead(h: Hart, num: u32): bool {
  if (h.priv < ((num >>> 8) & 3)) return false;
  switch (num >>> 8) {
    case 0x0: return readUser(h, num);
    case 0x1: return readSupervisor(h, num);
    case 0x3: return readMachine(h, num);
    case 0x7: return readTrigger(num);
    case 0xb: return readMachineCounter(h, num & 0xff);
    case 0xc: return readUserCounter(h, num & 0xff);
    case 0xf: return readIdentity(h, num);
    default: return false;
  }
}

/** Writes a CSR; false where the access is illegal. `old` is what a read-modify-write read. */
export function csrWrite(h: Hart, num: u32, value: u64): bool {
  if (h.priv < ((num >>> 8) & 3)) return false;
  switch (num >>> 8) {
    case 0x0: return writeUser(h, num, value);
    case 0x1: return writeSupervisor(h, num, value);
    case 0x3: return writeMachine(h, num, value);
    case 0x7: return readTrigger(num);
    case 0xb: return writeMachineCounter(h, num & 0xff, value);
    default: return false;
  }
}

function give(value: u64): bool {
  csrValue = value;
  return true;
}

// ------------------------------------------------------------------------------------------- floating point, counters

function readUser(h: Hart, num: u32): bool {
  if (h.fpState == FP_OFF) return false;
  switch (num) {
    case 1: return give(h.fcsr & 0x1f);
    case 2: return give((h.fcsr >>> 5) & 7);
    case 3: return give(h.fcsr);
    default: return false;
  }
}

function writeUser(h: Hart, num: u32, value: u64): bool {
  if (h.fpState == FP_OFF) return false;
  switch (num) {
    case 1: h.fcsr = (h.fcsr & ~0x1f) | (value & 0x1f); break;
    case 2: h.fcsr = (h.fcsr & 0x1f) | ((value & 7) << 5); break;
    case 3: h.fcsr = value & 0xff; break;
    default: return false;
  }
  dirtyFp(h);
  return true;
}

function readUserCounter(h: Hart, n: u32): bool {
  if (n >= 32) return false;
  if (h.priv < PRIV_M && !((h.mcounteren >>> n) & 1)) return false;
  if (h.priv < PRIV_S && !((h.scounteren >>> n) & 1)) return false;
  return n == 1 ? give(mtime()) : readMachineCounter(h, n);
}

function readMachineCounter(h: Hart, n: u32): bool {
  if (n >= 32 || n == 1) return false;
  if (n == 0) return give(h.mcountinhibit & 1 ? h.cycleOffset : h.retired + h.cycleOffset);
  if (n == 2) return give(h.mcountinhibit & 4 ? h.instretOffset : h.retired + h.instretOffset);
  return give(0);
}

/** A write takes the place of the count of this very instruction. */
function writeMachineCounter(h: Hart, n: u32, value: u64): bool {
  if (n >= 32 || n == 1) return false;
  if (n == 0) h.cycleOffset = h.mcountinhibit & 1 ? value : value - h.retired - 1;
  if (n == 2) h.instretOffset = h.mcountinhibit & 4 ? value : value - h.retired - 1;
  return true;
}

/** While a counter is inhibited its offset field holds the frozen count itself. */
function setCountInhibit(h: Hart, value: u64): void {
  const change = (h.mcountinhibit ^ value) & 5;
  const base = h.retired + 1;
  if (change & 1) h.cycleOffset += value & 1 ? base : 0 - base;
  if (change & 4) h.instretOffset += value & 4 ? base : 0 - base;
  h.mcountinhibit = value & 5;
}

// ----------------------------------------------------------------------------------------------------------- supervisor

function readSupervisor(h: Hart, num: u32): bool {
  switch (num & 0xff) {
    case 0x00: return give(statusValue(h, SSTATUS_WRITABLE) | UXL_64);
    case 0x04: return give(h.mie & h.mideleg);
    case 0x05: return give(h.stvec);
    case 0x06: return give(h.scounteren);
    case 0x0a: return give(h.senvcfg);
    case 0x40: return give(h.sscratch);
    case 0x41: return give(h.sepc);
    case 0x42: return give(h.scause);
    case 0x43: return give(h.stval);
    case 0x44: return give(pendingBits(h) & h.mideleg);
    case 0x4d: return stimecmpAllowed(h) && give(h.stimecmp);
    case 0x80: return satpAllowed(h) && give(h.satp);
    default: return false;
  }
}

function writeSupervisor(h: Hart, num: u32, value: u64): bool {
  switch (num & 0xff) {
    case 0x00: writeStatus(h, value, SSTATUS_WRITABLE); return true;
    case 0x04: h.mie = (h.mie & ~h.mideleg) | (value & h.mideleg & MIE_WRITABLE); return true;
    case 0x05: h.stvec = tvec(h.stvec, value); return true;
    case 0x06: h.scounteren = value & 0xffffffff; return true;
    case 0x0a: h.senvcfg = envcfg(value, SENVCFG_WRITABLE); return true;
    case 0x40: h.sscratch = value; return true;
    case 0x41: h.sepc = value & ~1; return true;
    case 0x42: h.scause = value; return true;
    case 0x43: h.stval = value; return true;
    case 0x44: h.mip = (h.mip & ~(SSIP & h.mideleg)) | (value & SSIP & h.mideleg); return true;
    case 0x4d:
      if (!stimecmpAllowed(h)) return false;
      h.stimecmp = value;
      updateStimecmp(h, mtime());
      return true;
    case 0x80: return satpAllowed(h) && writeSatp(h, value);
    default: return false;
  }
}

function stimecmpAllowed(h: Hart): bool {
  return h.priv == PRIV_M || ((h.menvcfg & MENVCFG_STCE) != 0 && (h.mcounteren & 2) != 0);
}

function satpAllowed(h: Hart): bool {
  return h.priv == PRIV_M || !(h.mstatus & MSTATUS_TVM);
}

/** A mode that is not there leaves satp as it was. */
function writeSatp(h: Hart, value: u64): bool {
  const mode = value >>> 60;
  if (mode != 0 && (mode < 8 || mode > 10)) return true;
  const satp = mode == 0 ? value & SATP_ASID_PPN : value;
  if (satp != h.satp) {
    if (mode == h.satp >>> 60 && mode != 0) {
      enterSpace(h, satp);
    } else {
      h.satp = satp;
      flushTranslations(h);
    }
  }
  return true;
}

/** With Sstc on, STIP is the outcome of the comparison. Call as time goes on. */
export function updateStimecmp(h: Hart, now: u64): void {
  if (!(h.menvcfg & MENVCFG_STCE)) return;
  if (now >= h.stimecmp) h.lines |= STIP;
  else h.lines &= ~STIP;
}

// -------------------------------------------------------------------------------------------------------------- machine

function readMachine(h: Hart, num: u32): bool {
  const n = num & 0xff;
  if (n >= 0xa0) return readPmp(h, n);
  if (n >= 0x23 && n < 0x40) return give(0); // mhpmevent3-31
  switch (n) {
    case 0x00: return give(statusValue(h, MSTATUS_WRITABLE) | UXL_64 | SXL_64);
    case 0x01: return give(MISA);
    case 0x02: return give(h.medeleg);
    case 0x03: return give(h.mideleg);
    case 0x04: return give(h.mie);
    case 0x05: return give(h.mtvec);
    case 0x06: return give(h.mcounteren);
    case 0x0a: return give(h.menvcfg);
    case 0x20: return give(h.mcountinhibit);
    case 0x40: return give(h.mscratch);
    case 0x41: return give(h.mepc);
    case 0x42: return give(h.mcause);
    case 0x43: return give(h.mtval);
    case 0x44: return give(pendingBits(h));
    default: return false;
  }
}

function writeMachine(h: Hart, num: u32, value: u64): bool {
  const n = num & 0xff;
  if (n >= 0xa0) return writePmp(h, n, value);
  if (n >= 0x23 && n < 0x40) return true;
  switch (n) {
    case 0x00: writeStatus(h, value, MSTATUS_WRITABLE); return true;
    case 0x01: return true;
    case 0x02: h.medeleg = value & MEDELEG_WRITABLE; return true;
    case 0x03: h.mideleg = value & SUPERVISOR_INTERRUPTS; return true;
    case 0x04: h.mie = value & MIE_WRITABLE; return true;
    case 0x05: h.mtvec = tvec(h.mtvec, value); return true;
    case 0x06: h.mcounteren = value & 0xffffffff; return true;
    case 0x0a: writeMenvcfg(h, value); return true;
    case 0x20: setCountInhibit(h, value); return true;
    case 0x40: h.mscratch = value; return true;
    case 0x41: h.mepc = value & ~1; return true;
    case 0x42: h.mcause = value; return true;
    case 0x43: h.mtval = value; return true;
    case 0x44: writeMip(h, value); return true;
    default: return false;
  }
}

/** The part of mip that software owns, which is what csrrs and csrrc modify. */
export function softwareBits(h: Hart, num: u32, read: u64): u64 {
  return num == 0x344 || num == 0x144 ? read & ~SEIP | (h.mip & SEIP) : read;
}

function writeMip(h: Hart, value: u64): void {
  const writable = h.menvcfg & MENVCFG_STCE ? SSIP | SEIP : SSIP | SEIP | STIP;
  h.mip = (h.mip & ~writable) | (value & writable);
}

function writeMenvcfg(h: Hart, value: u64): void {
  const before = h.menvcfg;
  h.menvcfg = envcfg(value, MENVCFG_WRITABLE);
  if ((before ^ h.menvcfg) & MENVCFG_STCE) {
    h.mip &= ~STIP;
    h.lines &= ~STIP;
    updateStimecmp(h, mtime());
  }
  if ((before ^ h.menvcfg) & MENVCFG_ADUE) flushTranslations(h);
}

/** CBIE = 2 is reserved and reads as 0. */
function envcfg(value: u64, writable: u64): u64 {
  const kept = value & writable;
  return (kept & MENVCFG_CBIE) == 0x20 ? kept & ~MENVCFG_CBIE : kept;
}

/** A reserved mode leaves the register as it was. */
function tvec(before: u64, value: u64): u64 {
  return (value & 3) < 2 ? value : before;
}

function statusValue(h: Hart, mask: u64): u64 {
  const dirty = (h.mstatus & MSTATUS_FS) == MSTATUS_FS;
  return (h.mstatus & mask) | (dirty ? STATUS_SD : 0);
}

function writeStatus(h: Hart, value: u64, writable: u64): void {
  const before = h.mstatus;
  let status = (before & ~writable) | (value & writable);
  if ((status & MSTATUS_MPP) == 2 << 11) status = (status & ~MSTATUS_MPP) | (before & MSTATUS_MPP);
  setMstatus(h, status);
  if ((before ^ status) & MSTATUS_MXR) flushTranslations(h);
}

function readPmp(h: Hart, n: u32): bool {
  if (n == 0xa0) return give(h.pmpcfg);
  if (n == 0xa2) return give(h.pmpcfg2);
  return n >= 0xb0 && n < 0xc0 ? give(pmpAddr(h, n - 0xb0)) : false;
}

function writePmp(h: Hart, n: u32, value: u64): bool {
  if (n == 0xa0) setPmpCfg(h, 0, value);
  else if (n == 0xa2) setPmpCfg(h, 1, value);
  else if (n >= 0xb0 && n < 0xc0) setPmpAddr(h, n - 0xb0, value);
  else return false;
  flushTranslations(h);
  return true;
}

/** Debug triggers: none; tselect reads 0, tdata1 says "no trigger here". */
function readTrigger(num: u32): bool {
  return num >= 0x7a0 && num <= 0x7a3 ? give(0) : false;
}

function readIdentity(h: Hart, num: u32): bool {
  switch (num & 0xff) {
    case 0x11: case 0x12: case 0x13: case 0x15: return give(0); // mvendorid, marchid, mimpid, mconfigptr
    case 0x14: return give(h.id);
    default: return false;
  }
}
