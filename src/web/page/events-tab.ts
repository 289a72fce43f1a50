// The events' tab: what happened to an instance, newest first. Depends on fleet.ts, server.ts and element.ts.
import type { InstanceEvent } from "../../instance/record.js";
import { el, setText } from "./element.js";
import type { Fleet, InstanceRecord } from "./fleet.js";
import { formatClock } from "./format.js";
import { describeError, requestJson } from "./server.js";
import type { Panel } from "./tabs.js";

const MAX_EVENTS = 200;
/** The API gives the oldest first; the newest are behind so many pages at most. */
const MAX_PAGES = 20;
const PAGE = 1000;

export class EventsTab implements Panel {
  readonly element = el("div", { class: "events-tab" });
  readonly #id: string;
  readonly #fleet: Fleet;
  readonly #list = el("ol", { class: "events", attrs: { tabindex: "0", "aria-label": "Events, newest first" } });
  readonly #status = el("p", { class: "tool-status", attrs: { role: "status" } });
  #stop = new AbortController();
  #newest = 0;

  constructor(fleet: Fleet, record: InstanceRecord) {
    this.#fleet = fleet;
    this.#id = record.id;
    this.element.append(this.#status, this.#list);
  }

  show(): void {
    this.#stop = new AbortController();
    this.#list.replaceChildren();
    this.#newest = 0;
    void this.#load(this.#stop.signal);
  }

  hide(): void {
    this.#stop.abort();
  }

  focus(): void {
    this.#list.focus();
  }

  destroy(): void {
    this.#stop.abort();
  }

  async #load(signal: AbortSignal): Promise<void> {
    // What happens while the past is fetched comes after it.
    const early: InstanceEvent[] = [];
    let add = (event: InstanceEvent): unknown => early.push(event);
    this.#fleet.happened.subscribe((event) => (event.instance === this.#id ? add(event) : undefined), signal);
    try {
      for (let page = 0, more = true; more && page < MAX_PAGES; page++) {
        const path = `/v1/events?instance=${encodeURIComponent(this.#id)}&after=${this.#newest}&follow=false&limit=${PAGE}`;
        const { events } = await requestJson<{ events: InstanceEvent[] }>(path, { signal });
        for (const event of events) this.#add(event);
        more = events.length === PAGE;
      }
      setText(this.#status, "");
    } catch (error) {
      if (!signal.aborted) setText(this.#status, describeError(error));
    }
    add = (event) => this.#add(event);
    for (const event of early) this.#add(event);
  }

  #add(event: InstanceEvent): void {
    if (event.id <= this.#newest) return;
    this.#newest = event.id;
    const detail = Object.entries(event.detail).map(([name, value]) => `${name} ${value}`);
    const time = el("time", { attrs: { datetime: event.at } }, formatClock(event.at));
    this.#list.prepend(
      el("li", {}, time, el("span", { class: "event-type" }, event.type), el("span", { class: "event-detail" }, detail.join(", "))),
    );
    if (this.#list.childElementCount > MAX_EVENTS) this.#list.lastElementChild?.remove();
  }
}
