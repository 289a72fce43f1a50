// One run of an instance: from being switched on to its end. Knows neither records nor policies: managed-instance.ts does. May
// depend on config, errors, instance/, store/ and the files beside it.
import { PassThrough } from "node:stream";
import { EXIT_STATUS } from "../config.js";
import { WardianError } from "../errors.js";
import type { LiveInstance, Measured, Shared } from "../instance/live.js";
import type { RootLayer } from "../instance/root-layer.js";
import type { RunningProcess } from "../instance/running-process.js";
import { hasMainProgram, type InstanceSpec } from "../instance/spec.js";
import { startInstance } from "../instance/start.js";
import type { StartHooks } from "../instance/start-hooks.js";
import type { MainStreams } from "./main-streams.js";
import { type Request, type Verdict, verdictOfCommand, verdictOfMachine } from "./verdict.js";

export class Run {
  readonly #abort = new AbortController();
  readonly #pumps: Promise<void>[] = [];
  readonly #commandPumps: Promise<void>[] = [];
  #live: LiveInstance | undefined;
  #measured: Measured | undefined;
  #command: RunningProcess | undefined;
  #request: Request | undefined;
  #timer: NodeJS.Timeout | undefined;
  #layer: RootLayer | undefined;
  #lost = "";
  #isPoweringOff = false;

  constructor(
    private readonly streams: MainStreams,
    private readonly openLayer: () => Promise<RootLayer | undefined>,
  ) {}

  /** Its end was asked for before it was up. */
  get aborted(): AbortSignal {
    return this.#abort.signal;
  }

  get live(): LiveInstance | undefined {
    return this.#live;
  }

  /** From power-on, which is before it is up. */
  get measured(): Measured | undefined {
    return this.#measured;
  }

  get request(): Request | undefined {
    return this.#request;
  }

  /** `spec` names files by absolute paths. Resolves when the instance is up and its command has been started. */
  async switchOn(spec: InstanceSpec, hooks: StartHooks, shared?: Shared): Promise<LiveInstance> {
    const console = new PassThrough();
    this.#pumps.push(this.streams.pump(console, "console", hasMainProgram(spec) ? undefined : "stdout", hooks.onConsole));
    const signal = hooks.signal === undefined ? this.#abort.signal : AbortSignal.any([this.#abort.signal, hooks.signal]);
    let live: LiveInstance;
    try {
      this.#layer = await this.openLayer();
      signal.throwIfAborted();
      const onPowerOn = (machine: Measured): void => void (this.#measured = machine);
      live = await startInstance(spec, { console, layer: this.#layer, shared, hooks: { ...hooks, signal }, onPowerOn });
    } catch (error) {
      console.destroy();
      throw asStartError(error);
    }
    this.#live = live;
    try {
      signal.throwIfAborted();
      if (live.main !== undefined) this.#attendCommand(live.main);
      else if (spec.command === undefined) this.#connectConsole(live);
      else this.#attendCommand(startCommand(live, spec, spec.command));
    } catch (error) {
      await live.stop();
      throw asStartError(error);
    }
    if (spec.limits.runTimeMs !== undefined) this.#timer = setTimeout(() => this.cut("timeout"), spec.limits.runTimeMs);
    return live;
  }

  #connectConsole(live: LiveInstance): void {
    this.streams.connect({
      stdin: live.consoleInput,
      endsWithInput: false,
      kill: () => {}, // there is no program to hear it
      resize: (cols, rows) => live.resizeConsole(cols, rows),
    });
  }

  #attendCommand(command: RunningProcess): void {
    this.#command = command;
    this.#commandPumps.push(this.streams.pump(command.stdout, "stdout", "stdout"), this.streams.pump(command.stderr, "stderr", "stderr"));
    this.streams.connect({
      stdin: command.stdin,
      endsWithInput: true,
      kill: (signal) => command.kill(signal),
      resize: (cols, rows) => command.resize(cols, rows),
    });
  }

  /** To the main program. Throws `no-command` where there is none, `agent-argument` for a signal that does not exist. */
  signal(name: string): void {
    if (this.#command === undefined)
      throw new WardianError("no-command", "the instance has no main program to signal: stop it, or kill it without a signal");
    this.#command.kill(name);
  }

  /** Asks for the end; after `graceMs`, forces it. Asked again, the time counts anew. */
  stop(signal: string, graceMs: number): void {
    this.#request ??= "stopped";
    if (this.#live === undefined) return this.#abort.abort();
    this.#restartTimer(graceMs);
    if (this.#command !== undefined) this.#command.kill(signal);
    else if (!this.#isPoweringOff) void this.#poweroff(this.#live, graceMs);
  }

  async #poweroff(live: LiveInstance, graceMs: number): Promise<void> {
    this.#isPoweringOff = true;
    await this.#save(live);
    await live.poweroff(graceMs);
  }

  #restartTimer(graceMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut("stopped"), graceMs);
  }

  /** Switches it off, whatever it does. */
  cut(request: Request): void {
    this.#request ??= request;
    if (this.#live === undefined) this.#abort.abort();
    else void this.#live.stop();
  }

  /** After switchOn(): waits for the end, and for all output to be where it belongs. */
  async over(live: LiveInstance): Promise<Verdict> {
    const verdict = this.#command === undefined ? undefined : await this.#overCommand(this.#command, live);
    const exit = await live.exit;
    this.streams.hurry();
    await Promise.all([...this.#pumps, ...this.#commandPumps]);
    clearTimeout(this.#timer);
    const { reason, status, message } = verdict ?? verdictOfMachine(exit, this.#request);
    return { reason, status, message: message + this.#lost };
  }

  /** Undefined where the machine went away under the command. */
  async #overCommand(command: RunningProcess, live: LiveInstance): Promise<Verdict | undefined> {
    try {
      const exit = await command.exit;
      const verdict = verdictOfCommand(exit, this.#request);
      // What it said last is still on its way; the machine must not go before.
      this.streams.hurry();
      await Promise.all(this.#commandPumps);
      await this.#save(live);
      await live.stop();
      return verdict;
    } catch (error) {
      // The machine ends, or has ended, and tells how. An agent that breaks its protocol leaves it running.
      if (error instanceof WardianError && error.code === "agent-closed") return undefined;
      await live.stop();
      return { reason: this.#request ?? "failed", status: EXIT_STATUS.error, message: (error as Error).message };
    }
  }

  /** Keeps the files that the run has changed. A guest that goes away meanwhile has lost them, and the verdict says so. */
  async #save(live: LiveInstance): Promise<void> {
    if (this.#layer === undefined) return;
    try {
      await live.saveChanges(this.#layer);
    } catch (error) {
      this.#lost = `; the files that it changed are lost: ${(error as Error).message}`;
    }
  }
}

function startCommand(live: LiveInstance, { env, cwd, user, tty, stdin }: InstanceSpec, args: string[]): RunningProcess {
  return live.exec({
    args,
    env,
    tty,
    stdin,
    endAtExit: true,
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { user }),
  });
}

function asStartError(error: unknown): unknown {
  const isAbort = error instanceof Error && error.name === "AbortError";
  return isAbort ? new WardianError("aborted", "the instance was stopped before it was up", { cause: error }) : error;
}
