// The last rows of numbers, each with its time, in one array of doubles: a bounded history that costs no objects. Depends on
// nothing.

const FIRST_CAPACITY = 16;

/** Rows must come in the order of their times. */
export class SampleRing {
  readonly #width: number;
  readonly #maxRows: number;
  /** Row after row: the time, then the numbers. Grows up to maxRows, so that a short life costs little. */
  #cells: Float64Array;
  #capacity: number;
  #oldest = 0;
  #length = 0;

  constructor(width: number, maxRows: number) {
    this.#width = width;
    this.#maxRows = maxRows;
    this.#capacity = Math.min(FIRST_CAPACITY, maxRows);
    this.#cells = new Float64Array(this.#capacity * (width + 1));
  }

  get length(): number {
    return this.#length;
  }

  /** Takes the first `width` numbers of `row`. The oldest row makes room for it. */
  push(at: number, row: ArrayLike<number>): void {
    if (this.#length === this.#capacity && this.#capacity < this.#maxRows) this.#grow();
    if (this.#length === this.#capacity) this.#oldest = (this.#oldest + 1) % this.#capacity;
    else this.#length++;
    const start = this.#start(this.#length - 1);
    this.#cells[start] = at;
    for (let column = 0; column < this.#width; column++) this.#cells[start + 1 + column] = row[column] ?? 0;
  }

  /** The time of the row, the oldest being 0. */
  timeOf(index: number): number {
    return this.#cells[this.#start(index)] ?? 0;
  }

  /** The numbers of the row; valid until the next push. */
  row(index: number): Float64Array {
    const start = this.#start(index) + 1;
    return this.#cells.subarray(start, start + this.#width);
  }

  /** The row whose time is nearest; -1 where there is none. */
  nearest(at: number): number {
    const after = this.firstSince(at);
    if (after === 0) return this.#length === 0 ? -1 : 0;
    if (after === this.#length) return after - 1;
    return this.timeOf(after) - at < at - this.timeOf(after - 1) ? after : after - 1;
  }

  /** The first row of that time or later; `length` where there is none. */
  firstSince(at: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.timeOf(middle) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  clear(): void {
    this.#oldest = 0;
    this.#length = 0;
  }

  #start(index: number): number {
    return ((this.#oldest + index) % this.#capacity) * (this.#width + 1);
  }

  /** Only ever full and not yet turned: the rows are in order. */
  #grow(): void {
    this.#capacity = Math.min(this.#capacity * 2, this.#maxRows);
    const cells = new Float64Array(this.#capacity * (this.#width + 1));
    cells.set(this.#cells);
    this.#cells = cells;
  }
}
