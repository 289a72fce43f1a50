// Reads the tables by which a compiled `switch` finds its cases: at an address that the code builds, 32-bit offsets from the table or
// 64-bit addresses. What stands there is a guess about where jumps may go, so it need not be right. Depends on hart only.
import { Hart } from "../hart/state";
import { addressOf, entryOf, isHit } from "../hart/tables";

/** Entries of a table that are looked at. */
export const MAX_TABLE_ENTRIES: u32 = 64;

/** Where entry `index` of the table at `table` leads; 0 where the read table does not know the page. */
export function placeInTable(h: Hart, table: u64, index: u32, isWide: bool): u64 {
  const va = table + ((<u64>index) << (isWide ? 3 : 2));
  const entry = entryOf(h.readTlb, va);
  if (!isHit(entry, va, isWide ? 8 : 4)) return 0;
  const ptr = addressOf(entry, va);
  return isWide ? load<u64>(ptr) : table + <i64>load<i32>(ptr);
}
