// The time that files are stamped with, asked for before any lock is taken; and the count of the clocks' ticker. Depends on host.
import { TICKER_PTR } from "../abi";
import { coarse_time_ms } from "../host";

/** Nanoseconds of the realtime clock, to a millisecond. */
@inline
export function stamp(): u64 {
  return <u64>coarse_time_ms() * 1_000_000;
}

/** For assembly/clock, whose memory is the program's: says whether its last answer is old. The host's ticker writes it. */
export function ticker_count(): i32 {
  return load<i32>(TICKER_PTR);
}
