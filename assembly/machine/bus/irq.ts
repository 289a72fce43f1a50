// Interrupt lines: devices set levels here, the PLIC reads them. Depends on layout only.
// A level change marks the lines dirty; the machine lets the PLIC look before the next guest instruction.
import { BOARD_PTR } from "../layout";

const LINES_PTR: usize = BOARD_PTR; // 4 x u32, bit n % 32 of word n / 32 is the level of source n
const DIRTY_PTR: usize = BOARD_PTR + 16;

/** Sets the level of interrupt source `irq` (1 to PLIC_SOURCES - 1). */
export function setLine(irq: u32, level: bool): void {
  const ptr = LINES_PTR + ((irq >> 5) << 2);
  const bit = (<u32>1) << (irq & 31);
  const before = load<u32>(ptr);
  const after = level ? before | bit : before & ~bit;
  if (before == after) return;
  store<u32>(ptr, after);
  store<u32>(DIRTY_PTR, 1);
}

/** The levels of sources 32 * word to 32 * word + 31. */
export function lines(word: u32): u32 {
  return load<u32>(LINES_PTR + (word << 2));
}

/** True once after a level changed. */
export function takeDirty(): bool {
  const dirty = load<u32>(DIRTY_PTR) != 0;
  store<u32>(DIRTY_PTR, 0);
  return dirty;
}
