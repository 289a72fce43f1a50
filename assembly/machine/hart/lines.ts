// Interrupt lines into a hart, as devices drive them. Depends on hart state only.
import { BOARD_PTR } from "../layout";
import { hartAt } from "./state";

const HARTS_COUNT_PTR: usize = BOARD_PTR + 192; // u32

/** How many harts this machine has. */
@inline
export function harts(): u32 {
  return load<u32>(HARTS_COUNT_PTR);
}

export function setHarts(count: u32): void {
  store<u32>(HARTS_COUNT_PTR, count);
}

/** Drives bit `bit` of `mip` of hart `hart` (3 MSIP, 5 STIP, 7 MTIP, 9 SEIP, 11 MEIP). */
export function setHartLine(hart: u32, bit: u32, level: bool): void {
  const h = hartAt(hart);
  const mask = (<u64>1) << bit;
  h.lines = level ? h.lines | mask : h.lines & ~mask;
}
