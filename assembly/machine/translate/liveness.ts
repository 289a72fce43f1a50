// Which resident registers a region must load and store, and where. A register is dirty where its local may differ from the hart, and live where
// its local is needed: because it is read, or because a way out stores what may be dirty there. Only in lazy blocks, those of small loops,
// is something dirty for longer than from one instruction that may be left to the next. A call loads what is live behind it. Depends on
// discover, edges, loops and order.
import { Block, blockAt, NO_BLOCK } from "./discover";
import { edgesOf, isCall, successorOf } from "./edges";
import { MAX_SMALL_INSNS } from "./loops";
import { blockIn, placed } from "./order";

/** What a lazy block's way out, or the return or jump at its end, stores. */
@inline
export function stored(block: Block): u64 {
  return block.isLazy ? (block.dirty | block.writes) & block.resident : 0;
}

/** Chooses the lazy blocks: those of loops without calls that are small. Elsewhere a store for each write costs V8 less than what is dirty in many places. */
export function chooseLazy(): void {
  const count = placed();
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    const outer = block.parent;
    if (outer != NO_BLOCK && blockAt(outer).isLazy) block.zone = blockAt(outer).zone;
    else block.zone = block.isHead && isSmallLoop(block) ? index : NO_BLOCK;
    block.isLazy = block.zone != NO_BLOCK;
    block.resident = ~0;
  }
}

function isSmallLoop(head: Block): bool {
  let insns: u32 = 0;
  for (let position = head.position; position <= head.componentEnd; position++) {
    const block = blockAt(blockIn(position));
    if (isCall(block)) return false;
    insns += block.count;
  }
  return insns <= MAX_SMALL_INSNS;
}

/** Finds what is dirty and what is live in every block; what the blocks themselves do is known. */
export function findLive(): void {
  const count = placed();
  let isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (let position: u32 = 0; position < count; position++) if (spreadDirty(blockAt(blockIn(position)))) isChanged = true;
  }
  isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (let position: i32 = count - 1; position >= 0; position--) if (findLiveIn(blockAt(blockIn(position)))) isChanged = true;
  }
}

/** True where a successor has more dirty registers now. */
function spreadDirty(block: Block): bool {
  if (isCall(block)) return false;
  let isChanged = false;
  for (let edge: u32 = 0; edge < edgesOf(block); edge++) {
    const index = successorOf(block, edge);
    if (index == NO_BLOCK) continue;
    const successor = blockAt(index);
    if (successor.zone != block.zone) continue;
    const dirty = successor.dirty | stored(block);
    if (dirty != successor.dirty) isChanged = true;
    successor.dirty = dirty;
  }
  return isChanged;
}

function findLiveIn(block: Block): bool {
  let behind: u64 = 0;
  for (let edge: u32 = 0; edge < edgesOf(block) && !isCall(block); edge++) {
    const index = successorOf(block, edge);
    if (index != NO_BLOCK) behind |= blockAt(index).live;
  }
  const live = block.reads | block.dirty | block.late | (behind & ~block.writes);
  if (live == block.live) return false;
  block.live = live;
  return true;
}

/** What a small loop must load before it begins: it may be entered at its head, and by selectors. */
export function liveAtZone(head: Block): u64 {
  let live = head.live;
  for (let position = head.position; position <= head.componentEnd; position++) {
    const block = blockAt(blockIn(position));
    if (block.selector != 0) live |= block.live;
  }
  return live & head.resident;
}

/** True for an edge out of a small loop: what is dirty is stored on it. */
export function leavesZone(from: Block, to: u32): bool {
  return from.isLazy && blockAt(to).zone != from.zone;
}

/** What must be loaded wherever the region is entered. */
export function liveAtEntries(): u64 {
  let live: u64 = 0;
  for (let position: u32 = 0; position < placed(); position++) {
    const block = blockAt(blockIn(position));
    if (blockIn(position) == 0 || block.isEntry) live |= block.live;
  }
  return live;
}
