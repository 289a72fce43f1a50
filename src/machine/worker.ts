// The entry of a machine's worker thread: one worker is one power-on of one machine. May depend on runner.ts.
import { parentPort } from "node:worker_threads";
import { describeFailure, Runner, type Send } from "./runner.js";
import type { StartMessage, ToWorker } from "./worker-messages.js";

let runner: Runner | undefined;

const send: Send = (message, transfer = []) => parentPort?.postMessage(message, transfer as ArrayBuffer[]);

function start(message: StartMessage): void {
  try {
    runner = new Runner(message, send);
    send({ kind: "started" });
    runner.begin();
  } catch (error) {
    send({ kind: "failed", ...describeFailure(error) });
  }
}

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "start") start(message);
  else runner?.receive(message);
});
