// HTIF, the host interface of bare-metal test programs: two 64-bit words in RAM, `tohost` and `fromhost`. Depends on bus only.
// An odd value in tohost ends the run with status value >> 1; device 1, command 1 is a console character; another value is the address of
// four words that hold a system call, of which write(2) to stdout and stderr is done. The answer to both is fromhost = 1.
import { BOARD_PTR } from "../layout";
import { ramLoad, ramPtr, ramStore } from "../bus/ram";
import { serialWrite } from "../bus/serial";
import { turn, TURN_RUNS } from "../bus/turn";

const SYS_WRITE: u64 = 64;
const ERROR_NO_SYSTEM_CALL: i64 = -38;
const WRITE_MAX_BYTES: u64 = 4096;

const TOHOST_PTR: usize = BOARD_PTR + 208; // u64 physical address, 0: no HTIF
const FROMHOST_PTR: usize = BOARD_PTR + 232; // u64 physical address, 0: none
const ENDED_PTR: usize = BOARD_PTR + 216; // u32
const STATUS_PTR: usize = BOARD_PTR + 220; // u32

export function htifInit(tohostPa: u64, fromhostPa: u64): void {
  store<u64>(TOHOST_PTR, tohostPa);
  store<u64>(FROMHOST_PTR, fromhostPa);
  store<u32>(ENDED_PTR, 0);
}

/** True where `pa` shares a page with tohost, so that its stores must be looked at. */
@inline
export function htifPage(pa: u64): bool {
  const tohost = load<u64>(TOHOST_PTR);
  return tohost != 0 && ((pa ^ tohost) & ~0xfff) == 0;
}

/** Call after a store to `pa`; true where the run loop is to let go. A 32-bit store to the low half counts, as with the usual test programs. */
export function htifStore(pa: u64): bool {
  const tohost = load<u64>(TOHOST_PTR);
  if ((pa & ~7) != tohost) return false;
  const value = ramLoad<u64>(tohost);
  if (value == 0) return false;
  const command = value >>> 48;
  if (value & 1 && command == 0) {
    store<u32>(ENDED_PTR, 1);
    store<u32>(STATUS_PTR, <u32>min<u64>(value >>> 1, u32.MAX_VALUE));
    return true;
  }
  if (command == 0x0101) serialWrite((<u32>value) & 0xff);
  else if (command == 0) systemCall(value);
  ramStore<u64>(tohost, 0);
  if (load<u64>(FROMHOST_PTR) != 0) ramStore<u64>(load<u64>(FROMHOST_PTR), 1);
  return turn() != TURN_RUNS;
}

/** The call at `pa`: number, then three arguments; the result takes the number's place. */
function systemCall(pa: u64): void {
  const call = ramLoad<u64>(pa);
  const fd = ramLoad<u64>(pa + 8);
  const len = min(ramLoad<u64>(pa + 24), WRITE_MAX_BYTES);
  if (call != SYS_WRITE || (fd != 1 && fd != 2)) return ramStore<u64>(pa, ERROR_NO_SYSTEM_CALL);
  const from = ramLoad<u64>(pa + 16);
  for (let n: u64 = 0; n < len; n++) {
    const ptr = ramPtr(from + n);
    if (ptr != 0) serialWrite(load<u8>(ptr));
  }
  ramStore<u64>(pa, len);
}

export function htifEnded(): bool {
  return load<u32>(ENDED_PTR) != 0;
}

export function htifStatus(): u32 {
  return load<u32>(STATUS_PTR);
}
