// Which registers are resident where: in locals from block to block. Each small loop has its own, and what is not in a small loop has some in
// common. Depends on discover, liveness and order.
import { blockAt } from "./discover";
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
  const count = placed();
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const head = blockAt(index);
    if (head.zone != index) continue;
    beginCount();
    for (let at = position; at <= head.componentEnd; at++) noteSaved(blockIn(at));
    const resident = choose();
    for (let at = position; at <= head.componentEnd; at++) blockAt(blockIn(at)).resident = resident;
  }
  beginCount();
  for (let position: u32 = 0; position < count; position++) if (!blockAt(blockIn(position)).isLazy) noteSaved(blockIn(position));
  residentOutside = choose();
  for (let position: u32 = 0; position < count; position++) {
    const block = blockAt(blockIn(position));
    if (!block.isLazy) block.resident = residentOutside;
  }
}

function beginCount(): void {
  memory.fill(SAVED, 0, 64 * 4);
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
