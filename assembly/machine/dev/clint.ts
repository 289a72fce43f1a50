// CLINT: software and timer interrupts of machine mode; its two halves are ACLINT's MSWI and MTIMER.
// Depends on hart lines and hart time. RISC-V ACLINT specification, sections 2 and 3.
//
//   0x0000 + 4h  msip of hart h        0x4000 + 8h  mtimecmp of hart h        0xbff8  mtime
import { MAX_HARTS } from "../abi";
import { harts, setHartLine } from "../hart/lines";
import { hartAt } from "../hart/state";
import { mtime, setMtime } from "../hart/time";
import { CLINT_STATE_PTR } from "./layout";

const MSIP: u32 = 0x0000;
const MTIMECMP: u32 = 0x4000;
const MTIME: u32 = 0xbff8;

const MIP_MSIP: u32 = 3;
const MIP_MTIP: u32 = 7;

const MTIMECMP_PTR: usize = CLINT_STATE_PTR; // u64 a hart
const MSIP_PTR: usize = CLINT_STATE_PTR + (MAX_HARTS << 3); // u32 a hart

export function clintReset(): void {
  for (let hart: u32 = 0; hart < harts(); hart++) {
    // The specification leaves mtimecmp open at reset; the far end of time keeps MTIP quiet.
    store<u64>(MTIMECMP_PTR + (hart << 3), u64.MAX_VALUE);
    setMsip(hart, 0);
    setHartLine(hart, MIP_MTIP, false);
  }
}

/** Sets MTIP of each hart for the time `now`, as mtime() gives it. */
export function clintTick(now: u64): void {
  for (let hart: u32 = 0; hart < harts(); hart++) {
    setHartLine(hart, MIP_MTIP, now >= load<u64>(MTIMECMP_PTR + (hart << 3)));
  }
}

/** The nearest mtimecmp whose MTIP is not up yet, in mtime ticks (it may have just passed); u64.MAX_VALUE where there is none. */
export function clintDeadline(): u64 {
  let deadline = u64.MAX_VALUE;
  for (let hart: u32 = 0; hart < harts(); hart++) {
    const raised = (hartAt(hart).lines >> MIP_MTIP) & 1;
    if (!raised) deadline = min(deadline, load<u64>(MTIMECMP_PTR + (hart << 3)));
  }
  return deadline;
}

/** `size` is 4 or 8. */
export function clintLoad(offset: u32, size: u32): u64 {
  if (offset < MTIMECMP) {
    const hart = (offset - MSIP) >> 2;
    return size == 4 && hart < harts() ? load<u32>(MSIP_PTR + (hart << 2)) : 0;
  }
  const hart = (offset - MTIMECMP) >> 3;
  let value: u64 = 0;
  if (hart < harts()) value = load<u64>(MTIMECMP_PTR + (hart << 3));
  else if ((offset & ~7) == MTIME) value = mtime();
  else return 0;
  return size == 8 ? value : (offset & 4) != 0 ? value >>> 32 : value & 0xffff_ffff;
}

export function clintStore(offset: u32, size: u32, value: u64): void {
  if (offset < MTIMECMP) {
    const hart = (offset - MSIP) >> 2;
    if (size == 4 && hart < harts()) setMsip(hart, (<u32>value) & 1);
    return;
  }
  const hart = (offset - MTIMECMP) >> 3;
  if (hart < harts()) {
    const ptr = MTIMECMP_PTR + (hart << 3);
    store<u64>(ptr, merge(load<u64>(ptr), offset, size, value));
  } else if ((offset & ~7) == MTIME) {
    setMtime(merge(mtime(), offset, size, value));
  } else return;
  clintTick(mtime());
}

function setMsip(hart: u32, value: u32): void {
  store<u32>(MSIP_PTR + (hart << 2), value);
  setHartLine(hart, MIP_MSIP, value != 0);
}

function merge(old: u64, offset: u32, size: u32, value: u64): u64 {
  if (size == 8) return value;
  const low = value & 0xffff_ffff;
  return (offset & 4) != 0 ? (old & 0xffff_ffff) | (low << 32) : (old & ~(<u64>0xffff_ffff)) | low;
}
