// How often the interpreter was found at a place: a counter a hash value, so two places may share one. Depends on hash and layout.
import { hashOf } from "./hash";
import { HEAT_PTR } from "./layout";

/** What is counted there: that something runs, and that one region goes on to another. */
export const HEAT_RUNS: u32 = 0;
export const HEAT_LINK: u32 = 4;

/** The counter (u8) of an instruction's slot in a mode, for a kind of heat. */
export function heatPtr(slotPtr: usize, mode: u32, kind: u32): usize {
  return HEAT_PTR + (hashOf(slotPtr, mode + kind) >>> 16);
}
