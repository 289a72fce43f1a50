// One instance under the engine's care: its record, its states, its run, its restarts. Every step is stored before it is told.
// May depend on errors, instance/, store/, metrics/ and the files beside it.
import { WardianError } from "../errors.js";
import { canEnter, type InstanceState, LIVE_STATES, requireStep } from "../instance/lifecycle.js";
import type { LiveInstance } from "../instance/live.js";
import { parseMemory } from "../instance/machine-instance.js";
import type { InstanceEvent, InstanceRecord } from "../instance/record.js";
import { RootLayer } from "../instance/root-layer.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { StartHooks } from "../instance/start-hooks.js";
import { InstanceLog } from "../store/instance-log.js";
import type { NewEvent } from "../store/store.js";
import type { ExecCommand, WaitCondition } from "./action.js";
import { MainStreams } from "./main-streams.js";
import { restartDelayMs, SETTLED_MS, shouldRestart } from "./restart-policy.js";
import { Run } from "./run.js";
import type { Surroundings } from "./surroundings.js";
import { type Verdict, verdictOfFailedStart } from "./verdict.js";

export const DEFAULT_GRACE_MS = 10_000;

export class ManagedInstance {
  readonly log: InstanceLog | undefined;
  readonly memoryBytes: number;
  readonly #streams: MainStreams;
  #record: InstanceRecord;
  #run: Run | undefined;
  #starting: Promise<InstanceRecord> | undefined;
  #removing: Promise<void> | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #isRemoved = false;
  /** Between the end of a run and its policy's word on it. */
  #isSettling = false;
  readonly #watchers = new Set<() => void>();
  readonly #fileChanges = new Set<Promise<void>>();

  constructor(
    record: InstanceRecord,
    private readonly around: Surroundings,
  ) {
    this.#record = record;
    this.memoryBytes = parseMemory(record.spec.limits.memory);
    this.log =
      around.folder === undefined
        ? undefined
        : new InstanceLog(around.folder.instanceLog(record.id), { onNote: (text) => around.onNote(text) });
    if (!LIVE_STATES.has(record.state)) this.log?.end();
    this.#streams = new MainStreams(this.log, (count) => around.meter.addLogBytes(count));
  }

  get record(): InstanceRecord {
    return this.#record;
  }

  get id(): string {
    return this.#record.id;
  }

  get isLive(): boolean {
    return LIVE_STATES.has(this.#record.state);
  }

  get live(): LiveInstance | undefined {
    return this.#run?.live;
  }

  /** Resolves when it runs; a second call while it starts, or runs, is the same as the first. */
  start(hooks: StartHooks = {}): Promise<InstanceRecord> {
    if (this.#starting !== undefined) return this.#starting;
    if (this.#record.state === "running") return Promise.resolve(this.#record);
    return this.#begin(hooks);
  }

  #begin(hooks: StartHooks, byPolicy = false): Promise<InstanceRecord> {
    requireStep(this.id, this.#record.state, "starting", "started");
    clearTimeout(this.#restartTimer);
    this.#enter("starting", { wanted: "running" }, "starting");
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
      await Promise.allSettled(this.#fileChanges);
      const spec = await this.around.files.locate(this.#record.spec);
      const live = await run.switchOn(spec, hooks);
      observe(true);
      // A stop may have come meanwhile; its end is the run's.
      if (this.#record.state === "starting") this.#enter("running", { startedAt: now() }, "started");
      this.#attend(run, live).catch((error: Error) => this.around.onNote(`the end of ${this.id} was not handled: ${error.message}`));
      return this.#record;
    } catch (error) {
      observe(false);
      // Whoever asked for this start hears of it, and does not want it tried again behind their back.
      await this.#finish(verdictOfFailedStart(error, run.request), byPolicy ? {} : { wanted: "stopped" });
      throw error;
    }
  }

  async #attend(run: Run, live: LiveInstance): Promise<void> {
    const beganMs = performance.now();
    const verdict = await run.over(live);
    if (performance.now() - beganMs >= SETTLED_MS) this.#record = { ...this.#record, restarts: 0 };
    await this.#finish(verdict);
  }

  /** The run is over: stored, told, and, where the policy says so, begun again. */
  async #finish(verdict: Verdict, changes: Partial<InstanceRecord> = {}): Promise<void> {
    this.#run = undefined;
    this.around.meter.forget(this.id);
    this.around.meter.countEnd(verdict.reason);
    this.log?.end();
    const { reason, status, message } = verdict;
    this.#isSettling = true;
    try {
      this.#enter("exited", { ...changes, end: { at: now(), ...verdict } }, "exited", { reason, status });
    } catch (error) {
      this.around.onNote(`the end of ${this.id} (${message}) could not be stored: ${(error as Error).message}`);
    }
    this.#streams.finish({ code: status, signal: null, status });
    if (!this.around.isClosing() && shouldRestart(this.#record)) this.restartLater();
    this.#isSettling = false;
    this.#tell();
    if (!this.around.isClosing() && this.#record.spec.autoRemove) await this.#removeSelf();
  }

  async #removeSelf(): Promise<void> {
    await this.remove().catch((error: Error) => this.around.onNote(`${this.id} is not removed: ${error.message}`));
  }

  /** By its policy, after a while. */
  restartLater(): void {
    const delayMs = restartDelayMs(this.#record.restarts);
    this.#enter("restarting", { restarts: this.#record.restarts + 1 }, "restarting", { delayMs });
    this.#scheduleRestart(delayMs);
  }

  #scheduleRestart(delayMs: number): void {
    this.around.meter.countRestart();
    this.#restartTimer = setTimeout(() => {
      this.#begin({}, true).catch((error: Error) => this.around.onNote(`${this.id} did not start again: ${error.message}`));
    }, delayMs);
  }

  /** Resolves when it has ended; harmless where it has. */
  async stop(signal: string | undefined, graceMs: number = DEFAULT_GRACE_MS): Promise<InstanceRecord> {
    if (!this.#cancelRestart()) await this.#end(signal, graceMs, { wanted: "stopped" });
    return this.#record;
  }

  async #end(signal: string | undefined, graceMs: number, changes: Partial<InstanceRecord>): Promise<void> {
    const run = this.#run;
    if (!this.isLive || run === undefined) return;
    if (this.#record.state === "paused") await this.#run?.live?.resume();
    if (canEnter(this.#record.state, "stopping")) this.#enter("stopping", changes, "stopping");
    run.stop(signal ?? this.#record.spec.stopSignal, graceMs);
    await this.#waitWhile(() => this.isLive);
  }

  /** Without a signal, or with SIGKILL: switches it off. Resolves when it has ended, or the signal is on its way. */
  async kill(signal = "SIGKILL"): Promise<InstanceRecord> {
    if (this.#cancelRestart()) return this.#record;
    const run = this.#run;
    if (!this.isLive || run === undefined)
      throw new WardianError("not-running", `the instance ${this.id} does not run: it is ${this.#record.state}`);
    if (!/^(SIG)?KILL$|^9$/.test(signal)) {
      run.signal(signal);
      return this.#record;
    }
    if (canEnter(this.#record.state, "stopping")) this.#enter("stopping", { wanted: "stopped" }, "stopping");
    run.cut("killed");
    await this.#waitWhile(() => this.isLive);
    return this.#record;
  }

  /** True where it was waiting to start again, and now is not. */
  #cancelRestart(): boolean {
    if (this.#record.state !== "restarting") return false;
    clearTimeout(this.#restartTimer);
    this.#enter("exited", { wanted: "stopped" }, "stopping");
    return true;
  }

  async pause(): Promise<InstanceRecord> {
    requireStep(this.id, this.#record.state, "paused", "paused");
    await this.#run?.live?.pause();
    if (canEnter(this.#record.state, "paused")) this.#enter("paused", {}, "paused");
    return this.#record;
  }

  async resume(): Promise<InstanceRecord> {
    if (this.#record.state !== "paused")
      throw new WardianError("wrong-state", `the instance ${this.id} cannot be resumed: it is ${this.#record.state}`);
    await this.#run?.live?.resume();
    if (this.#record.state === "paused") this.#enter("running", {}, "resumed");
    return this.#record;
  }

  async restart(graceMs?: number): Promise<InstanceRecord> {
    await this.stop(undefined, graceMs);
    return this.start();
  }

  rename(name: string): InstanceRecord {
    const from = this.#record.name;
    this.#commit({ name }, "renamed", { from });
    return this.#record;
  }

  /** With `force`, ends it first. */
  remove(force = false): Promise<void> {
    if (this.#removing !== undefined) return this.#removing;
    if (this.isLive && !force)
      throw new WardianError(
        "wrong-state",
        `the instance ${this.id} cannot be removed: it is ${this.#record.state}; stop it first, or force it`,
      );
    this.#removing = this.#remove().finally(() => {
      this.#removing = undefined;
    });
    return this.#removing;
  }

  async #remove(): Promise<void> {
    if (this.#starting !== undefined || this.isLive) await this.kill();
    clearTimeout(this.#restartTimer);
    this.#enter("removing", {});
    await Promise.allSettled(this.#fileChanges);
    await this.finishRemoval();
  }

  /** From the state `removing`, which a kill of Wardian may have left it in. */
  async finishRemoval(): Promise<void> {
    this.log?.close();
    await this.around.folder?.removeInstance(this.id);
    this.around.publish([this.around.store.remove(this.id, this.#event("removed"))]);
    this.#isRemoved = true;
    this.#streams.finish({ code: 0, signal: null, status: 0 });
    this.around.onRemoved(this);
    this.#tell();
  }

  /** Found as running after Wardian had ended under it. */
  findLost(): void {
    const end = { at: now(), reason: "lost", status: 125, message: "Wardian ended while it ran" } as const;
    this.#commit({ state: "exited", end }, "exited", { reason: end.reason, status: end.status });
  }

  /** Found waiting to start again. */
  resumeRestart(): void {
    this.#scheduleRestart(restartDelayMs(this.#record.restarts));
  }

  /** Ends its run, if there is one; it remains wanted as it was. */
  async close(graceMs: number): Promise<void> {
    clearTimeout(this.#restartTimer);
    await this.#end(undefined, graceMs, {});
    this.log?.close();
  }

  /** The record when it is so; undefined when it is removed. Rejects with the signal's reason. */
  async wait(until: WaitCondition | undefined, signal?: AbortSignal): Promise<InstanceRecord | undefined> {
    const waitsFor = (state: InstanceState): boolean =>
      until === undefined ? LIVE_STATES.has(state) || state === "restarting" || this.#isSettling : until !== state;
    await this.#waitWhile(() => !this.#isRemoved && waitsFor(this.#record.state), signal);
    return this.#isRemoved ? undefined : this.#record;
  }

  exec(command: ExecCommand): RunningProcess {
    const process = this.requireRunning().exec(command as Parameters<LiveInstance["exec"]>[0]);
    const detail = { args: (command.args[0] ?? "").slice(0, 200) };
    this.around.meter.countExec();
    this.#append("exec-started", detail);
    process.exit.then(
      ({ status }) => this.#append("exec-ended", { ...detail, status }),
      () => this.#append("exec-ended", detail),
    );
    return process;
  }

  attach(stdin: boolean, signal: AbortSignal | undefined): RunningProcess {
    if (!["created", "starting", "running", "paused", "stopping"].includes(this.#record.state))
      throw new WardianError("not-running", `the instance ${this.id} does not run: it is ${this.#record.state}`);
    const { command, stdin: isOpen, tty } = this.#record.spec;
    return this.#streams.attach({ stdin: stdin && (command === undefined || isOpen || tty), signal });
  }

  requireRunning(): LiveInstance {
    const live = this.#run?.live;
    if (live !== undefined && this.#record.state === "running") return live;
    throw new WardianError("not-running", `the instance ${this.id} does not run: it is ${this.#record.state}`);
  }

  /** Of a guest's files that differ from its image. */
  async #layer(): Promise<RootLayer | undefined> {
    if (this.around.folder === undefined || this.#record.spec.image === undefined || this.#record.spec.autoRemove) return undefined;
    return RootLayer.open(this.around.folder.instance(this.id));
  }

  /** Does something to its files. One that is to start meanwhile waits: what it boots with is what was acknowledged. */
  async changeFiles(path: string, change: () => Promise<void>): Promise<void> {
    const changed = change();
    this.#fileChanges.add(changed);
    try {
      await changed;
    } finally {
      this.#fileChanges.delete(changed);
    }
    this.#append("files-changed", { path: path.slice(0, 500) });
  }

  /** A state, and the event that tells of it. Throws where the step is not one, or cannot be stored. */
  #enter(state: InstanceState, changes: Partial<InstanceRecord>, event?: InstanceEvent["type"], detail: NewEvent["detail"] = {}): void {
    requireStep(this.id, this.#record.state, state, state);
    this.#commit({ ...changes, state }, event, detail);
  }

  #commit(changes: Partial<InstanceRecord>, event?: InstanceEvent["type"], detail: NewEvent["detail"] = {}): void {
    const record = { ...this.#record, ...changes };
    if (record.state === "running") delete record.end;
    const events = event === undefined ? [] : [{ ...this.#event(event, detail), name: record.name }];
    const stored = this.around.store.update(record, ...events);
    this.#record = record;
    this.around.publish(stored);
    this.#tell();
  }

  /** An event that is news, but no new state: if it cannot be stored, that is no reason to fail. */
  #append(type: InstanceEvent["type"], detail: NewEvent["detail"]): void {
    if (this.#isRemoved || this.around.isClosing()) return;
    try {
      this.around.publish([this.around.store.append(this.#event(type, detail))]);
    } catch (error) {
      this.around.onNote(`the event ${type} of ${this.id} could not be stored: ${(error as Error).message}`);
    }
  }

  #event(type: InstanceEvent["type"], detail: NewEvent["detail"] = {}): NewEvent {
    const { id, namespace, name } = this.#record;
    return { type, namespace, instance: id, name, detail };
  }

  #tell(): void {
    for (const look of this.#watchers) look();
  }

  #waitWhile(isSo: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#watchers.delete(look);
        signal?.removeEventListener("abort", give);
      };
      const look = (): void => {
        if (isSo()) return;
        end();
        resolve();
      };
      const give = (): void => {
        end();
        reject(signal?.reason);
      };
      if (signal?.aborted === true) return give();
      signal?.addEventListener("abort", give, { once: true });
      this.#watchers.add(look);
      look();
    });
  }
}

function now(): string {
  return new Date().toISOString();
}
