// From what was discovered to the record of a region: its pages, the halfwords that are translated, where it can be entered. Depends on
// discover and regions.
import { markTranslated } from "../bus/code";
import {
  blockAt,
  blocks,
  entryHw,
  insnAt,
  insns,
  isTarget,
  lengthOf,
  mode,
  pageCode,
  pageDelta,
  switchBlock,
  windowPages,
} from "./discover";
import { addEntry, addPage, regionAt } from "./regions";

/** The region at hand has been written: its record is that of region `index`. */
export function keepRegion(index: u32): void {
  for (let k: u32 = 0; k < windowPages(); k++) if (pageCode(k) != 0) addPage(index, pageDelta(k), pageCode(k));
  for (let b: u32 = 0; b < blocks; b++) {
    let hw = blockAt(b).start;
    for (let n = blockAt(b).count; n > 0; n--) {
      const length = lengthOf(insnAt(hw));
      for (let half: u32 = 0; half < length; half++) markTranslated(pageCode((hw + half) >>> 11), (hw + half) & 2047, mode);
      hw += length;
    }
  }
  addEntries(index);
  regionAt(index).insns = insns;
}

/** The region can be entered at its first instruction, at the heads of its loops, and where the interpreter comes back. */
function addEntries(index: u32): void {
  for (let b: u32 = 0; b < blocks; b++) {
    const block = blockAt(b);
    if (b == switchBlock || (b != 0 && (!block.isEntry || block.selector == 0))) continue;
    const entry = addEntry(index, pageCode(block.start >>> 11), (<usize>block.start) & 2047);
    entry.halves = <i32>block.start - <i32>entryHw;
    entry.selector = block.selector;
    entry.isCase = b == 0 || isTarget(b);
    const loop = block.inner == 0 ? block : blockAt(block.inner);
    entry.isLoop = loop.isHead && loop.isLazy;
  }
}
