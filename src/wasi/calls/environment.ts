// Arguments and environment. May depend on the files above.
import { call } from "../call.js";
import type { Context, StringBlock } from "../context.js";
import { ERRNO } from "../errno.js";
import { out, pointer } from "../param.js";

const POINTER_BYTES = 4;

/** The strings at `bytesPtr`, and where each is at `offsetsPtr`. */
function giveStrings({ memory }: Context, { bytes, offsets }: StringBlock, offsetsPtr: number, bytesPtr: number): number {
  if (!memory.holds(offsetsPtr, offsets.length * POINTER_BYTES) || !memory.holds(bytesPtr, bytes.length)) return ERRNO.fault;
  memory.bytes.set(bytes, bytesPtr);
  for (const [i, offset] of offsets.entries()) memory.view.setUint32(offsetsPtr + i * POINTER_BYTES, bytesPtr + offset, true);
  return 0;
}

function giveSizes({ memory }: Context, { bytes, offsets }: StringBlock, countPtr: number, sizePtr: number): number {
  memory.view.setUint32(countPtr, offsets.length, true);
  memory.view.setUint32(sizePtr, bytes.length, true);
  return 0;
}

const STRINGS = [pointer("pointers"), pointer("bytes")] as const;
const SIZES = [out("count", 4), out("size", 4)] as const;

// prettier-ignore
export const ENVIRONMENT_CALLS = {
  args_get:          call("environment", STRINGS, (c, argv, bytes) => giveStrings(c, c.args, argv >>> 0, bytes >>> 0)),
  args_sizes_get:    call("environment", SIZES,   (c, count, size) => giveSizes(c, c.args, count >>> 0, size >>> 0)),
  environ_get:       call("environment", STRINGS, (c, environ, bytes) => giveStrings(c, c.env, environ >>> 0, bytes >>> 0)),
  environ_sizes_get: call("environment", SIZES,   (c, count, size) => giveSizes(c, c.env, count >>> 0, size >>> 0)),
} as const;
