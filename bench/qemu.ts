// The other side: Debian's qemu-system-riscv64, its `virt` board with one hart, its code generator (TCG). Every run ends by
// itself or is killed after a time limit. Depends on errors.
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import type { Readable } from "node:stream";
import { WardianError } from "../src/errors.js";

const PROGRAM = "qemu-system-riscv64";
/** A guest that has not ended by then never will. */
const TIME_LIMIT_MS = 120_000;

/** Throws `no-qemu`. */
export function qemuVersion(): string {
  const { stdout, error } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  const version = /version (\S+)/.exec(stdout ?? "")?.[1];
  if (error !== undefined || version === undefined) {
    throw new WardianError(
      "no-qemu",
      `${PROGRAM} is missing, and there is nothing to compare with: install it (Debian: qemu-system-misc)`,
      { cause: error },
    );
  }
  return version;
}

export interface QemuRun {
  readonly pid: number;
  /** Resolves with the serial console's whole text once it holds `text`; rejects if the guest ends before. */
  until(text: string): Promise<string>;
  /** Resolves with all output when the guest has powered off; rejects with `bench-qemu` otherwise. */
  readonly end: Promise<string>;
  kill(): void;
}

export interface QemuOptions {
  readonly timeLimitMs?: number;
  /** Each piece of the serial console as it comes. */
  onConsole?(text: string): void;
}

export function startQemu(args: readonly string[], options: QemuOptions = {}): QemuRun {
  const board = ["-M", "virt", "-smp", "1", "-accel", "tcg", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"];
  const child = spawn(PROGRAM, [...board, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  return follow(child, options);
}

function follow(child: ChildProcessByStdio<null, Readable, Readable>, options: QemuOptions): QemuRun {
  let output = "";
  let complaint = "";
  let onOutput = (): void => {};
  let isKilled = false;
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeLimitMs ?? TIME_LIMIT_MS);
  child.stderr.on("data", (bytes: Buffer) => {
    complaint += bytes.toString();
  });
  child.stdout.on("data", (bytes: Buffer) => {
    const text = bytes.toString("latin1");
    output += text;
    options.onConsole?.(text);
    onOutput();
  });
  const end = new Promise<string>((resolve, reject) => {
    child.on("error", (error) => reject(new WardianError("no-qemu", `${PROGRAM} cannot be started`, { cause: error })));
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const why = complaint.trim().split("\n")[0] ?? "";
      if (status === 0 || isKilled) resolve(output);
      else reject(new WardianError("bench-qemu", `QEMU ended with ${signal ?? `status ${status}`}${why === "" ? "" : `: ${why}`}`));
    });
  });
  // Whoever waits for text only must not leave this one without a listener.
  end.catch(() => {});
  const until = (text: string): Promise<string> =>
    Promise.race([
      new Promise<string>((resolve) => {
        onOutput = () => {
          if (output.includes(text)) resolve(output);
        };
        onOutput();
      }),
      end.then((whole) => {
        if (whole.includes(text)) return whole;
        throw new WardianError("bench-qemu", `the guest in QEMU ended without "${text.trim()}"; its last words: ${lastLine(whole)}`);
      }),
    ]);
  const kill = (): void => {
    isKilled = true;
    child.kill("SIGKILL");
  };
  return { pid: child.pid ?? 0, until, end, kill };
}

export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
