// Which registers are read before they are written from a block on, but for what small loops load themselves: those that are resident outside of
// them must be in their locals where the region is entered and behind calls. Depends on discover, edges, order and residents.
import { Block, blockAt, NO_BLOCK } from "./discover";
import { edgesOf, isCall, successorOf } from "./edges";
import { blockIn, placed } from "./order";

/** Finds what is live in every block; what the blocks themselves do is known. */
export function findLive(): void {
  let isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (let position: i32 = placed() - 1; position >= 0; position--) if (findLiveIn(blockAt(blockIn(position)))) isChanged = true;
  }
}

function findLiveIn(block: Block): bool {
  let behind: u64 = 0;
  for (let edge: u32 = 0; edge < edgesOf(block) && !isCall(block); edge++) {
    const index = successorOf(block, edge);
    if (index != NO_BLOCK) behind |= blockAt(index).live;
  }
  const live = (block.reads | (behind & ~block.writes)) & ~(block.isLazy ? block.resident : 0); // what is resident in a small loop is loaded before it
  if (live == block.live) return false;
  block.live = live;
  return true;
}

/** What is live where the region may be entered. */
export function liveAtEntries(): u64 {
  let live: u64 = 0;
  for (let position: u32 = 0; position < placed(); position++) {
    const block = blockAt(blockIn(position));
    if (blockIn(position) == 0 || block.isEntry) live |= block.live;
  }
  return live;
}
