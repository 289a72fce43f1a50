// Decoded pages: for a guest page that runs, an array of decoded instructions, one slot a halfword. The interpreter fills
// them; every write to guest memory must drop what it changes. Depends on layout only; knows nothing of decoding.
//
//   slot (8 bytes):  u16 op | u8 rd | u8 rs1 | i16 imm | u8 rs2 | u8 rm      op 0 = not decoded
//   page:            2048 slots, then 2 slots OP_PAGE_END
import { BOARD_PTR } from "../layout";

const FREE_PTR: usize = BOARD_PTR + 128; // u32, head of the free list; the next pointer is in the first slot
const CODE_EPOCH_PTR: usize = BOARD_PTR + 132; // u32

/** Forgets the decoded page of a page table entry (see ram.ts). */
export function releaseCode(entryPtr: usize): void {
  const code = <usize>load<u32>(entryPtr, 4);
  memory.fill(code, 0, 2048 * 8);
}
