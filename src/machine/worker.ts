// The entry of a worker thread: the machines that live on it, and the loop in which they take turns. Messages are heard between
// two slices. May depend on the files beside it.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { returnMemory } from "./memory-return.js";
import { adoptMachine } from "./module.js";
import { describeFailure, Runner, type Send } from "./runner.js";
import { Scheduler, type Seat } from "./scheduler.js";
import type { Envelope, FromWorker, StartMessage, ThreadData, ToWorker } from "./worker-messages.js";

/** The longest timer that Node knows is about 24 days; waking once a minute costs nothing. */
const LONGEST_SLEEP_MS = 60_000;
/** Between two turns of Node's event loop: a turn costs 50 us more than to look for messages. */
const SLICES_A_TURN = 4;

const machines = new Map<number, { readonly runner: Runner; readonly seat: Seat }>();
const scheduler = new Scheduler(() => performance.now());
let immediate: NodeJS.Immediate | undefined;
let timer: NodeJS.Timeout | undefined;

adoptMachine((workerData as ThreadData).module);

function sender(machine: number): Send {
  return (body, transfer = []) => {
    if (body.kind === "end" || body.kind === "failed") leave(machine);
    parentPort?.postMessage({ machine, body } satisfies Envelope<FromWorker>, transfer as ArrayBuffer[]);
  };
}

function leave(machine: number): void {
  const found = machines.get(machine);
  if (found !== undefined) scheduler.remove(found.seat);
  machines.delete(machine);
  returnMemory();
}

function start(machine: number, message: StartMessage): void {
  const send = sender(machine);
  try {
    const runner = new Runner(message, send);
    const seat = scheduler.add(runner, message.share);
    machines.set(machine, { runner, seat });
    if (message.paused) pause(runner, seat);
    send({ kind: "started" });
  } catch (error) {
    send({ kind: "failed", ...describeFailure(error) });
  }
}

function pause(runner: Runner, seat: Seat): void {
  scheduler.hold(seat);
  runner.clock.stand();
}

function receive({ machine, body }: Envelope<ToWorker>): void {
  if (body.kind === "start") return start(machine, body);
  const found = machines.get(machine);
  if (found === undefined) return;
  const { runner, seat } = found;
  switch (body.kind) {
    case "pause":
      pause(runner, seat);
      return sender(machine)({ kind: "done", request: body.request });
    case "resume":
      runner.clock.go();
      scheduler.release(seat);
      return sender(machine)({ kind: "done", request: body.request });
    default:
      runner.receive(body);
      scheduler.wake(seat);
  }
}

/** What waits to be heard. */
function hear(): void {
  if (parentPort === null) return;
  for (;;) {
    const received = receiveMessageOnPort(parentPort) as { message: Envelope<ToWorker> } | undefined;
    if (received === undefined) return;
    receive(received.message);
  }
}

/** The next step comes after what waits to be heard. */
function goOn(): void {
  clearTimeout(timer);
  immediate ??= setImmediate(step);
}

function step(): void {
  immediate = undefined;
  let waitMs = scheduler.step();
  for (let slices = 1; slices < SLICES_A_TURN && waitMs <= 0; slices++) {
    hear();
    waitMs = scheduler.step();
  }
  if (waitMs <= 0) goOn();
  else if (waitMs !== Number.POSITIVE_INFINITY) timer = setTimeout(goOn, Math.ceil(Math.min(waitMs, LONGEST_SLEEP_MS)));
}

parentPort?.on("message", (envelope: Envelope<ToWorker>) => {
  receive(envelope);
  goOn();
});
