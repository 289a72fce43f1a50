// Randomness, in pieces, so that no request holds the thread for long without looking at the gate. May depend on the files above.
import { randomFillSync } from "node:crypto";
import { call } from "../call.js";
import type { Context } from "../context.js";
import { buffer } from "../param.js";

/** Small requests are served from what was drawn ahead. */
const POOL_BYTES = 4096;
const SMALL_BYTES = 256;
const PIECE_BYTES = 65_536;

const pool = new Uint8Array(POOL_BYTES);
const piece = new Uint8Array(PIECE_BYTES);
let used = POOL_BYTES;

function fillSmall(into: Uint8Array, ptr: number, len: number): void {
  if (used + len > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  for (let i = 0; i < len; i++) into[ptr + i] = pool[used + i] as number;
  pool.fill(0, used, used + len); // nothing is given out twice
  used += len;
}

function fillLarge(context: Context, ptr: number, len: number): number {
  for (let done = 0; done < len; done += PIECE_BYTES) {
    const part = piece.subarray(0, Math.min(PIECE_BYTES, len - done));
    randomFillSync(part);
    context.memory.bytes.set(part, ptr + done);
    const result = done > 0 ? context.kernel.sched_yield(context.proc) : 0;
    if (result !== 0) return context.fail(result);
  }
  return 0;
}

export const RANDOM_CALLS = {
  random_get: call("random", [buffer("buf")], (c, ptr, len) => {
    if (len >>> 0 > SMALL_BYTES) return fillLarge(c, ptr >>> 0, len >>> 0);
    fillSmall(c.memory.bytes, ptr >>> 0, len >>> 0);
    return 0;
  }),
} as const;
