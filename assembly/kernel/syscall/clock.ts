// The time that files are stamped with. Asked for before any lock is taken. Depends on host.
import { coarse_time_ms } from "../host";

/** Nanoseconds of the realtime clock, to a millisecond. */
@inline
export function stamp(): u64 {
  return <u64>coarse_time_ms() * 1_000_000;
}
