// Zones: the small loops of a region, each with what is in it, and what lies outside of all. A small loop has no calls and not many
// instructions. Its blocks are lazy: what they write stays in locals, and is stored on the ways out. Elsewhere a store for each write costs V8
// less than what may have to be stored in many places. Depends on discover, edges, loops and order.
import { Block, blockAt, NO_BLOCK } from "./discover";
import { isCall } from "./edges";
import { MAX_SMALL_INSNS } from "./loops";
import { blockIn, placed } from "./order";

/** Says of each block which small loop holds it: the outermost one. */
export function chooseZones(): void {
  const count = placed();
  for (let position: u32 = 0; position < count; position++) {
    const index = blockIn(position);
    const block = blockAt(index);
    const outer = block.parent;
    if (outer != NO_BLOCK && blockAt(outer).isLazy) block.zone = blockAt(outer).zone;
    else block.zone = block.isHead && isSmallLoop(block) ? index : NO_BLOCK;
    block.isLazy = block.zone != NO_BLOCK;
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

/** True for an edge out of a small loop. */
export function leavesZone(from: Block, to: u32): bool {
  return from.isLazy && blockAt(to).zone != from.zone;
}
