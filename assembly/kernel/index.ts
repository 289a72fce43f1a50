// What the kernel exports. May depend on everything in the kernel.
import { WINDOW_BYTES } from "./abi";

/** Bytes of a process's window. */
export function window_bytes(): i32 {
  return WINDOW_BYTES;
}
