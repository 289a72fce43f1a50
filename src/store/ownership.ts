// One process at a time owns a state folder. The lock is SQLite's on owner.lock: the kernel drops it when its holder is gone, however it
// went. Who the owner is and where it listens, it says in owner.json. May depend on database.ts, state-folder.ts, errors and zod.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { WardianError } from "../errors.js";
import { Database } from "./database.js";
import type { StateFolder } from "./state-folder.js";

const RETRY_MS = 25;

export const ownerSchema = z.object({
  pid: z.int().positive(),
  /** Where the same API is served, for the user alone. */
  socket: z.string().optional(),
  startedAt: z.string(),
  /** Commands started it for themselves; it ends when nothing runs. */
  background: z.boolean().optional(),
});
export type Owner = z.infer<typeof ownerSchema>;

export class Ownership implements Disposable {
  readonly #folder: StateFolder;
  readonly #lock: Database;
  #held = true;

  constructor(folder: StateFolder, lock: Database) {
    this.#folder = folder;
    this.#lock = lock;
  }

  /** Tells others; they see the old or the new, never half. */
  publish(owner: Owner): void {
    if (!this.#held) throw new WardianError("state-busy", `${this.#folder.path} is not owned any more`);
    const temporary = `${this.#folder.owner}.new`;
    try {
      const file = openSync(temporary, "w", 0o600);
      try {
        writeSync(file, JSON.stringify(owner));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, this.#folder.owner);
    } catch (error) {
      const told = (error as Error).message;
      throw new WardianError("state-unwritable", `${this.#folder.owner} cannot be written: ${told}`, { cause: error });
    }
  }

  /** What was published goes first: who reads it later finds an owner. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    removeLeftovers(this.#folder);
    this.#lock.close();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Undefined when another has it, in this process or elsewhere. Throws `state-unwritable`, `state-corrupt`. */
export function takeOwnership(folder: StateFolder): Ownership | undefined {
  const lock = new Database(folder.lock, 0);
  try {
    lock.exec("BEGIN EXCLUSIVE");
    removeLeftovers(folder);
    return new Ownership(folder, lock);
  } catch (error) {
    lock.close();
    if (error instanceof WardianError && error.code === "state-busy") return undefined;
    throw error;
  }
}

/** Undefined when the time is up, or `signal` says so. */
export async function waitForOwnership(folder: StateFolder, timeoutMs: number, signal?: AbortSignal): Promise<Ownership | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const ownership = signal?.aborted === true ? undefined : takeOwnership(folder);
    const leftMs = deadline - performance.now();
    if (ownership !== undefined || leftMs <= 0 || signal?.aborted === true) return ownership;
    await sleep(Math.min(RETRY_MS, leftMs), undefined, { signal }).catch(() => undefined);
  }
}

/**
 * What the owner says of itself; undefined when none listens. One that was killed may have left it: where nothing answers at the socket,
 * takeOwnership() tells.
 */
export function readOwner(folder: StateFolder): Owner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(readFileSync(folder.owner, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Of an owner that was killed, or is going. Its socket's file would be in the way of the next. */
function removeLeftovers(folder: StateFolder): void {
  for (const path of [folder.owner, `${folder.owner}.new`, folder.socketFile]) rmSync(path, { force: true });
}
