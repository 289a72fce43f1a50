// One run of a program on this thread, from its instantiation to its end. May depend on errors, kernel/, host-directory/, wasi/ and
// the files beside it.
import { RIGHTS_ALL, RIGHTS_DIRECTORY, TICKER_PTR } from "../../assembly/kernel/abi.js";
import { WardianError } from "../errors.js";
import type { HostDirectories } from "../host-directory/index.js";
import { instantiate, type KernelExports } from "../kernel/index.js";
import { Clock } from "../wasi/clock.js";
import { ClockPage } from "../wasi/clock-page.js";
import type { ClockModules } from "../wasi/clock-thunk.js";
import { Context } from "../wasi/context.js";
import { makeImports } from "../wasi/imports.js";
import type { KernelCalls } from "../wasi/kernel-calls.js";
import { linkFuel } from "../wasm/fuel.js";
import { Control } from "./control.js";
import type { FromThread, HostMount, MemoryType, ProgramEnd, RunMessage, ThreadData } from "./messages.js";
import { Meter } from "./meter.js";
import { describeTrap } from "./trap.js";

export class Program {
  readonly #kernel: KernelExports;
  readonly #memory: WebAssembly.Memory;
  readonly #clock: Clock;
  readonly #clockModules: ClockModules;

  constructor(data: ThreadData, onTickerWanted: () => void) {
    this.#kernel = instantiate(data);
    this.#memory = data.memory;
    this.#clock = new Clock(new ClockPage(data.memory.buffer, TICKER_PTR), onTickerWanted);
    this.#clockModules = data.clockModules;
  }

  async run(message: RunMessage, tell: (message: FromThread) => void): Promise<ProgramEnd> {
    const host = message.mounts.length === 0 ? undefined : await makeDirectories(message);
    try {
      if (host !== undefined) for (const mount of message.mounts) this.#mount(message.proc, host, mount);
      return this.#runIn(this.#makeContext(message, host), message, tell);
    } catch (error) {
      return failed(error);
    } finally {
      host?.closeAll();
      this.#kernel.process_exit(message.proc);
    }
  }

  #mount(proc: number, host: HostDirectories, { hostPath, guestPath, readOnly }: HostMount): void {
    const handle = host.mount(hostPath, { readOnly });
    const name = Buffer.from(guestPath);
    new Uint8Array(this.#memory.buffer, this.#kernel.process_window(proc), name.length).set(name);
    const result = this.#kernel.fd_install_host_preopen(proc, handle, name.length, BigInt(RIGHTS_DIRECTORY), BigInt(RIGHTS_ALL));
    if (result < 0) throw new WardianError("bad-mount", `the folder ${hostPath} cannot be given to the program (errno ${-result})`);
  }

  #makeContext({ proc, args, env, counts }: RunMessage, host: HostDirectories | undefined): Context {
    return new Context({
      kernel: this.#kernel as unknown as KernelCalls,
      buffer: this.#memory.buffer,
      proc,
      windowPtr: this.#kernel.process_window(proc),
      resultsPtr: this.#kernel.process_results(proc),
      args,
      env,
      clock: this.#clock,
      host,
      counts: new Float64Array(counts),
      clockModules: this.#clockModules,
    });
  }

  #runIn(context: Context, message: RunMessage, tell: (message: FromThread) => void): ProgramEnd {
    const { module, imports, memory, startExport, trace } = message;
    const wasi = makeImports(context, imports, trace ? (line) => tell({ kind: "trace", line }) : undefined) as WebAssembly.Imports;
    try {
      if (memory !== undefined) context.memory.attach(importedMemory(memory, wasi));
      const instance = new WebAssembly.Instance(module, wasi);
      const { exports } = instance;
      if (exports.memory instanceof WebAssembly.Memory) context.memory.attach(exports.memory);
      if (startExport !== undefined) (exports[startExport] as () => void)();
      const start = (exports._start ?? exports._initialize) as () => unknown;
      if (message.meter === undefined) start();
      else runMetered(context, instance, message.meter, new Control(message.control), start);
      return { kind: "exit", status: 0 };
    } catch (error) {
      return context.ending ?? endOf(error);
    } finally {
      context.atEnd();
    }
  }
}

/** Loaded where it is needed only: 500 idle threads hold what they load 500 times. */
async function makeDirectories({ folderLimits }: RunMessage): Promise<HostDirectories> {
  const { HostDirectories: Directories } = await import("../host-directory/index.js");
  return new Directories(folderLimits);
}

/** The start function, where there is one, runs here, too. */
function runMetered(
  context: Context,
  instance: WebAssembly.Instance,
  { names, limits }: Metering,
  control: Control,
  start: () => unknown,
): void {
  const meter = new Meter(control, limits, () => void (context.ending = { kind: "fuel" }));
  const fuel = linkFuel(instance, names, meter.refill);
  try {
    start();
  } finally {
    meter.note(fuel.remaining);
  }
}

type Metering = NonNullable<RunMessage["meter"]>;

/** Made as the module declares it, which was clamped. */
function importedMemory({ module, name, initial, maximum, shared }: MemoryType, imports: WebAssembly.Imports): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial, maximum, shared });
  imports[module] = { ...imports[module], [name]: memory };
  return memory;
}

function endOf(error: unknown): ProgramEnd {
  if (error instanceof WebAssembly.LinkError || isOutOfMemory(error)) return failed(error);
  return { kind: "trap", what: describeTrap(error) };
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /could not allocate memory/i.test(error.message);
}

function failed(error: unknown): ProgramEnd {
  if (error instanceof WardianError) return { kind: "failed", code: error.code, message: error.message };
  if (isOutOfMemory(error))
    return { kind: "failed", code: "out-of-memory", message: "the host has no memory left for the program: run fewer at a time" };
  const text = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  return { kind: "failed", code: "start-failed", message: `the program could not be started (${text})` };
}
