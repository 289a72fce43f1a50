// A guest as the library hands it out: each method is one action. May depend on config, errors, instance/ types and action.ts.
import type { Readable } from "node:stream";
import { RUN_OUTPUT_LIMIT_BYTES } from "../config.js";
import { WardianError } from "../errors.js";
import type { FileStat } from "../instance/file-tree.js";
import type { RunningProcess } from "../instance/running-process.js";
import type { ExecCommand } from "./action.js";
import { InstanceHandle } from "./instance-handle.js";

export type ExecOptions = Omit<ExecCommand, "args">;

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

const FILE_LIMIT_BYTES = 2 ** 30;

export class Guest extends InstanceHandle {
  /** Starts a command: its streams, its signals, and how it ends. */
  exec(args: readonly string[], options: ExecOptions = {}): Promise<RunningProcess> {
    return this.door.apply({ kind: "exec", instance: this.id, command: { ...options, args: [...args] } });
  }

  /** Runs a command to its end and collects what it says. */
  async run(args: readonly string[], { stdin, limitBytes = RUN_OUTPUT_LIMIT_BYTES, ...options }: RunOptions = {}): Promise<RunResult> {
    const command = await this.exec(args, { endAtExit: true, ...options, stdin: stdin !== undefined });
    if (stdin !== undefined) command.stdin.end(stdin);
    try {
      const tooMuch = (): WardianError =>
        new WardianError("output-too-large", `the command wrote more than ${limitBytes} bytes; use exec() and read its streams`);
      const [stdout, stderr, exit] = await Promise.all([
        collect(command.stdout, limitBytes, tooMuch),
        collect(command.stderr, limitBytes, tooMuch),
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
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    await this.door.apply({ kind: "write-file", instance: this.id, path, content: once(bytes), options });
  }

  /** The whole of a regular file, at most 1 GiB. */
  async readFile(path: string): Promise<Uint8Array> {
    const { content } = await this.door.apply({ kind: "read-file", instance: this.id, path });
    const tooLarge = (): WardianError =>
      new WardianError("file-too-large", `${path} in the guest is larger than 1 GiB; read it in parts with a command`);
    return collect(content, FILE_LIMIT_BYTES, tooLarge);
  }

  listFiles(path: string): Promise<readonly FileStat[]> {
    return this.door.apply({ kind: "list-files", instance: this.id, path });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function collect(stream: Readable, limitBytes: number, tooMuch: () => WardianError): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  if (stream.destroyed && stream.readableLength === 0) return Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw tooMuch();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
