// A live instance that is a Linux guest with our agent in it: programs, files, power. May depend on errors, config, machine/
// and the files beside it.
import type { Writable } from "node:stream";
import { GUEST_START_TIMEOUT_MS } from "../config.js";
import { WardianError } from "../errors.js";
import { AgentSession, streamTransport } from "../machine/agent/index.js";
import { returnMemory } from "../machine/memory-return.js";
import { parseSize } from "../machine/size.js";
import { VirtualMachine, type VmExit } from "../machine/vm.js";
import { workerPool } from "../machine/worker-pool.js";
import type { CounterSample } from "../metrics/catalog.js";
import { OneUse, planFiles } from "./boot-files.js";
import type { FileTree } from "./file-tree.js";
import { prepareGuestFiles } from "./guest-files.js";
import { AGENT_PATH } from "./guest-initrd.js";
import { limitPids } from "./guest-limits.js";
import { GuestTree } from "./guest-tree.js";
import type { LiveCommand, LiveContext, LiveInstance } from "./live.js";
import { describeExit, parseMemory } from "./machine-instance.js";
import type { RootLayer } from "./root-layer.js";
import type { RunningProcess } from "./running-process.js";
import type { InstanceSpec } from "./spec.js";
import type { StartHooks } from "./start-hooks.js";

const AGENT_PORT = "wardian.agent";
// A panic becomes a reboot, which ends the run, and is seen however early it comes. Sv39 is the cheapest to walk. The
// self-tests of the kernel's ciphers are half of a boot (754 M instructions with them, 371 M without, November 2026).
const CMDLINE = `console=ttyS0 earlycon=sbi quiet panic=-1 no4lvl cryptomgr.notests cma=0 rdinit=${AGENT_PATH}`;
/** A guest that does not hand its files over by then keeps nobody waiting any longer. */
const SAVE_TIMEOUT_MS = 120_000;
/** Below it, a start that fails is likely for want of memory. */
const COMFORTABLE_BYTES = 128 * 2 ** 20;

export class GuestInstance implements LiveInstance {
  readonly exit: Promise<VmExit>;
  readonly consoleInput: Writable;
  readonly #tree: GuestTree;

  private constructor(
    private readonly memoryBytes: number,
    private readonly vm: VirtualMachine,
    private readonly agent: AgentSession,
  ) {
    this.consoleInput = vm.serial;
    this.#tree = new GuestTree(agent);
    this.exit = vm.exit.then((exit) => {
      agent.close();
      return exit;
    });
  }

  /** Resolves when the agent has answered: the guest takes commands. */
  static async start(
    spec: InstanceSpec & { readonly image: string },
    { console, hooks, layer, onPowerOn }: LiveContext,
  ): Promise<GuestInstance> {
    const memoryBytes = parseMemory(spec.limits.memory);
    const { signal, fetch } = hooks;
    workerPool.prepare(); // its thread starts while its files are made
    const files = await prepareGuestFiles({ image: spec.image, kernel: spec.kernel, fetch, signal, layer }, memoryBytes);
    const cmdline = [CMDLINE, ...diskLimit(spec), ...(spec.append === undefined ? [] : [spec.append])].join(" ");
    const vm = await VirtualMachine.start({
      ramBytes: memoryBytes,
      // There is one boot only, so the initrd may move to the machine's thread.
      plan: () => planFiles({ kernel: hooks.files?.kernel ?? files.kernel, initrd: new OneUse(files.initrd) }, memoryBytes, cmdline),
      ports: ["", AGENT_PORT],
      engine: spec.engine,
      cpuWeight: spec.limits.cpuWeight,
      ...(spec.limits.cpus === undefined ? {} : { cpus: spec.limits.cpus }),
      signal,
    });
    onPowerOn?.(vm);
    vm.port("").resume();
    vm.serial.pipe(console);
    const guest = new GuestInstance(memoryBytes, vm, new AgentSession(streamTransport(vm.port(AGENT_PORT))));
    await guest.#greet(hooks);
    try {
      if (spec.limits.pids !== undefined) await limitPids(guest.agent, spec.limits.pids);
    } catch (error) {
      await guest.stop();
      throw error;
    }
    returnMemory();
    return guest;
  }

  /** Waits for the agent, the machine's end, or the time limit, whichever is first. */
  async #greet({ startTimeoutMs = GUEST_START_TIMEOUT_MS, signal }: StartHooks): Promise<void> {
    const timeout = AbortSignal.timeout(startTimeoutMs);
    try {
      await this.agent.hello({ signal: timeout });
    } catch (error) {
      // A machine that ends closes its ports; an agent that breaks the protocol leaves it running.
      const ended = !timeout.aborted && error instanceof WardianError && error.code === "agent-closed";
      const early = ended ? await this.exit : undefined;
      await this.stop();
      if (!ended && !timeout.aborted && error instanceof WardianError) throw error;
      if (signal?.aborted === true) throw new WardianError("aborted", "the guest was stopped before it was up", { cause: signal.reason });
      if (early !== undefined) throw startFailure(early, this.memoryBytes, error);
      const said = this.vm.lastLine === "" ? "its console is silent" : `its console says last: ${this.vm.lastLine}`;
      throw new WardianError("guest-timeout", `the guest did not come up within ${startTimeoutMs / 1000} s; ${said}`, { cause: error });
    }
  }

  exec(command: LiveCommand): RunningProcess {
    return this.agent.exec(command);
  }

  files(): FileTree {
    return this.#tree;
  }

  saveChanges(layer: RootLayer): Promise<void> {
    return this.#tree.saveChanges(layer, { limitBytes: layerLimitBytes(this.memoryBytes), signal: AbortSignal.timeout(SAVE_TIMEOUT_MS) });
  }

  pause(): Promise<void> {
    return this.vm.pause();
  }

  async resume(): Promise<void> {
    await this.vm.resume();
    try {
      this.agent.setClock(BigInt(Date.now()) * 1_000_000n);
    } catch {
      // An agent that is gone ends the run by itself.
    }
  }

  resizeConsole(cols: number, rows: number): void {
    this.vm.setConsoleSize(cols, rows);
  }

  sample(): CounterSample | undefined {
    return this.vm.sample();
  }

  async poweroff(graceMs: number): Promise<void> {
    this.agent.poweroff().catch(() => {});
    const timer = setTimeout(() => void this.vm.stop(), graceMs);
    await this.exit;
    clearTimeout(timer);
  }

  /** At once: all of a guest's state is in its memory, so there is nothing to flush. */
  async stop(): Promise<void> {
    await this.vm.stop();
    await this.exit;
  }
}

/** What a kernel and its first programs take, generously. */
const KERNEL_BYTES = 96 * 2 ** 20;
const LEAST_LAYER_BYTES = 4 * 2 ** 20;

/** How much of a guest's files can differ from its image: while it boots, archive and unpacked files are in its memory together. */
export function layerLimitBytes(memoryBytes: number): number {
  return Math.max(LEAST_LAYER_BYTES, (memoryBytes - KERNEL_BYTES) / 2);
}

/** The root is a tmpfs; without this it may take half of the RAM. */
function diskLimit({ limits }: InstanceSpec): string[] {
  if (limits.disk === undefined) return [];
  return [`initramfs_options=size=${parseSize(String(limits.disk), { what: "disk size" })}`];
}

function startFailure(exit: VmExit, memoryBytes: number, cause: unknown): WardianError {
  if (exit.kind === "failed") return exit.error;
  const advice = memoryBytes < COMFORTABLE_BYTES ? "; it may need more memory: try -m 256M" : "";
  return new WardianError("guest-ended", `the guest ended before it was up: ${describeExit(exit)}${advice}`, { cause });
}
