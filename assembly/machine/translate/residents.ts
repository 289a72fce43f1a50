// Which registers are resident where: in locals from block to block of a zone. A small loop loads all of its own before it begins, and stores
// those that it writes on each way out, so that they must not be looked for anywhere else. Depends on discover, order and zones.
import { blockAt, NO_BLOCK } from "./discover";
import { blockIn, loopsAround, placed } from "./order";

/** At most so many registers are resident, and none that would save less than this share of what the first does. */
const MOST_RESIDENT: u32 = 14;
const LEAST_SHARE: u32 = 8;
/** A loop is taken to run 8 times, and no deeper nesting than this makes a difference. */
const ROUNDS_LOG: u32 = 3;
const DEEPEST: u32 = 4;
/** How many loads and stores each register would save as a resident one: u32 each. */
const SAVED: usize = memory.data(64 * 4);

/** Registers that are resident outside of small loops. */
export let residentOutside: u64 = 0;

/** Chooses the resident registers by what the blocks do. */
export function chooseResidents(): void {
  residentOutside = chooseIn(NO_BLOCK, 0, placed());
  for (let position: u32 = 0; position < placed(); position++) {
    const index = blockIn(position);
    if (blockAt(index).zone == index) chooseIn(index, position, blockAt(index).componentEnd + 1);
  }
}

/** Chooses those of a zone, whose blocks are among those from position `first` to before `end`. */
function chooseIn(zone: u32, first: u32, end: u32): u64 {
  memory.fill(SAVED, 0, 64 * 4);
  let writes: u64 = 0;
  for (let position = first; position < end; position++) {
    const index = blockIn(position);
    if (blockAt(index).zone != zone) continue;
    noteSaved(index);
    writes |= blockAt(index).writes;
  }
  const resident = choose();
  for (let position = first; position < end; position++) {
    const block = blockAt(blockIn(position));
    if (block.zone != zone) continue;
    block.resident = resident;
    if (block.isLazy) block.stored = resident & writes;
  }
  return resident;
}

/** A block loads what it reads first; in a small loop it stores what it has written as well. */
function noteSaved(index: u32): void {
  const block = blockAt(index);
  const runs: u32 = 1 << (ROUNDS_LOG * min(loopsAround(index), DEEPEST));
  note(block.reads, runs);
  if (block.isLazy) note(block.writes, runs);
}

function note(registers: u64, runs: u32): void {
  for (let left = registers; left != 0; left &= left - 1) {
    const at = SAVED + ((<usize>ctz<u64>(left)) << 2);
    store<u32>(at, load<u32>(at) + runs);
  }
}

function choose(): u64 {
  let resident: u64 = 0;
  let least: u32 = 1;
  for (let chosen: u32 = 0; chosen < MOST_RESIDENT; chosen++) {
    let best: u32 = 0;
    let most: u32 = 0;
    for (let n: u32 = 0; n < 64; n++) {
      const saved = load<u32>(SAVED + ((<usize>n) << 2));
      if (saved <= most || (resident & ((<u64>1) << n)) != 0) continue;
      best = n;
      most = saved;
    }
    if (chosen == 0) least = max(1, most / LEAST_SHARE);
    if (most < least) break;
    resident |= (<u64>1) << best;
  }
  return resident;
}
