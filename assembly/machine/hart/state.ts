// One hardware thread: its registers and what it derives from them, at a fixed place in linear memory.
// Depends on layout only. Field offsets are owned here; the host reads them through exported getters.
//
//   hart + 0      the fields of class Hart
//   hart + 1024   x0 .. x31      (X_OFFSET; decoded instructions hold register numbers times 8)
//   hart + 1280   f0 .. f31      (F_OFFSET; a 32-bit value is NaN-boxed)
//   hart + 1536   pmpaddr0 .. 15, then the decoded PMP entries (see pmp.ts)
import { HART_BYTES, HARTS_PTR } from "../layout";

export const X_OFFSET: usize = 1024;
export const F_OFFSET: usize = 1280;
export const PMP_OFFSET: usize = 1536;

export const FP_OFF: u32 = 0;
export const FP_CLEAN: u32 = 1;
export const FP_DIRTY: u32 = 3;

export const PRIV_U: u32 = 0;
export const PRIV_S: u32 = 1;
export const PRIV_M: u32 = 3;


@final
@unmanaged
export class Hart {
  pc: u64;
  /** Instructions retired, as of the last time the run loop let go; see also `instretOffset`. */
  retired: u64;
  // --- derived state of the run loop
  tlbBase: usize; // this hart's translation tables, see context.ts
  readTlb: usize; // table for loads in the present context
  writeTlb: usize;
  fetchTlb: usize;
  codeBase: usize; // first slot of the decoded page that runs
  rawBase: usize; // the bytes it was decoded from
  pcDelta: u64; // pc = pcDelta + (slot address >>> 2)
  fetchEpoch: u32; // 1 to 4095, see context.ts: one of the next two
  userEpoch: u32;
  systemEpoch: u32; // of S- and M-mode
  perSpace: u32; // what holds translations that are not global: a bit a table of context.ts, then a bit a fetch table
  priv: u32;
  id: u32;
  waiting: u32; // in wfi
  fpState: u32; // FS as the run loop wants it: FP_OFF, FP_CLEAN or FP_DIRTY
  // --- machine-level CSRs
  mstatus: u64;
  medeleg: u64;
  mideleg: u64;
  mie: u64;
  mip: u64; // bits that software wrote; `lines` holds those that devices drive
  lines: u64;
  mtvec: u64;
  mcounteren: u64;
  menvcfg: u64;
  mcountinhibit: u64;
  mscratch: u64;
  mepc: u64;
  mcause: u64;
  mtval: u64;
  pmpcfg: u64; // pmpcfg0, entries 0 to 7
  pmpcfg2: u64; // entries 8 to 15
  pmpActive: u32; // one past the last entry that is not OFF
  // --- supervisor-level CSRs
  stvec: u64;
  scounteren: u64;
  senvcfg: u64;
  sscratch: u64;
  sepc: u64;
  scause: u64;
  stval: u64;
  stimecmp: u64;
  satp: u64;
  // --- user-level CSRs
  fcsr: u64;
  cycleOffset: u64; // mcycle = retired + cycleOffset
  instretOffset: u64;
  // --- LR/SC
  reservedPtr: u32; // where in linear memory; 0: none
  reservedValue: u64;
  // --- address translation
  superUser: u32; // bit n: a level-n superpage of the lower half stands in the TLB
  superKernel: u32;
  // --- the untouched page that zeros were last stored to (mmu/access.ts)
  zeroPage: u64; // va >>> 12
  zeroGeneration: u64;
  zeroTable: usize; // the writeTlb it was found for
  zeroEntry: usize; // its entry in the page table
  ranUser: u32; // not 0 once U-mode was entered
  // --- the instruction in the scratch page (mmu/fetch.ts): its offset in the page
  scratchOffset: usize;
  // --- SBI
  sbiBuiltIn: u32; // an ecall from S-mode is a call to our own firmware
  sbiPending: u32; // one was made: the machine answers it before the next instruction
  // --- counted since power-on
  traps: u64;
  interrupts: u64;
  walks: u64; // of page tables
  flushes: u64; // of all translations
  decodes: u64; // slots
  // --- translated code
  generation: u64; // goes up whenever a translation of fetch addresses or a region may have changed
  spaces: u64; // goes up whenever those of U-mode alone may have changed
  stepOver: u32; // the instruction at pc is to be interpreted, even where a region begins there
  atEntry: u32; // the interpreter came to a slot where a region begins
  // --- counted since power-on, too
  calls: u64; // to our own firmware


  @inline
  ptr(): usize {
    return changetype<usize>(this);
  }

  /** Integer register by number (not times 8). */
  @inline
  reg(n: u32): u64 {
    return load<u64>(this.ptr() + (n << 3), X_OFFSET);
  }


  @inline
  setReg(n: u32, value: u64): void {
    store<u64>(this.ptr() + (n << 3), value, X_OFFSET);
  }
}


@inline
export function hartAt(id: u32): Hart {
  return changetype<Hart>(HARTS_PTR + <usize>id * HART_BYTES);
}
