// What carries the agent's bytes: a virtio-console port of our machine, or a socket to QEMU's. Depends on errors only.
import type { Duplex } from "node:stream";
import { WardianError } from "../../errors.js";

/** A byte stream in both directions, in order and without loss. Chunk borders mean nothing. */
export interface AgentTransport {
  /** Takes `bytes` for good. A promise says "full": it resolves when more is welcome. */
  write(bytes: Uint8Array): undefined | Promise<void>;
  /** The listener keeps `bytes`: the transport must not reuse their memory. Called once, before the first write. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** The other side has gone. */
  onClose(listener: (cause?: Error) => void): void;
  close(): void;
}

/** What may wait for an agent that does not read: well above what a session has under way with one that does. */
const UNREAD_LIMIT_BYTES = 8 * 2 ** 20;
const UNREAD = "the guest's agent does not read what it is sent; the session with it is over";

/** A Node stream (a socket, say) as a transport. */
export function streamTransport(stream: Duplex): AgentTransport {
  let full: Promise<void> | undefined;
  let cause: Error | undefined;
  return {
    write(bytes) {
      if (stream.destroyed || stream.write(bytes)) return undefined;
      if (stream.writableLength > UNREAD_LIMIT_BYTES) stream.destroy(new WardianError("agent-protocol", UNREAD));
      full ??= new Promise((resolve) => {
        const free = (): void => {
          full = undefined;
          stream.off("drain", free).off("close", free);
          resolve();
        };
        stream.on("drain", free).on("close", free);
      });
      return full;
    },
    onData: (listener) => void stream.on("data", listener),
    onClose(listener) {
      stream.on("error", (error) => {
        cause = error;
      });
      stream.on("end", () => stream.destroy());
      stream.on("close", () => listener(cause));
    },
    close: () => void stream.destroy(),
  };
}
