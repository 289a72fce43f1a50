// Gives a metered program its fuel in portions of a few milliseconds, and between two of them holds it back: as its share of a CPU
// says, as long as it is paused, for good when its fuel is used up. May depend on control.ts and thread-time.ts.
import type { Control } from "./control.js";
import { threadCpuMs } from "./thread-time.js";

export interface MeterLimits {
  readonly fuel?: number | undefined;
  /** A part of a CPU. */
  readonly cpus?: number | undefined;
}

const PORTION_MS = 5;
const FIRST_PORTION = 200_000;
const LEAST_PORTION = 10_000;
const LARGEST_PORTION = 2 ** 40;
/** It is held back for no less at a time: a wait costs some 50 us. */
const LEAST_SLEEP_MS = 2;
/** A negative count ends it by a trap. */
const END = -1n;

export class Meter {
  #given = 0n;
  #portion = FIRST_PORTION;
  #cpuMs = threadCpuMs();
  #debtMs = 0;
  readonly #limit: bigint | undefined;

  constructor(
    private readonly control: Control,
    private readonly limits: MeterLimits,
    private readonly onEmpty: () => void,
  ) {
    this.#limit = limits.fuel === undefined ? undefined : BigInt(Math.floor(limits.fuel));
  }

  /** `remaining` is what is left of all that was given, below zero where more was used; the result is what there is from now on. */
  readonly refill = (remaining: bigint): bigint => {
    const used = this.note(remaining);
    if (this.#limit !== undefined && used >= this.#limit) {
      this.onEmpty();
      return END;
    }
    this.#account();
    this.control.standWhileAsked();
    const wanted = used + BigInt(Math.round(this.#portion));
    this.#given = this.#limit !== undefined && wanted > this.#limit ? this.#limit : wanted;
    return this.#given - used;
  };

  /** What it has used. */
  note(remaining: bigint): bigint {
    const used = this.#given - remaining;
    this.control.fuelUsed = Number(used);
    return used;
  }

  #account(): void {
    const nowMs = threadCpuMs();
    const busyMs = nowMs - this.#cpuMs;
    this.#cpuMs = nowMs;
    const factor = Math.min(2, Math.max(0.125, PORTION_MS / Math.max(busyMs, 0.01)));
    this.#portion = Math.min(LARGEST_PORTION, Math.max(LEAST_PORTION, this.#portion * factor));
    const { cpus = 1 } = this.limits;
    if (cpus >= 1) return;
    this.#debtMs += busyMs * (1 / cpus - 1);
    if (this.#debtMs < LEAST_SLEEP_MS) return;
    this.#debtMs -= this.control.hold(this.#debtMs);
  }
}
