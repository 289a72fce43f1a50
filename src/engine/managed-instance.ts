// One instance under the engine's care: its states, its runs, its restarts. May depend on errors, instance/, store/, metrics/ and the
// files beside it.
import { WardianError } from "../errors.js";
import { canEnter, describeState, type InstanceState, LIVE_STATES, requireStep } from "../instance/lifecycle.js";
import type { LiveInstance, Measured } from "../instance/live.js";
import { memoryBytesOf } from "../instance/memory-limit.js";
import type { InstanceRecord } from "../instance/record.js";
import { RootLayer } from "../instance/root-layer.js";
import { takesInput } from "../instance/spec.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { StartHooks } from "../instance/start-hooks.js";
import { signalNumber } from "../machine/agent/index.js";
import { InstanceLog } from "../store/instance-log.js";
import type { AttachOptions, ExecCommand, WaitCondition } from "./action.js";
import { FileChanges, type Interruptible } from "./file-changes.js";
import { MainStreams } from "./main-streams.js";
import { RecordKeeper } from "./record-keeper.js";
import { restartDelayMs, SETTLED_MS, shouldRestart } from "./restart-policy.js";
import { Run } from "./run.js";
import type { Surroundings } from "./surroundings.js";
import { type Verdict, verdictOfFailedStart } from "./verdict.js";

export const DEFAULT_GRACE_MS = 10_000;
const SIGKILL = 9;

export class ManagedInstance {
  readonly log: InstanceLog | undefined;
  readonly memoryBytes: number;
  readonly #keeper: RecordKeeper;
  readonly #streams: MainStreams;
  readonly #fileChanges = new FileChanges();
  #run: Run | undefined;
  #starting: Promise<InstanceRecord> | undefined;
  #removing: Promise<void> | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #isRemoved = false;
  /** Between the end of a run and its policy's word on it. */
  #isSettling = false;
  /** Its end is the beginning of its next run, on request. */
  #isRestarting = false;

  constructor(
    record: InstanceRecord,
    private readonly around: Surroundings,
  ) {
    this.#keeper = new RecordKeeper(record, around);
    this.memoryBytes = memoryBytesOf(record.spec);
    const { folder } = around;
    this.log = folder && new InstanceLog(folder.instanceLog(record.id), { onNote: (text) => around.onNote(text) });
    if (!LIVE_STATES.has(record.state)) this.log?.end();
    this.#streams = new MainStreams(this.log, (count) => around.meter.addLogBytes(count));
  }

  get record(): InstanceRecord {
    return this.#keeper.record;
  }

  get id(): string {
    return this.record.id;
  }

  /** For messages: what people call it. */
  get name(): string {
    return this.record.name;
  }

  get isLive(): boolean {
    return LIVE_STATES.has(this.record.state);
  }

  get measured(): Measured | undefined {
    return this.#run?.measured;
  }

  /** Resolves when it runs; a second call while it starts, or runs, is the same as the first. */
  async start(hooks: StartHooks = {}): Promise<InstanceRecord> {
    if (this.#starting !== undefined) return this.#starting;
    return this.record.state === "running" ? this.record : this.#begin(hooks, false);
  }

  async #begin(hooks: StartHooks, byPolicy: boolean): Promise<InstanceRecord> {
    if (this.around.isClosing()) throw new WardianError("closing", "Wardian is shutting down");
    requireStep(this.name, this.record.state, "starting", "started");
    this.around.requireFreeDisks(this);
    this.around.pipelines.requireWriter(this.record);
    clearTimeout(this.#restartTimer);
    this.#keeper.enter("starting", { wanted: "running", ...(byPolicy ? {} : { restarts: 0 }) }, "starting");
    this.log?.begin();
    this.#starting = this.#switchOn(hooks, byPolicy).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #switchOn(hooks: StartHooks, byPolicy: boolean): Promise<InstanceRecord> {
    const run = new Run(this.#streams, () => this.#layer());
    this.#run = run;
    const beganMs = performance.now();
    const observe = (ok: boolean): void => this.around.meter.observeStart((performance.now() - beganMs) / 1000, ok);
    try {
      // At once: whoever starts next finds it waiting.
      const connect = this.around.pipelines.open(this.record);
      await this.#fileChanges.settled(run.aborted);
      const spec = await this.around.files.locate(this.record.spec);
      const { volumes, sockets } = this.around;
      const shared = { volumes: volumes.open(this.record), sockets: sockets.open(this.record), connect };
      const live = await run.switchOn(spec, hooks, shared);
      this.around.pipelines.started(this.id);
      // A stop may have come meanwhile; its end is the run's.
      if (this.record.state === "starting") this.#keeper.enter("running", { startedAt: now() }, "started");
      observe(true);
      this.#attend(run, live).catch((error: Error) => this.around.onNote(`the end of ${this.id} was not handled: ${error.message}`));
      return this.record;
    } catch (error) {
      observe(false);
      await run.live?.stop();
      const told = this.around.files.hide(error);
      // Whoever asked for this start hears of it, and does not want it tried again behind their back.
      await this.#finish(verdictOfFailedStart(told, run.request), byPolicy ? {} : { wanted: "stopped" });
      throw told;
    }
  }

  async #attend(run: Run, live: LiveInstance): Promise<void> {
    const beganMs = performance.now();
    const verdict = await run.over(live);
    await this.#finish(verdict, performance.now() - beganMs >= SETTLED_MS ? { restarts: 0 } : {});
  }

  /** The run is over: stored, told, and, where the policy says so, begun again. */
  async #finish(verdict: Verdict, changes: Partial<InstanceRecord>): Promise<void> {
    this.#run = undefined;
    this.around.pipelines.ended(this.record);
    this.around.meter.forget(this.id);
    this.around.meter.countEnd(verdict.reason);
    this.log?.end();
    const { reason, status } = verdict;
    this.#isSettling = true;
    this.#keeper.mustEnter("exited", { ...changes, end: { at: now(), ...verdict } }, "exited", { reason, status });
    this.#streams.finish({ code: status, signal: null, status });
    const isFinal = !this.around.isClosing() && !this.#isRestarting;
    if (isFinal && shouldRestart(this.record)) this.restartLater();
    this.#isSettling = false;
    this.#keeper.tell();
    if (isFinal && this.record.spec.autoRemove) await this.#removeSelf();
  }

  async #removeSelf(): Promise<void> {
    await this.remove().catch((error: Error) => this.around.onNote(`${this.id} is not removed: ${error.message}`));
  }

  /** By its policy, after a while. */
  restartLater(): void {
    const delayMs = restartDelayMs(this.record.restarts);
    this.#keeper.mustEnter("restarting", { restarts: this.record.restarts + 1 }, "restarting", { delayMs });
    this.resumeRestart();
  }

  /** Waiting to start again. */
  resumeRestart(): void {
    this.around.meter.countRestart();
    this.#restartTimer = setTimeout(() => {
      this.#begin({}, true).catch((error: Error) => {
        this.around.onNote(`${this.id} did not start again: ${error.message}`);
        // A start that failed has its end told already; one that could not begin is tried later.
        if (this.record.state === "restarting" && !this.around.isClosing()) this.resumeRestart();
      });
    }, restartDelayMs(this.record.restarts));
  }

  /** Resolves when it has ended; harmless where it has. */
  async stop(signal: string | undefined, graceMs: number = DEFAULT_GRACE_MS): Promise<InstanceRecord> {
    if (signal !== undefined) signalNumber(signal);
    if (!this.#cancelRestart()) await this.#end(signal, graceMs, { wanted: "stopped" });
    return this.record;
  }

  async #end(signal: string | undefined, graceMs: number, changes: Partial<InstanceRecord>): Promise<void> {
    const run = this.#run;
    if (!this.isLive || run === undefined) return;
    const isPaused = this.record.state === "paused";
    if (canEnter(this.record.state, "stopping")) this.#keeper.mustEnter("stopping", changes, "stopping");
    if (isPaused) await run.live?.resume();
    run.stop(signal ?? this.record.spec.stopSignal, graceMs);
    await this.#keeper.waitWhile(() => this.isLive);
  }

  /** Without a signal, or with SIGKILL: switches it off. Resolves when it has ended, or the signal is on its way. */
  async kill(signal: string = "SIGKILL"): Promise<InstanceRecord> {
    const isKill = signalNumber(signal) === SIGKILL;
    if (this.#cancelRestart()) return this.record;
    const run = this.#run;
    if (!this.isLive || run === undefined) throw this.#notRunning();
    if (!isKill) {
      run.signal(signal);
      return this.record;
    }
    if (canEnter(this.record.state, "stopping")) this.#keeper.mustEnter("stopping", { wanted: "stopped" }, "stopping");
    run.cut("killed");
    await this.#keeper.waitWhile(() => this.isLive);
    return this.record;
  }

  /** True where it was waiting to start again, and now is not. */
  #cancelRestart(): boolean {
    if (this.record.state !== "restarting") return false;
    clearTimeout(this.#restartTimer);
    this.#keeper.mustEnter("exited", { wanted: "stopped" }, "stopping");
    return true;
  }

  async pause(): Promise<InstanceRecord> {
    requireStep(this.name, this.record.state, "paused", "paused");
    const live = this.#run?.live;
    await live?.pause();
    if (this.record.state === "running") this.#keeper.enter("paused", {}, "paused");
    else await live?.resume(); // it is being stopped meanwhile, which takes that it runs
    return this.record;
  }

  async resume(): Promise<InstanceRecord> {
    if (this.record.state !== "paused")
      throw new WardianError("wrong-state", `the instance ${this.name} cannot be resumed: it is ${this.record.state}, not paused`);
    await this.#run?.live?.resume();
    if (this.record.state === "paused") this.#keeper.enter("running", {}, "resumed");
    return this.record;
  }

  /** `admit` may refuse the new run, once the old one is over. */
  async restart(graceMs: number | undefined, admit: () => void): Promise<InstanceRecord> {
    this.#isRestarting = true;
    try {
      await this.stop(undefined, graceMs);
      admit();
      return await this.start();
    } finally {
      this.#isRestarting = false;
    }
  }

  rename(name: string): InstanceRecord {
    this.#keeper.commit({ name }, "renamed", { from: this.record.name });
    return this.record;
  }

  /** With `force`, ends it first. */
  async remove(force = false): Promise<void> {
    if (this.#removing !== undefined) return this.#removing;
    if (this.isLive && !force)
      throw new WardianError(
        "wrong-state",
        `the instance ${this.name} cannot be removed: it is ${this.record.state}; stop it first, or force it`,
      );
    this.#removing = this.#remove().finally(() => {
      this.#removing = undefined;
    });
    return this.#removing;
  }

  async #remove(): Promise<void> {
    this.#fileChanges.giveUp();
    if (this.isLive) await this.kill();
    clearTimeout(this.#restartTimer);
    this.#keeper.enter("removing", {});
    await this.#fileChanges.settled(AbortSignal.abort());
    await this.finishRemoval();
  }

  /** From the state `removing`, which a kill of Wardian may have left it in. */
  async finishRemoval(): Promise<void> {
    this.log?.close();
    await this.around.folder?.removeInstance(this.id);
    this.around.publish([this.around.store.remove(this.id, this.#keeper.makeEvent("removed"))]);
    this.#isRemoved = true;
    this.#streams.finish({ code: 0, signal: null, status: 0 });
    await this.around.onRemoved(this);
    this.#keeper.end();
  }

  /** Found as running after Wardian had ended under it. */
  findLost(): void {
    const end = { at: now(), reason: "lost", status: 125, message: "Wardian ended while it ran" } as const;
    this.#keeper.commit({ state: "exited", end }, "exited", { reason: end.reason, status: end.status });
  }

  /** Ends its run, if there is one; it remains wanted as it was. */
  async close(graceMs: number): Promise<void> {
    clearTimeout(this.#restartTimer);
    this.#fileChanges.giveUp();
    try {
      await this.#end(undefined, graceMs, {});
    } finally {
      await this.#run?.live?.stop();
      this.#streams.finish({ code: 0, signal: null, status: 0 });
      this.#keeper.end();
      this.log?.close();
    }
  }

  /** The record when it is so; undefined when it is removed. Rejects with the signal's reason. */
  async wait(until: WaitCondition | undefined, signal?: AbortSignal): Promise<InstanceRecord | undefined> {
    const waitsFor = (state: InstanceState): boolean =>
      until === undefined ? LIVE_STATES.has(state) || state === "restarting" || this.#isSettling : until !== state;
    const record = await this.#keeper.waitWhile(({ state }) => !this.#isRemoved && waitsFor(state), signal);
    return this.#isRemoved ? undefined : record;
  }

  exec(command: ExecCommand): RunningProcess {
    const process = this.requireRunning().exec(command as Parameters<LiveInstance["exec"]>[0]);
    const detail = { args: (command.args[0] ?? "").slice(0, 200) };
    this.around.meter.countExec();
    this.#keeper.append("exec-started", detail);
    process.exit.then(
      ({ status }) => this.#keeper.append("exec-ended", { ...detail, status }),
      () => this.#keeper.append("exec-ended", detail),
    );
    return process;
  }

  attach({ stdin, next, signal }: AttachOptions): RunningProcess {
    const { state, spec } = this.record;
    const isAhead = next === true ? state !== "removing" : state === "created";
    if (!this.isLive && !isAhead) throw this.#notRunning();
    return this.#streams.attach({ stdin: stdin === true && takesInput(spec), signal });
  }

  requireRunning(): LiveInstance {
    const live = this.#run?.live;
    if (live !== undefined && this.record.state === "running") return live;
    throw this.#notRunning();
  }

  #notRunning(): WardianError {
    return new WardianError("not-running", `the instance ${this.name} does not run: ${describeState(this.record.state)}`);
  }

  /** Of a guest's files that differ from its image. */
  async #layer(): Promise<RootLayer | undefined> {
    const { folder } = this.around;
    const { kind, image, autoRemove } = this.record.spec;
    return folder === undefined || kind !== "vm" || image === undefined || autoRemove
      ? undefined
      : RootLayer.open(folder.instance(this.id));
  }

  /** Does something to its files. One that is to start meanwhile waits: what it boots with is what was acknowledged. */
  async changeFiles(path: string, change: (interruptible: Interruptible) => Promise<void>): Promise<void> {
    await this.#fileChanges.make(change);
    this.#keeper.append("files-changed", { path: path.slice(0, 500) });
  }
}

function now(): string {
  return new Date().toISOString();
}
