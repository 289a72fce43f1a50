// The last points of an instance's figures, for charts: a ring of rows with a fixed number of columns. Depends on nothing.

export const SERIES = ["cpu", "memory", "instructions", "read", "write"] as const;
export type Point = Readonly<Record<(typeof SERIES)[number], number>>;

/** What a chart shows; points come about once a second. */
export const WINDOW_MS = 120_000;
const MAX_POINTS = 180;

export class History {
  readonly #times: number[] = [];
  readonly #points: Point[] = [];

  get last(): Point | undefined {
    return this.#points.at(-1);
  }

  get lastMs(): number | undefined {
    return this.#times.at(-1);
  }

  push(atMs: number, point: Point): void {
    // A server that sends the same moment twice, or whose clock was set back, must not bend the line backwards.
    if (!Number.isFinite(atMs) || atMs <= (this.lastMs ?? -Infinity)) return;
    this.#times.push(atMs);
    this.#points.push(point);
    if (this.#times.length > MAX_POINTS) {
      this.#times.shift();
      this.#points.shift();
    }
  }

  /** The point at or just before a moment. */
  pointNear(atMs: number): Point | undefined {
    const index = this.#times.findLastIndex((time) => time <= atMs);
    return index < 0 ? undefined : this.#points[index];
  }

  /** Seconds since 1970, then a column for each name; a gap where points are missing, so that no line is drawn over it. */
  columns(names: readonly (keyof Point)[]): (number | null)[][] {
    const rows: (readonly [number, Point | undefined])[] = [];
    for (const [index, atMs] of this.#times.entries()) {
      const before = this.#times[index - 1];
      if (before !== undefined && atMs - before > 10_000) rows.push([before + 1, undefined]);
      rows.push([atMs, this.#points[index]]);
    }
    return [rows.map(([atMs]) => atMs / 1000), ...names.map((name) => rows.map(([, point]) => point?.[name] ?? null))];
  }

  /** The newest `count` values, oldest first. */
  tail(name: keyof Point, count: number): number[] {
    return this.#points.slice(-count).map((point) => point[name]);
  }
}
