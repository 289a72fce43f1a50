// What a ticker and the clocks of containers share: a count that grows four times a millisecond while somebody asks for the time over
// and over. May depend on nothing.
//
//   0  EPOCH     the count        4  TICKING   1 while it grows
//   8  WANTED    grows with each wish for it   12  HAS_TICKER  1 once there is one

const EPOCH = 0;
const TICKING = 1;
const WANTED = 2;
const HAS_TICKER = 3;
const TICK_MS = 0.25;
/** Ticks that nobody wanted, and it stands. */
const IDLE_TICKS = 400;

export class ClockPage {
  readonly #words: Int32Array;

  /** By itself, or in the kernel's memory at TICKER_PTR, where assembly/clock asks for the count. */
  constructor(
    readonly buffer: ArrayBufferLike = new SharedArrayBuffer(16),
    ptr = 0,
  ) {
    this.#words = new Int32Array(buffer, ptr, 4);
  }

  get epoch(): number {
    return this.#words[EPOCH] as number;
  }

  /** Notes the wish for more of it, too. */
  isTicking(): boolean {
    const words = this.#words;
    words[WANTED] = ((words[WANTED] as number) + 1) | 0;
    return words[TICKING] === 1;
  }

  /** True for the first who wants a ticker where there is none; an idle one is woken. */
  want(): boolean {
    Atomics.add(this.#words, WANTED, 1);
    Atomics.notify(this.#words, WANTED);
    return Atomics.compareExchange(this.#words, HAS_TICKER, 0, 1) === 0;
  }

  /** The ticker's whole life. */
  tick(): never {
    const words = this.#words;
    let seen = 0;
    for (let idle = 0; ;) {
      const wanted = Atomics.load(words, WANTED);
      idle = wanted === seen ? idle + 1 : 0;
      seen = wanted;
      if (idle > IDLE_TICKS) {
        Atomics.store(words, TICKING, 0);
        Atomics.add(words, EPOCH, 1);
        Atomics.wait(words, WANTED, seen);
        idle = 0;
      }
      Atomics.add(words, EPOCH, 1);
      Atomics.store(words, TICKING, 1);
      Atomics.wait(words, HAS_TICKER, 1, TICK_MS);
    }
  }
}
