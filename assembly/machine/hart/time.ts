// `mtime`, in TIMEBASE_HZ ticks: the host's clock plus what a guest wrote to it. Depends on host and layout only.
import { now } from "../host";
import { BOARD_PTR } from "../layout";

const OFFSET_PTR: usize = BOARD_PTR + 200; // u64

export function mtime(): u64 {
  return mtimeAt(now());
}

/** mtime when the host's clock shows `ticks`. */
export function mtimeAt(ticks: u64): u64 {
  return ticks + load<u64>(OFFSET_PTR);
}

export function setMtime(value: u64): void {
  store<u64>(OFFSET_PTR, value - now());
}
