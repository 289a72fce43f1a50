// How often the interpreter was found at a place: a counter a hash value, so two places may share one. Depends on layout only.
import { HEAT_PTR } from "./layout";

/** The counter (u8) of an instruction's slot in a mode. */
export function heatPtr(slotPtr: usize, mode: u32): usize {
  return HEAT_PTR + ((((<u32>slotPtr) >>> 3) * 0x9e3779b1 + mode * 0x85ebca6b) >>> 16);
}
