// The list of instances: one tab stop, moved through with the arrow keys (ARIA's listbox), a filter above it. Rows stay the
// same elements while their figures change. Depends on fleet.ts, sparkline.ts, format.ts and element.ts.
import { byId, el, setText } from "./element.js";
import { type Fleet, type InstanceRecord, isLive } from "./fleet.js";
import { formatBytes, formatDuration, formatPercent } from "./format.js";
import { SPARK_POINTS, Sparkline } from "./sparkline.js";

/** What a row says under the name. */
export function describeImage(record: InstanceRecord): string {
  const path = record.spec.image ?? record.spec.kernel ?? record.spec.bios ?? "";
  return path.slice(path.lastIndexOf("/") + 1);
}

/** "running 3 min", "exited 1, 5 min ago". */
export function describeState(record: InstanceRecord, nowMs: number): string {
  if (record.state === "running" && record.startedAt !== undefined)
    return `running ${formatDuration(nowMs - Date.parse(record.startedAt))}`;
  if (record.state === "exited" && record.end !== undefined) {
    const status = record.end.reason === "exited" ? `exited ${record.end.status}` : record.end.reason;
    return `${status}, ${formatDuration(nowMs - Date.parse(record.end.at))} ago`;
  }
  return record.state;
}

/** Every word of the filter must be in the name, the state, the image, a label, or begin the id. */
export function matches(record: InstanceRecord, filter: string): boolean {
  const labels = Object.entries(record.spec.labels).map(([name, value]) => `${name}=${value}`);
  const texts = [record.name, record.state, describeImage(record), ...labels].map((text) => text.toLowerCase());
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => record.id.startsWith(word) || texts.some((text) => text.includes(word)));
}

class Row {
  readonly element: HTMLLIElement;
  readonly #name = el("span", { class: "row-name" });
  readonly #sub = el("span", { class: "row-sub" });
  readonly #cpu = el("span", { class: "row-cpu" });
  readonly #memory = el("span", { class: "row-memory" });
  readonly #spark = new Sparkline();

  constructor(id: string, select: () => void) {
    const dot = el("span", { class: "dot" });
    const texts = el("span", { class: "row-texts" }, this.#name, this.#sub);
    const figures = el("span", { class: "row-figures" }, this.#cpu, this.#memory);
    this.element = el("li", { attrs: { role: "option", id: `row-${id}` } }, dot, texts, this.#spark.element, figures);
    this.element.addEventListener("click", select);
  }

  update(record: InstanceRecord, isSelected: boolean, fleet: Fleet): void {
    this.element.dataset["state"] = record.state;
    this.element.ariaSelected = String(isSelected);
    this.element.ariaLabel = `${record.name}, ${record.state}, ${describeImage(record)}`;
    setText(this.#name, record.name);
    const metrics = isLive(record) ? fleet.metrics.get(record.id) : undefined;
    setText(this.#sub, `${describeState(record, Date.now())} · ${describeImage(record)}`);
    const history = fleet.histories.get(record.id);
    const last = metrics === undefined ? undefined : history?.last;
    this.element.classList.toggle("idle", last === undefined);
    this.#spark.set(last === undefined ? [] : (history?.tail("cpu", SPARK_POINTS) ?? []));
    setText(this.#cpu, last === undefined ? "" : formatPercent(last.cpu));
    setText(this.#memory, last === undefined || metrics === undefined ? "" : formatBytes(last.memory * metrics.limits.memoryBytes));
  }
}

const SCOPES = { all: () => true, live: isLive, ended: (record: InstanceRecord) => !isLive(record) } as const;

export class InstanceList {
  readonly #fleet: Fleet;
  readonly #list = byId("instances", HTMLUListElement);
  readonly #filter = byId("filter", HTMLInputElement);
  readonly #empty = byId("empty", HTMLParagraphElement);
  readonly #rows = new Map<string, Row>();
  #shown: InstanceRecord[] = [];
  #scope: keyof typeof SCOPES = "all";

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#filter.addEventListener("input", () => this.render());
    this.#filter.addEventListener("keydown", (event) => this.#onFilterKey(event));
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    for (const topic of [fleet.changed, fleet.selected]) topic.subscribe(() => this.render());
    fleet.measured.subscribe(() => this.#update());
    for (const button of document.querySelectorAll<HTMLButtonElement>("#scopes button")) this.#addScope(button);
  }

  focusFilter(): void {
    this.#filter.focus();
    this.#filter.select();
  }

  focus(): void {
    this.#list.focus();
  }

  chooseFirst(): void {
    this.#fleet.select(this.#shown[0]?.id);
  }

  render(): void {
    const filter = this.#filter.value;
    const all = [...this.#fleet.records.values()];
    this.#shown = all.filter((record) => SCOPES[this.#scope](record) && matches(record, filter)).sort(byLifeThenAge);
    const ids = new Set(this.#shown.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const [index, record] of this.#shown.entries()) {
      const row = this.#rows.get(record.id) ?? new Row(record.id, () => this.#fleet.select(record.id));
      this.#rows.set(record.id, row);
      if (this.#list.children[index] !== row.element) this.#list.insertBefore(row.element, this.#list.children[index] ?? null);
    }
    this.#empty.hidden = this.#shown.length > 0 || !this.#fleet.isLoaded;
    setText(this.#empty, all.length === 0 ? "No instances yet. Press n to make one." : "No instance matches.");
    this.#update();
  }

  #update(): void {
    const current = this.#fleet.current?.id;
    for (const record of this.#shown) this.#rows.get(record.id)?.update(record, record.id === current, this.#fleet);
    const isShown = current !== undefined && this.#rows.has(current);
    if (isShown) this.#list.setAttribute("aria-activedescendant", `row-${current}`);
    else this.#list.removeAttribute("aria-activedescendant");
  }

  #addScope(button: HTMLButtonElement): void {
    button.addEventListener("click", () => {
      this.#scope = (button.value as keyof typeof SCOPES) || "all";
      for (const other of document.querySelectorAll("#scopes button")) other.ariaPressed = String(other === button);
      this.render();
    });
  }

  #onFilterKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      this.#filter.value = "";
      this.render();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      this.focus();
      if (this.#shown.every(({ id }) => id !== this.#fleet.current?.id)) this.#moveTo(0);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#shown.findIndex(({ id }) => id === this.#fleet.current?.id);
    const last = this.#shown.length - 1;
    const to = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#moveTo(to);
  }

  #moveTo(index: number): void {
    const record = this.#shown[index];
    if (record === undefined) return;
    this.#fleet.select(record.id);
    this.#rows.get(record.id)?.element.scrollIntoView({ block: "nearest" });
  }
}

function byLifeThenAge(a: InstanceRecord, b: InstanceRecord): number {
  return Number(isLive(b)) - Number(isLive(a)) || b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id);
}
