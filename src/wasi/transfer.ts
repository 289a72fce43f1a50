// Data between the guest's iovecs and the window: gathered for a write, scattered after a read, however many and however long they
// are. May depend on the kernel's abi and the files beside it.
import { WINDOW_BYTES } from "../../assembly/kernel/abi.js";
import type { Context } from "./context.js";
import { ERRNO } from "./errno.js";
import { IOV_BYTES } from "./param.js";

/** As POSIX' IOV_MAX. */
export const IOV_MAX = 1024;
const MAX_TOTAL_BYTES = 2 ** 32 - 1;

/** One step: moves up to `len` bytes through the window, gives a result like the kernel's; result 0 says how many in `count`. */
export interface Mover {
  /** Bytes moved by the last step. */
  count: number;
  step(context: Context, fd: number, len: number, done: number): number;
}

/** Bounds of the array, of every piece, and of their sum; 0 or an errno. */
export function checkIovs({ memory }: Context, ptr: number, count: number): number {
  if (count > IOV_MAX) return ERRNO.inval;
  if (!memory.holds(ptr, count * IOV_BYTES)) return ERRNO.fault;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = ptr + i * IOV_BYTES;
    const len = memory.view.getUint32(at + 4, true);
    if (!memory.holds(memory.view.getUint32(at, true), len)) return ERRNO.fault;
    total += len;
  }
  return total > MAX_TOTAL_BYTES ? ERRNO.inval : 0;
}

export function totalOf({ memory: { view } }: Context, ptr: number, count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += view.getUint32(ptr + i * IOV_BYTES + 4, true);
  return total;
}

/** Copies `len` bytes that lie `skip` bytes into the iovecs: from them into the window, or out of the window into them. What was
 *  read may have been read over the iovecs themselves, so that each is looked at again. */
function move(context: Context, ptr: number, count: number, skip: number, len: number, isOut: boolean): void {
  const { memory, window } = context;
  let before = skip;
  let done = 0;
  for (let i = 0; i < count && done < len; i++) {
    const at = ptr + i * IOV_BYTES;
    const base = memory.view.getUint32(at, true);
    const size = memory.view.getUint32(at + 4, true);
    if (before >= size) {
      before -= size;
      continue;
    }
    const part = Math.min(size - before, len - done);
    if (!memory.holds(base + before, part)) return;
    if (isOut) window.give(base + before, part, done);
    else window.take(base + before, part, done);
    done += part;
    before = 0;
  }
}

/** Into the guest. Goes on past one window only where `mayGoOn`: a second read of a pipe could wait although there is data already. */
export function readAll(c: Context, fd: number, ptr: number, count: number, mover: Mover, mayGoOn: () => boolean): number {
  const total = totalOf(c, ptr, count);
  let done = 0;
  do {
    const want = Math.min(total - done, WINDOW_BYTES);
    const result = mover.step(c, fd, want, done);
    if (result !== 0 && done === 0) return c.fail(result);
    if (result !== 0) break;
    move(c, ptr, count, done, mover.count, true);
    done += mover.count;
    if (mover.count < want) break;
  } while (done < total && mayGoOn());
  mover.count = done;
  return 0;
}

/** Out of the guest, until it is all written, or less was taken than given. */
export function writeAll(c: Context, fd: number, ptr: number, count: number, mover: Mover): number {
  const total = totalOf(c, ptr, count);
  let done = 0;
  do {
    const want = Math.min(total - done, WINDOW_BYTES);
    move(c, ptr, count, done, want, false);
    const result = mover.step(c, fd, want, done);
    if (result !== 0 && done === 0) return c.fail(result);
    if (result !== 0) break;
    done += mover.count;
    if (mover.count < want) break;
  } while (done < total);
  mover.count = done;
  return 0;
}
