// Stream sockets that the container was given. May depend on the kernel's abi and the files above.
import { RIFLAGS_RECV_WAITALL } from "../../../assembly/kernel/abi.js";
import { add, call, READ_BYTES, WRITTEN_BYTES } from "../call.js";
import type { Context } from "../context.js";
import { int, iovs, out } from "../param.js";
import { checkIovs, type Mover, readAll, writeAll } from "../transfer.js";

function mover(step: (c: Context, fd: number, len: number) => number): Mover {
  const own: Mover = {
    count: 0,
    step(c, fd, len) {
      const result = step(c, fd, len);
      own.count = c.result;
      return result;
    },
  };
  return own;
}

// prettier-ignore
export const SOCKET_CALLS = {
  sock_accept: call("socket", [int("fd"), int("flags"), out("fd", 4)], (c, fd, flags, ptr) => {
    const result = c.kernel.sock_accept(c.proc, fd, flags);
    if (result !== 0) return c.fail(result);
    c.memory.view.setUint32(ptr >>> 0, c.result, true);
    return 0;
  }),

  sock_recv: call("socket", [int("fd"), iovs("ri_data"), int("ri_flags"), out("count", 4), out("ro_flags", 2)],
    (c, fd, ptr, count, flags, outPtr, flagsPtr) => {
      const bad = checkIovs(c, ptr >>> 0, count >>> 0);
      if (bad !== 0) return bad;
      const receiver = mover((own, from, len) => own.kernel.sock_recv(own.proc, from, len, flags));
      const result = readAll(c, fd, ptr >>> 0, count >>> 0, receiver, () => flags === RIFLAGS_RECV_WAITALL);
      if (result !== 0) return result;
      add(c, READ_BYTES, receiver.count);
      c.memory.view.setUint32(outPtr >>> 0, receiver.count, true);
      c.memory.view.setUint16(flagsPtr >>> 0, 0, true); // a stream's data is never cut off
      return 0;
    }),

  sock_send: call("socket", [int("fd"), iovs("si_data"), int("si_flags"), out("count", 4)], (c, fd, ptr, count, flags, outPtr) => {
    const bad = checkIovs(c, ptr >>> 0, count >>> 0);
    if (bad !== 0) return bad;
    const sender = mover((own, to, len) => own.kernel.sock_send(own.proc, to, len, flags));
    const result = writeAll(c, fd, ptr >>> 0, count >>> 0, sender);
    if (result !== 0) return result;
    add(c, WRITTEN_BYTES, sender.count);
    c.memory.view.setUint32(outPtr >>> 0, sender.count, true);
    return 0;
  }),

  sock_shutdown: call("socket", [int("fd"), int("how")], (c, fd, how) => {
    const result = c.kernel.sock_shutdown(c.proc, fd, how);
    return result === 0 ? 0 : c.fail(result);
  }),
} as const;
