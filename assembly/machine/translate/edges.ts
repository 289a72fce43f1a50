// Where a block leads to within its region. Depends on discover only.
import { Block, END_CALL, END_CALL_REGISTER, END_SWITCH, targetAt, targets } from "./discover";


@inline
export function isCall(block: Block): bool {
  return block.end == END_CALL || block.end == END_CALL_REGISTER;
}

/** How many successors a block may have. */
@inline
export function edgesOf(block: Block): u32 {
  return block.end == END_SWITCH ? targets : 2;
}

/** One of them; NO_BLOCK where the region ends there. */
@inline
export function successorOf(block: Block, edge: u32): u32 {
  if (block.end == END_SWITCH) return targetAt(edge);
  return edge == 0 ? block.first : block.second;
}
