// A guest as the library hands it out: each method is one action. May depend on config, errors, engine.ts and action.ts.
import type { Readable } from "node:stream";
import { RUN_OUTPUT_LIMIT_BYTES } from "../config.js";
import { WardianError } from "../errors.js";
import type { CommandSpec, GuestInstance } from "../instance/guest-instance.js";
import type { InstanceInfo } from "../instance/instance.js";
import type { ExecProcess } from "../machine/agent/index.js";
import type { MachineStats, VmExit } from "../machine/vm.js";
import type { Engine } from "./engine.js";

export type ExecOptions = Omit<CommandSpec, "args">;

export interface RunOptions extends Omit<ExecOptions, "stdin" | "tty"> {
  /** What the command reads; without it, its stdin is empty. */
  readonly stdin?: string | Uint8Array | undefined;
  /** Of stdout and of stderr; more ends the command and is the error `output-too-large`. Default: 64 MiB. */
  readonly limitBytes?: number | undefined;
}

export interface RunResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** What a shell would report: the exit code, or 128 + the signal's number. */
  readonly status: number;
  readonly signal: string | null;
  /** Why the command never began (then `status` is 126 or 127). */
  readonly failure?: string;
}

export class Guest implements AsyncDisposable {
  readonly id: string;
  /** How the guest ended; never rejects. */
  readonly exit: Promise<VmExit>;
  readonly #engine: Engine;

  constructor(engine: Engine, instance: GuestInstance) {
    this.#engine = engine;
    this.id = instance.id;
    this.exit = instance.exit;
  }

  /** Starts a command: its streams, its signals, and how it ends. */
  exec(args: readonly string[], options: ExecOptions = {}): Promise<ExecProcess> {
    return this.#engine.apply({ kind: "exec", instance: this.id, command: { ...options, args } });
  }

  /** Runs a command to its end and collects what it says. */
  async run(args: readonly string[], { stdin, limitBytes = RUN_OUTPUT_LIMIT_BYTES, ...options }: RunOptions = {}): Promise<RunResult> {
    const command = await this.exec(args, { endAtExit: true, ...options, stdin: stdin !== undefined });
    if (stdin !== undefined) command.stdin.end(stdin);
    try {
      const [stdout, stderr, exit] = await Promise.all([
        collect(command.stdout, limitBytes),
        collect(command.stderr, limitBytes),
        command.exit,
      ]);
      const { status, signal, failure } = exit;
      return { stdout, stderr, status, signal, ...(failure === undefined ? {} : { failure }) };
    } catch (error) {
      command.kill("SIGKILL");
      command.stdout.destroy();
      command.stderr.destroy();
      throw error;
    }
  }

  /** Makes or replaces a regular file. */
  async writeFile(path: string, data: string | Uint8Array, options: { readonly mode?: number } = {}): Promise<void> {
    await this.#engine.apply({
      kind: "write-file",
      instance: this.id,
      path,
      data: typeof data === "string" ? Buffer.from(data) : data,
      mode: options.mode,
    });
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#engine.apply({ kind: "read-file", instance: this.id, path });
  }

  inspect(): Promise<{ readonly info: InstanceInfo; readonly stats: MachineStats | undefined }> {
    return this.#engine.apply({ kind: "inspect", instance: this.id });
  }

  /** Switches the guest off; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    await this.#engine.apply({ kind: "stop", instance: this.id }).catch((error: unknown) => {
      if (!(error instanceof WardianError) || error.code !== "no-instance") throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function collect(stream: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  if (stream.destroyed && stream.readableLength === 0) return Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes)
      throw new WardianError("output-too-large", `the command wrote more than ${limitBytes} bytes; use exec() and read its streams`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
