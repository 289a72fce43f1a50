// The entry of a container's thread: takes one program after another, each with an instance, a memory and a process of its own. What
// it makes for one is gone before the next. May depend on config, kernel/, host-directory/, wasi/ and the files beside it.
import { readlinkSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { Program } from "./program-run.js";
import type { FromThread, ThreadData, ToThread } from "./messages.js";

const tell = (message: FromThread): void => parentPort?.postMessage(message);

/** Linux tells the CPU time of a thread by its number. */
function threadId(): number | undefined {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return undefined;
  }
}

const program = new Program(workerData as ThreadData, () => tell({ kind: "ticker" }));
parentPort?.on("message", (message: ToThread) => void program.run(message, tell).then((end) => tell({ kind: "end", end })));
tell({ kind: "ready", tid: threadId() });
