// An instance that is a Linux guest with our agent in it: commands, files, power. May depend on errors, config, machine/
// and the files beside it.
import { DEFAULT_MEMORY, GUEST_START_TIMEOUT_MS, GUEST_STOP_TIMEOUT_MS } from "../config.js";
import { WardianError } from "../errors.js";
import { AgentSession, type ExecOptions, type ExecProcess, streamTransport } from "../machine/agent/index.js";
import { type MachineStats, VirtualMachine, type VmExit } from "../machine/vm.js";
import { OneUse, planFiles } from "./boot-files.js";
import { type GuestFilesSpec, prepareGuestFiles } from "./guest-files.js";
import { AGENT_PATH } from "./guest-initrd.js";
import { type Instance, type InstanceInfo, Lifecycle } from "./instance.js";
import { describeExit, parseMemory } from "./machine-instance.js";

export interface GuestSpec extends GuestFilesSpec {
  /** Bytes, or a size such as "512M". */
  readonly memory?: string | number | undefined;
  /** Added to the kernel's command line. */
  readonly append?: string | undefined;
  /** Until the agent answers. */
  readonly startTimeoutMs?: number | undefined;
  /** What the guest's kernel says on its console. */
  readonly onConsole?: ((bytes: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type CommandSpec = ExecOptions;

const AGENT_PORT = "wardian.agent";
// A panic becomes a reboot, which ends the run, and is seen however early it comes. Sv39 is the cheapest to walk. The
// self-tests of the kernel's ciphers are half of a boot (754 M instructions with them, 371 M without, November 2026).
const CMDLINE = `console=ttyS0 earlycon=sbi quiet panic=-1 no4lvl cryptomgr.notests cma=0 rdinit=${AGENT_PATH}`;
/** Below it, a start that fails is likely for want of memory. */
const COMFORTABLE_BYTES = 128 * 2 ** 20;
const FILE_LIMIT_BYTES = 2 ** 30;

export class GuestInstance implements Instance {
  /** How the machine ended; never rejects. */
  readonly exit: Promise<VmExit>;
  readonly #lifecycle = new Lifecycle();

  private constructor(
    readonly id: string,
    private readonly memoryBytes: number,
    private readonly vm: VirtualMachine,
    private readonly agent: AgentSession,
  ) {
    this.exit = vm.exit.then((exit) => {
      this.#lifecycle.enter("ended", describeExit(exit));
      agent.close();
      return exit;
    });
  }

  /** Resolves when the agent has answered: the guest takes commands. */
  static async start(id: string, spec: GuestSpec): Promise<GuestInstance> {
    const memoryBytes = parseMemory(spec.memory ?? DEFAULT_MEMORY);
    const files = await prepareGuestFiles(spec, memoryBytes);
    const cmdline = spec.append === undefined ? CMDLINE : `${CMDLINE} ${spec.append}`;
    const vm = await VirtualMachine.start({
      ramBytes: memoryBytes,
      // There is one boot only, so the initrd may move to the machine's thread.
      plan: () => planFiles({ kernel: files.kernel, initrd: new OneUse(files.initrd) }, memoryBytes, cmdline),
      ports: ["", AGENT_PORT],
      signal: spec.signal,
    });
    vm.serial.on("data", (bytes: Uint8Array) => spec.onConsole?.(bytes));
    vm.port("").resume();
    const guest = new GuestInstance(id, memoryBytes, vm, new AgentSession(streamTransport(vm.port(AGENT_PORT))));
    await guest.#greet(spec);
    return guest;
  }

  /** Waits for the agent, the machine's end, or the time limit, whichever is first. */
  async #greet({ startTimeoutMs = GUEST_START_TIMEOUT_MS, signal }: GuestSpec): Promise<void> {
    const timeout = AbortSignal.timeout(startTimeoutMs);
    try {
      await this.agent.hello({ signal: timeout });
      this.#lifecycle.enter("running");
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

  /** Starts a command. Throws where the guest is gone or the request is not possible; the command's own fate is its `exit`. */
  exec(command: CommandSpec): ExecProcess {
    this.#lifecycle.requireRunning(this.id);
    return this.agent.exec(command);
  }

  async writeFile(path: string, data: Uint8Array, mode?: number): Promise<void> {
    this.#lifecycle.requireRunning(this.id);
    await this.agent.putFile(path, data, mode === undefined ? {} : { mode });
  }

  /** The whole of a regular file, at most 1 GiB. */
  async readFile(path: string): Promise<Uint8Array> {
    this.#lifecycle.requireRunning(this.id);
    const { content } = await this.agent.getFile(path);
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length;
      if (sizeBytes > FILE_LIMIT_BYTES)
        throw new WardianError("file-too-large", `${path} in the guest is larger than 1 GiB; read it in parts with a command`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  inspect(): Promise<MachineStats | undefined> {
    return this.vm.inspect();
  }

  info(): InstanceInfo {
    const { state, startedAt, end } = this.#lifecycle;
    return { id: this.id, kind: "guest", state, memoryBytes: this.memoryBytes, startedAt, ...(end === undefined ? {} : { end }) };
  }

  /** Lets the guest sync and power off; one that takes too long is switched off. */
  async poweroff(): Promise<void> {
    if (this.#lifecycle.state !== "running") return this.stop();
    this.agent.poweroff().catch(() => {});
    const timer = setTimeout(() => void this.vm.stop(), GUEST_STOP_TIMEOUT_MS);
    await this.exit;
    clearTimeout(timer);
  }

  /** Switches it off at once: all of a guest's state is in its memory, so there is nothing to save. */
  async stop(): Promise<void> {
    await this.vm.stop();
    await this.exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function startFailure(exit: VmExit, memoryBytes: number, cause: unknown): WardianError {
  if (exit.kind === "failed") return exit.error;
  const advice = memoryBytes < COMFORTABLE_BYTES ? "; it may need more memory: try -m 256M" : "";
  return new WardianError("guest-ended", `the guest ended before it was up: ${describeExit(exit)}${advice}`, { cause });
}
