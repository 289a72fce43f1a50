// clock_time_get in WebAssembly, over the program's own memory: the answers between two looks at the host's clock, by the rules of
// src/wasi/clock.ts. What it does not do goes to the call in full. One instance a program (src/wasi/clock-thunk.ts); no data, no start function.

/** The same call in JavaScript: other clocks, and pointers that are out of bounds. */
@external("host", "whole")
declare function whole(id: i32, precision: u64, ptr: usize): i32;

/** Looks at the host's clock and tells `answer`, before it returns. */
@external("host", "look")
declare function look(left: i32): void;

/** The ticker's count: assembly/kernel/syscall/clock.ts. */
@external("kernel", "ticker_count")
declare function ticker_count(): i32;

const MONOTONIC: u32 = 1;
const WASM_PAGE_BITS: u64 = 16;
const RESULT_BYTES: u64 = 8;
/** No call takes less. */
const STEP_NS: u64 = 2;

/** Answers that may still be given without a look. */
export let left: i32 = 0;
let ns: u64 = 0;
let epoch: i32 = 0;
/** Realtime where monotonic time is 0. */
let originNs: u64 = 0;

export function clock_time_get(id: i32, precision: u64, ptr: usize): i32 {
  const isInside = <u64>ptr + RESULT_BYTES <= (<u64>memory.size()) << WASM_PAGE_BITS;
  if (!isInside || <u32>id > MONOTONIC) return whole(id, precision, ptr);
  if (left > 0 && ticker_count() == epoch) {
    left--;
    ns += STEP_NS;
  } else look(left);
  store<u64>(ptr, id == MONOTONIC ? ns : ns + originNs);
  return 0;
}

/** Nothing that is told goes back. */
export function answer(nowNs: f64, originLow: u32, originHigh: u32, answers: i32, count: i32): void {
  ns = max(ns, <u64>nowNs);
  originNs = ((<u64>originHigh) << 32) | originLow;
  left = answers;
  epoch = count;
}
