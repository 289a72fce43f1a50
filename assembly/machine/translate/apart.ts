// Groups of accesses (guards.ts) that lie on two pages. Where that is seen, the interpreter does the block, which is right but slow; where
// it takes a noticeable share of the time, the regions of the page end, and each access of the place is looked up by itself from then on.
// Depends on hart, bus, mmu, hash and layout.
import { Hart } from "../hart/state";
import { retireRegions, slotAt } from "../bus/code";
import { decodedPage } from "../mmu/fetch";
import { hashOf } from "./hash";
import { APART_HEAT_PTR, APART_PTR } from "./layout";

/** So many times in so many instructions are some 0.5 % of the time, for one takes 0.2 us. */
const RATE: u32 = 500;
const WINDOW_INSNS: u64 = 16_000_000;
/** Of those behind them in the window, how many are seen at one place before it is known. */
const OFTEN: u8 = 64;


@unmanaged
class Apart {
  /** Not 0 where translated code has just left for this reason. */
  isSeen: u32;
  count: u32; // in the window
  since: u64; // instructions retired when the window began
}

/** The counter (u8) of an instruction's slot in a mode; two may share one. */
function heatPtr(slotPtr: usize, mode: u32): usize {
  return APART_HEAT_PTR + (hashOf(slotPtr, mode) >>> 18);
}

/** Where translated code says so, as an i32. */
export const SEEN_PTR: usize = APART_PTR;

/** Translated code left the instruction at `pc` to the interpreter: counts where that is because of two pages. */
export function noteLeft(h: Hart, pc: u64, mode: u32): void {
  const s = changetype<Apart>(APART_PTR);
  if (s.isSeen == 0) return;
  s.isSeen = 0;
  if (h.retired - s.since > WINDOW_INSNS) {
    s.since = h.retired;
    s.count = 0;
  }
  if (++s.count < RATE) return;
  const code = decodedPage(h, pc);
  if (code == 0) return;
  const ptr = heatPtr(slotAt(code, pc), mode);
  if (load<u8>(ptr) == OFTEN) return;
  store<u8>(ptr, load<u8>(ptr) + 1);
  if (load<u8>(ptr) == OFTEN) retireRegions(code);
}

/** True where accesses that are looked up at the instruction of a slot are often on two pages. */
export function areApart(slotPtr: usize, mode: u32): bool {
  return load<u8>(heatPtr(slotPtr, mode)) == OFTEN;
}
