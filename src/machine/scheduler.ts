// Which of a thread's machines runs next, and for how long: weighted fair shares, and hard caps. Knows neither machines nor
// threads: whoever owns it calls step() again and again, and gives it the time. Depends on nothing.
//
// Shares: each task has a virtual time that its running moves on, the slower the more weight it has; the one that is
// furthest behind is next. One that was asleep goes to where the others are: it runs soon, but has saved nothing up.
// Caps: a bucket of milliseconds fills at the rate `cpus` and is emptied by running; one that ran dry waits until a worthwhile
// slice has come in.

export const SLICE_MS = 4;
export const DEFAULT_WEIGHT = 100;
/** What a bucket holds: this much time's income, but never a burst above BURST_MS. */
const BUCKET_INCOME_MS = 150;
const BURST_MS = 20;
/** Shorter slices are not worth the change; a bucket that ran dry waits for one. */
const LEAST_SLICE_MS = 2;

export interface Task {
  /** Executes for about `ms`; gives after how many ms it wants to go on: 0 for at once, Infinity for when it is woken. */
  run(ms: number): number;
  /** Called after each run. */
  charge(usage: Usage): void;
}

/** In milliseconds, since the task was added. */
export interface Usage {
  readonly busyMs: number;
  readonly throttledMs: number;
  readonly waitingMs: number;
}

export interface Share {
  readonly weight?: number | undefined;
  /** Hard cap, as a part of one CPU; undefined for none. */
  readonly cpus?: number | undefined;
}

/** A task's place in the scheduler. */
export class Seat implements Usage {
  busyMs = 0;
  throttledMs = 0;
  waitingMs = 0;
  /** Paused: it does not run, however much it has to do. */
  isHeld = false;
  /** It wants to run from this time on. */
  dueMs: number;
  /** Virtual time. */
  behindMs = 0;
  isQueued = false;
  readonly #weight: number;
  readonly #bucket: Bucket | undefined;

  constructor(
    readonly task: Task,
    { weight = DEFAULT_WEIGHT, cpus }: Share,
    nowMs: number,
  ) {
    this.dueMs = nowMs;
    this.#weight = weight;
    this.#bucket = cpus === undefined || cpus >= 1 ? undefined : new Bucket(cpus, nowMs);
  }

  /** From when it may run and wants to. */
  get startMs(): number {
    if (this.isHeld) return Number.POSITIVE_INFINITY;
    return this.#bucket === undefined ? this.dueMs : Math.max(this.dueMs, this.#bucket.openMs);
  }

  /** How long its next slice is. */
  sliceMs(nowMs: number): number {
    return this.#bucket === undefined ? SLICE_MS : this.#bucket.sliceMs(nowMs);
  }

  /** It is about to run; before `freeMs` nothing else had the thread. */
  noteWait(nowMs: number, freeMs: number): void {
    let fromMs = Math.max(this.dueMs, freeMs);
    if (this.#bucket !== undefined && this.#bucket.openMs > this.dueMs) {
      fromMs = Math.max(this.#bucket.openMs, freeMs);
      this.throttledMs += Math.min(fromMs, nowMs) - this.dueMs;
    }
    this.waitingMs += Math.max(0, nowMs - fromMs);
  }

  /** It has run for `ms` up to now. */
  spend(ms: number, nowMs: number): void {
    this.busyMs += ms;
    this.behindMs += (ms * DEFAULT_WEIGHT) / this.#weight;
    this.#bucket?.spend(ms, nowMs);
  }
}

/** Running time that a capped task may use. */
class Bucket {
  readonly #rate: number;
  readonly #sizeMs: number;
  readonly #leastMs: number;
  #levelMs: number;
  #filledMs: number;
  /** It is shut until then. */
  openMs = Number.NEGATIVE_INFINITY;

  constructor(rate: number, nowMs: number) {
    this.#rate = rate;
    this.#sizeMs = Math.min(BURST_MS, BUCKET_INCOME_MS * rate);
    this.#leastMs = Math.min(LEAST_SLICE_MS, this.#sizeMs / 2);
    this.#levelMs = this.#leastMs;
    this.#filledMs = nowMs;
  }

  sliceMs(nowMs: number): number {
    this.#fill(nowMs);
    return Math.min(SLICE_MS, Math.max(this.#levelMs, this.#leastMs));
  }

  spend(ms: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#levelMs -= ms;
    if (this.#levelMs < this.#leastMs / 2) this.openMs = nowMs + (this.#leastMs - this.#levelMs) / this.#rate;
  }

  #fill(nowMs: number): void {
    this.#levelMs = Math.min(this.#sizeMs, this.#levelMs + (nowMs - this.#filledMs) * this.#rate);
    this.#filledMs = nowMs;
  }
}

export class Scheduler {
  readonly #nowMs: () => number;
  readonly #seats = new Set<Seat>();
  /** Where the one that ran last stood: nobody joins further behind. */
  #floorMs = 0;
  /** When the thread had something to do again after a rest. */
  #freeMs = Number.NEGATIVE_INFINITY;
  #isResting = true;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The task wants to run at once. */
  add(task: Task, share: Share): Seat {
    const seat = new Seat(task, share, this.#nowMs());
    this.#seats.add(seat);
    return seat;
  }

  remove(seat: Seat): void {
    this.#seats.delete(seat);
  }

  /** Ends the task's sleep. */
  wake(seat: Seat): void {
    seat.dueMs = Math.min(seat.dueMs, this.#nowMs());
  }

  hold(seat: Seat): void {
    seat.isHeld = true;
    seat.isQueued = false;
  }

  /** Lets a held task go on; the time it was held does not count as waiting. */
  release(seat: Seat): void {
    if (!seat.isHeld) return;
    seat.isHeld = false;
    seat.dueMs = this.#nowMs();
  }

  /** Runs one slice of one task, and gives 0; where none can run, gives for how many ms. */
  step(): number {
    const nowMs = this.#nowMs();
    let next: Seat | undefined;
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const seat of this.#seats) {
      const startMs = seat.startMs;
      if (startMs > nowMs) {
        soonestMs = Math.min(soonestMs, startMs);
        continue;
      }
      this.#queue(seat);
      // Of two that are equally far, the one that began to wait later was asleep: it has had less.
      if (next === undefined || seat.behindMs < next.behindMs || (seat.behindMs === next.behindMs && startMs > next.startMs)) next = seat;
    }
    if (this.#isResting) this.#freeMs = nowMs;
    this.#isResting = next === undefined;
    if (next === undefined) return soonestMs - nowMs;
    this.#run(next, nowMs);
    return 0;
  }

  #queue(seat: Seat): void {
    if (seat.isQueued) return;
    seat.isQueued = true;
    seat.behindMs = Math.max(seat.behindMs, this.#floorMs);
  }

  #run(seat: Seat, nowMs: number): void {
    this.#floorMs = Math.max(this.#floorMs, seat.behindMs);
    seat.noteWait(nowMs, this.#freeMs);
    seat.dueMs = Number.POSITIVE_INFINITY;
    const sleepMs = seat.task.run(seat.sliceMs(nowMs));
    const endMs = this.#nowMs();
    seat.spend(endMs - nowMs, endMs);
    seat.dueMs = endMs + sleepMs;
    seat.isQueued = seat.startMs <= endMs;
    seat.task.charge(seat);
  }
}
