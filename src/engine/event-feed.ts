// Events as they are read: what is stored, then what comes. A reader holds a number, not a queue: however slow it is, it costs
// nothing but that. May depend on instance/, store/ and action.ts.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { InstanceEvent } from "../instance/record.js";
import type { Store } from "../store/store.js";
import type { EventQuery } from "./action.js";

const PAGE_EVENTS = 500;
/** Kept in memory, so that readers who keep up do not ask the store. */
const RECENT_EVENTS = 1000;

export class EventFeed {
  readonly #recent: InstanceEvent[] = [];
  #waiting: (() => void)[] = [];

  constructor(private readonly store: Pick<Store, "eventsAfter" | "lastEventId">) {}

  /** Tells of events that are stored. */
  publish(events: readonly InstanceEvent[]): void {
    this.#recent.push(...events);
    if (this.#recent.length > 2 * RECENT_EVENTS) this.#recent.splice(0, this.#recent.length - RECENT_EVENTS);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Those that `admits` lets through, in order. Following, it ends with the signal only. */
  async *read(query: EventQuery, admits: (event: InstanceEvent) => boolean, signal?: AbortSignal): AsyncGenerator<InstanceEvent> {
    const follow = query.follow === true;
    let cursor = query.afterId ?? (follow ? this.store.lastEventId() : 0);
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    while (signal?.aborted !== true) {
      const page = this.#after(cursor);
      for (const event of page) {
        cursor = event.id;
        if (!admits(event)) continue;
        yield event;
        left -= 1;
        if (left <= 0) return;
      }
      if (page.length > 0) {
        await nextTurn(); // a reader who wants few of many must not keep everybody else waiting
        continue;
      }
      if (!follow) return;
      await this.#next(signal);
    }
  }

  #after(id: number): readonly InstanceEvent[] {
    const first = this.#recent[0];
    if (first === undefined || id < first.id - 1) return this.store.eventsAfter(id, PAGE_EVENTS);
    // Numbers may have gaps; the last ones are those that a reader who keeps up wants.
    const at = this.#recent.findLastIndex((event) => event.id <= id) + 1;
    return this.#recent.slice(at, at + PAGE_EVENTS);
  }

  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", wake);
        this.#waiting = this.#waiting.filter((other) => other !== wake);
        resolve();
      };
      signal?.addEventListener("abort", wake, { once: true });
      this.#waiting.push(wake);
    });
  }
}
