// How often the interpreter was found at a place: a counter a hash value, so two places may share one. Depends on layout only.
import { HEAT_PTR } from "./layout";

/** What is counted there: that something runs, and that one region goes on to another. */
export const HEAT_RUNS: u32 = 0;
export const HEAT_LINK: u32 = 4;

/** The counter (u8) of an instruction's slot in a mode, for a kind of heat. */
export function heatPtr(slotPtr: usize, mode: u32, kind: u32): usize {
  return HEAT_PTR + ((((<u32>slotPtr) >>> 3) * 0x9e3779b1 + (mode + kind) * 0x85ebca6b) >>> 16);
}
