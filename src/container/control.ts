// What the main thread and a metered program share besides its pipes: whether it is to stand, whether it does, the fuel that it has
// used, how long its share of a CPU has held it back. May depend on nothing.
//
//   0   i32  PAUSE      1: it is to stand
//   4   i32  STANDING   1: it does
//   8   f64  fuel used, as of the last time that it was looked at
//  16   f64  milliseconds held back, as of the last time that it was

const PAUSE = 0;
const STANDING = 1;
const FIGURES_AT = 8;
const FUEL = 0;
const HELD = 1;
const BYTES = 24;
/** A program that executes looks every 5 ms whether it is to stand. */
const LOOK_MS = 20;

interface AsyncWait {
  readonly async: boolean;
  readonly value: Promise<string> | string;
}

// ES2024; the library of types that we compile with is ES2023's.
const atomics = Atomics as unknown as { waitAsync(array: Int32Array, index: number, value: number, timeout?: number): AsyncWait };

export class Control {
  readonly #words: Int32Array;
  /** FUEL, then HELD. */
  readonly #figures: Float64Array;

  constructor(readonly buffer = new SharedArrayBuffer(BYTES)) {
    this.#words = new Int32Array(buffer, 0, 2);
    this.#figures = new Float64Array(buffer, FIGURES_AT, 2);
  }

  get fuelUsed(): number {
    return this.#figures[FUEL] as number;
  }

  set fuelUsed(count: number) {
    this.#figures[FUEL] = count;
  }

  get heldMs(): number {
    return this.#figures[HELD] as number;
  }

  /** Main thread: resolves when it stands, or `isElsewhere` says that it does not execute anyway: it will stand when it comes back. */
  async pause(isElsewhere: () => boolean): Promise<void> {
    Atomics.store(this.#words, PAUSE, 1);
    while (Atomics.load(this.#words, STANDING) === 0 && Atomics.load(this.#words, PAUSE) === 1) {
      const wait = atomics.waitAsync(this.#words, STANDING, 0, LOOK_MS);
      if (wait.async) await wait.value;
      if (isElsewhere()) return;
    }
  }

  resume(): void {
    Atomics.store(this.#words, PAUSE, 0);
    Atomics.notify(this.#words, PAUSE);
  }

  /** Program's thread: stands as long as it is to. */
  standWhileAsked(): void {
    if (Atomics.load(this.#words, PAUSE) === 0) return;
    Atomics.store(this.#words, STANDING, 1);
    Atomics.notify(this.#words, STANDING);
    while (Atomics.load(this.#words, PAUSE) === 1) Atomics.wait(this.#words, PAUSE, 1);
    Atomics.store(this.#words, STANDING, 0);
  }

  /** Program's thread: how long it was held, about what was asked for. Also ended by the thread's end. */
  hold(ms: number): number {
    const beganMs = performance.now();
    Atomics.wait(this.#words, PAUSE, 0, ms);
    const heldMs = performance.now() - beganMs;
    this.#figures[HELD] = this.heldMs + heldMs;
    return heldMs;
  }
}
