// A command without a terminal in front of it: its whole output as one JSON answer, or as lines while it comes. Both hold no more
// than their bound, and the command waits while nobody takes its output. May depend on
// instance/ and the files beside it.
import type { ExitStatus } from "../machine/agent/index.js";
import type { RunningProcess } from "../instance/running-process.js";
import { merge } from "./ready-queue.js";
import type { Encoding, ExecRequest, ExecView } from "./schemas.js";

export const EXEC_STREAMS = ["stdout", "stderr"] as const;
type OutputName = (typeof EXEC_STREAMS)[number];
interface Output {
  readonly stream: OutputName;
  readonly bytes: Uint8Array;
}

async function* named(stream: OutputName, source: AsyncIterable<Uint8Array>): AsyncGenerator<Output> {
  for await (const bytes of source) yield { stream, bytes };
}

export function outputsOf(process: RunningProcess): AsyncGenerator<Output> {
  return merge(EXEC_STREAMS.map((stream) => named(stream, process[stream])));
}

/** As the API tells it. */
export function exitView({ status, signal, failure }: ExitStatus): { status: number; signal: string | null; failure?: string } {
  return { status, signal, ...(failure === undefined ? {} : { failure }) };
}

/** Ends the command at once, and takes no more of it. Nothing that is over already minds. */
export function abandon(process: RunningProcess): void {
  try {
    process.kill("SIGKILL");
  } finally {
    process.stdin.destroy();
    process.stdout.destroy();
    process.stderr.destroy();
    process.exit.catch(() => {});
  }
}

/** Its whole input, and then its end. What it does not take is its own affair. */
export function giveInput(process: RunningProcess, { stdin, stdinEncoding }: Pick<ExecRequest, "stdin" | "stdinEncoding">): void {
  process.stdin.on("error", () => {});
  if (stdin !== undefined) process.stdin.end(Buffer.from(stdin, stdinEncoding));
}

/** Kills it when the time is up, and tells whether that was so. */
export class Deadline {
  passed = false;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(process: RunningProcess, timeoutMs: number | undefined) {
    if (timeoutMs === undefined) return;
    this.#timer = setTimeout(() => {
      this.passed = true;
      process.kill("SIGKILL");
    }, timeoutMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

export async function collectOutput(process: RunningProcess, request: ExecRequest): Promise<ExecView> {
  const deadline = new Deadline(process, request.timeoutMs);
  const kept: Record<OutputName, Uint8Array[]> = { stdout: [], stderr: [] };
  let left = request.limitBytes;
  let truncated = false;
  try {
    for await (const { stream, bytes } of outputsOf(process)) {
      if (left > 0) kept[stream].push(bytes.subarray(0, left));
      truncated ||= bytes.length > left;
      left = Math.max(0, left - bytes.length);
      if (truncated) break;
    }
    if (truncated) abandon(process);
    const told = exitView(await process.exit);
    const text = (stream: OutputName): string => Buffer.concat(kept[stream]).toString(request.encoding);
    return { ...told, stdout: text("stdout"), stderr: text("stderr"), truncated, timedOut: deadline.passed };
  } finally {
    deadline.clear();
  }
}

export type ExecLine = { stream: OutputName; data: string } | { exit: ReturnType<typeof exitView> };

export async function* outputLines(process: RunningProcess, request: ExecRequest): AsyncGenerator<ExecLine> {
  const deadline = new Deadline(process, request.timeoutMs);
  const decoders = { stdout: decoderFor(request.encoding), stderr: decoderFor(request.encoding) };
  try {
    for await (const { stream, bytes } of outputsOf(process)) {
      const data = decoders[stream](bytes);
      if (data !== "") yield { stream, data };
    }
    for (const stream of EXEC_STREAMS) {
      const data = decoders[stream]();
      if (data !== "") yield { stream, data };
    }
    yield { exit: exitView(await process.exit) };
  } finally {
    deadline.clear();
  }
}

/** Characters of several bytes may come in two chunks; called without one, gives what is left of them. */
function decoderFor(encoding: Encoding): (bytes?: Uint8Array) => string {
  if (encoding === "base64") return (bytes) => (bytes === undefined ? "" : Buffer.from(bytes).toString("base64"));
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return (bytes) => decoder.decode(bytes, { stream: bytes !== undefined });
}
