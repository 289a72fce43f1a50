// HTIF, the host interface of bare-metal test programs: a 64-bit word `tohost` in RAM. Depends on bus only.
// An odd value ends the run with status value >> 1; device 1, command 1 is a console character.
import { uartWrite } from "../host";
import { BOARD_PTR } from "../layout";
import { ramLoad, ramStore } from "../bus/ram";

const TOHOST_PTR: usize = BOARD_PTR + 208; // u64 physical address, 0: no HTIF
const ENDED_PTR: usize = BOARD_PTR + 216; // u32
const STATUS_PTR: usize = BOARD_PTR + 220; // u32

export function htifInit(tohostPa: u64): void {
  store<u64>(TOHOST_PTR, tohostPa);
  store<u32>(ENDED_PTR, 0);
}

/** True where `pa` shares a page with tohost, so that its stores must be looked at. */
@inline
export function htifPage(pa: u64): bool {
  const tohost = load<u64>(TOHOST_PTR);
  return tohost != 0 && ((pa ^ tohost) & ~0xfff) == 0;
}

/** Call after a store to `pa`; true where the run ended. A 32-bit store to the low half counts, as with the usual test programs. */
export function htifStore(pa: u64): bool {
  const tohost = load<u64>(TOHOST_PTR);
  if ((pa & ~7) != tohost) return false;
  const value = ramLoad<u64>(tohost);
  if (value & 1 && value >>> 48 == 0) {
    store<u32>(ENDED_PTR, 1);
    store<u32>(STATUS_PTR, <u32>(value >>> 1));
    return true;
  }
  if (value >>> 48 == 0x0101) uartWrite(<u32>value & 0xff);
  if (value != 0) ramStore<u64>(tohost, 0);
  return false;
}

export function htifEnded(): bool {
  return load<u32>(ENDED_PTR) != 0;
}

export function htifStatus(): u32 {
  return load<u32>(STATUS_PTR);
}
