// Time as containers have it: nanoseconds as two words, without a BigInt. Monotonic time has the origin of performance.now(), as the
// kernel's has. May depend on clock-page.ts.
//
// Reading the host's clock takes 25 to 50 ns whatever we do. A program that asks for the time over and over gets it from the host every
// few calls only, and between those the last answer and a little more: never ahead of the host's clock, never back. A ticker, another
// thread, says four times a millisecond that the last answer is old, so that a program that computes between two questions
// is told the time to within that.
import { ClockPage } from "./clock-page.js";

const WORD = 2 ** 32;
const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;
/** So many calls may pass between two looks at the host's clock, where those since the last one came within so many nanoseconds each. */
const CALLS_PER_LOOK = 64;
const TIGHT_NS = 250;
/** No call takes less. */
const STEP_NS = 2;
/** Wall time is set anew where it has moved by more against ours. */
const DRIFT_NS = 5e6;
const DRIFT_LOOK_NS = 1e9;

/** What is told when asked for a clock's resolution. */
export const RESOLUTION_NS = 1n;

const hostNs = (): number => {
  const [seconds, ns] = process.hrtime();
  return seconds * NS_PER_S + ns;
};
const originNs = hostNs() - performance.now() * NS_PER_MS;

/** Nanoseconds, the origin of realtime in two words, how many answers may be made of that while the ticker's count is this. */
export type ClockAnswer = (ns: number, originLow: number, originHigh: number, answers: number, epoch: number) => void;

export class Clock {
  /** The last time that was asked for. */
  low = 0;
  high = 0;
  #ns = 0;
  #lookedNs = 0;
  /** Answers allowed by the last look, and how many of them are left. */
  #allowed = 0;
  #left = 0;
  #epoch = 0;
  /** Realtime at the origin, and when that was last compared with the host's. */
  #originLow = 0;
  #originHigh = 0;
  #comparedNs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly page = new ClockPage(),
    /** Called when a ticker would help, and there is none. */
    private readonly onWanted: () => void = () => {},
  ) {}

  get allowed(): number {
    return this.#allowed;
  }

  readMonotonic(): void {
    const { page } = this;
    if (this.#left > 0 && page.epoch === this.#epoch) {
      this.#left -= 1;
      this.#ns += STEP_NS;
    } else this.#look(page);
    this.high = Math.floor(this.#ns / WORD);
    this.low = this.#ns - this.high * WORD;
  }

  readRealtime(): void {
    this.readMonotonic();
    if (this.#ns - this.#comparedNs > DRIFT_LOOK_NS) this.#compare();
    const low = this.low + this.#originLow;
    this.high += this.#originHigh + (low >= WORD ? 1 : 0);
    this.low = low >= WORD ? low - WORD : low;
  }

  /** From here on assembly/clock makes the answers, and none is left to it. */
  handOver(): void {
    this.#allowed = 0;
    this.#left = 0;
  }

  /** For assembly/clock: looks at the host's clock where `left` of those allowed were not made, and tells it.
   *  Gives how many calls that were, with this one. */
  look(left: number, tell: ClockAnswer): number {
    const calls = this.#allowed - left + 1;
    this.#left = left;
    this.#look(this.page);
    if (this.#ns - this.#comparedNs > DRIFT_LOOK_NS) this.#compare();
    tell(this.#ns, this.#originLow, this.#originHigh, this.#left, this.#epoch);
    return calls;
  }

  #look(page: ClockPage): void {
    const now = Math.floor(hostNs() - originNs);
    const isTight = now - this.#lookedNs < (this.#allowed - this.#left + 1) * TIGHT_NS;
    this.#lookedNs = now;
    this.#ns = Math.max(now, this.#ns);
    this.#epoch = page.epoch;
    this.#allowed = isTight && page.isTicking() ? CALLS_PER_LOOK - 1 : 0;
    this.#left = this.#allowed;
    if (isTight && this.#left === 0 && page.want()) this.onWanted();
  }

  #compare(): void {
    this.#comparedNs = this.#ns;
    const known = BigInt(this.#originHigh) * BigInt(WORD) + BigInt(this.#originLow);
    const ns = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n - BigInt(this.#ns);
    const hostMs = BigInt(Date.now()) * 1_000_000n - BigInt(this.#ns);
    const origin = distance(ns, hostMs) > DRIFT_NS ? hostMs : ns;
    if (distance(origin, known) < DRIFT_NS) return;
    this.#originLow = Number(origin & 0xffff_ffffn);
    this.#originHigh = Number(origin >> 32n);
  }
}

function distance(a: bigint, b: bigint): number {
  return Math.abs(Number(a - b));
}
