// Whether a server has anything left to do: instances that are live, or somebody who asks. May depend on engine/ and instance/.
import type { Door } from "../engine/action.js";
import { type InstanceState, LIVE_STATES } from "../instance/lifecycle.js";

const LOOKS = 8;
const LOOK_MIN_MS = 50;
const LOOK_MAX_MS = 2_000;

export class IdleWatch {
  readonly #idleMs: number;
  readonly #server: { idleMs(): number };
  readonly #door: Door;
  readonly #onIdle: () => void;
  readonly #lookMs: number;
  #timer: NodeJS.Timeout | undefined;
  #busyAtMs = performance.now();
  #isStopped = false;

  /** Calls `onIdle` once, when for `idleMs` nothing was live and nothing was asked. */
  constructor(idleMs: number, server: { idleMs(): number }, door: Door, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#server = server;
    this.#door = door;
    this.#onIdle = onIdle;
    this.#lookMs = Math.min(LOOK_MAX_MS, Math.max(LOOK_MIN_MS, idleMs / LOOKS));
    this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #plan(): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#look(), this.#lookMs);
  }

  async #look(): Promise<void> {
    if (await this.#hasLive()) this.#busyAtMs = performance.now();
    // Asked for after the instances: what came meanwhile counts.
    const idleMs = Math.min(this.#server.idleMs(), performance.now() - this.#busyAtMs);
    if (this.#isStopped || idleMs < this.#idleMs) return this.#plan();
    this.stop();
    this.#onIdle();
  }

  /** While that cannot be told, there might be one. */
  async #hasLive(): Promise<boolean> {
    const info = await this.#door.apply({ kind: "info" }).catch(() => undefined);
    return info === undefined || Object.entries(info.instances).some(([state, count]) => count > 0 && isBusy(state as InstanceState));
  }
}

/** One that waits for its restart will be live by itself. */
function isBusy(state: InstanceState): boolean {
  return LIVE_STATES.has(state) || state === "restarting";
}
