// Gives memory back to the host that only a collection of garbage sets free. On a thread of machines: V8 frees a WebAssembly memory
// when it collects, and a thread whose other machines run makes next to no garbage; without this, a machine's memory stays until the
// next one starts there. On the main thread: what loading the library and booting a guest left behind. Depends on nothing of ours.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Calls that come close together are one collection (3 to 10 ms of the thread). */
const GATHER_MS = 250;

let timer: NodeJS.Timeout | undefined;
let collect: (() => void) | undefined;

/** Call when nothing refers to it any more. */
export function returnMemory(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    collect ??= exposedCollector();
    collect();
  }, GATHER_MS).unref();
}

/** Node has no other way to a collection than V8's switch for it; where a later one drops it, memory comes back later. */
function exposedCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collector: unknown = runInNewContext("typeof gc === 'function' ? gc : undefined");
  return typeof collector === "function" ? () => void collector() : () => {};
}
