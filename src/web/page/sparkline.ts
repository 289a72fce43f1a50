// The line of a figure's last half minute, small enough for a row of the list. Depends on element.ts.
import { setAttributes, svg } from "./element.js";

const [WIDTH, HEIGHT] = [72, 20];
export const SPARK_POINTS = 40;

/** Values from 0 to 1, oldest first, as "x,y x,y ..."; the newest is at the right edge. */
export function sparkPoints(values: readonly number[]): string {
  const step = WIDTH / (SPARK_POINTS - 1);
  const left = WIDTH - (values.length - 1) * step;
  const y = (value: number): number => 1 + (HEIGHT - 2) * (1 - Math.min(1, Math.max(0, value)));
  return values.map((value, index) => `${(left + index * step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
}

export class Sparkline {
  readonly element: SVGElement;
  readonly #line = svg("polyline", { class: "spark-line" });
  readonly #area = svg("polygon", { class: "spark-area" });

  constructor() {
    const attrs = { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", preserveAspectRatio: "none" };
    this.element = svg("svg", attrs, this.#area, this.#line);
  }

  set(values: readonly number[]): void {
    const points = values.length < 2 ? "" : sparkPoints(values);
    const first = points.slice(0, points.indexOf(","));
    setAttributes(this.#line, { points });
    setAttributes(this.#area, { points: points === "" ? "" : `${first},${HEIGHT} ${points} ${WIDTH},${HEIGHT}` });
  }
}
