// Test support: the real agent binary under qemu-riscv64 (user mode), speaking over a socket pair; the commands it runs
// are the host's own. Depends on transport.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

export const AGENT_PATH = fileURLToPath(new URL("../../../fixtures/agent/agent", import.meta.url));

/** Why tests with it must be skipped, or undefined. */
export function userGuestMissing(): string | undefined {
  return spawnSync("qemu-riscv64", ["--version"]).status === 0 ? undefined : "qemu-riscv64 (qemu-user) is not installed";
}

export interface UserGuest {
  readonly process: ChildProcess;
  readonly port: Duplex;
  /** Exit code, or the signal's name, of the emulator. */
  readonly ended: Promise<number | string>;
}

/** Starts the agent; with `root`, inside that folder as its whole file system. */
export function startUserGuest(root?: string): UserGuest {
  const args = [AGENT_PATH, "--fd", "3", ...(root === undefined ? [] : ["--root", root])];
  const child = spawn("qemu-riscv64", args, { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { process: child, port: child.stdio[3] as Duplex, ended };
}
