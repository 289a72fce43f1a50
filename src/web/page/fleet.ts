// What the page knows: the instances, how busy they are, which one is looked at. Kept true by the server's events (each sends the page
// to fetch that instance anew) and its stream of metrics. Depends on server.ts, follow.ts, history.ts and watch.ts.
import type { InstanceEvent, InstanceRecord } from "../../instance/record.js";
import type { InstanceMetrics } from "../../metrics/view.js";
import { follow, type Link } from "./follow.js";
import { History } from "./history.js";
import { readPoint } from "./figures.js";
import { instancePath, Problem, request, requestJson } from "./server.js";
import { Topic } from "./watch.js";

/** More than a page of a browser can show well; the filter of the API finds the rest. */
const MAX_INSTANCES = 2000;
const PAGE = 500;
const INTERVAL_MS = 1000;
/** So many instances to read anew are read as a list. */
const MANY = 20;

export type { InstanceRecord };
const LIVE = new Set(["starting", "running", "paused", "stopping"]);

export function isLive(record: InstanceRecord): boolean {
  return LIVE.has(record.state);
}

export class Fleet {
  readonly records = new Map<string, InstanceRecord>();
  readonly histories = new Map<string, History>();
  readonly metrics = new Map<string, InstanceMetrics>();
  /** Instances or their states are others now. */
  readonly changed = new Topic();
  readonly measured = new Topic();
  readonly selected = new Topic();
  readonly happened = new Topic<InstanceEvent>();
  readonly linked = new Topic<Link>();
  isLoaded = false;
  #selectedId: string | undefined;
  readonly #stale = new Set<string>();
  readonly #gone = new Set<string>();
  #isAllStale = false;
  #isReading = false;
  #telling: ReturnType<typeof setTimeout> | undefined;

  get current(): InstanceRecord | undefined {
    return this.#selectedId === undefined ? undefined : this.records.get(this.#selectedId);
  }

  select(id: string | undefined): void {
    if (this.#selectedId === id) return;
    this.#selectedId = id;
    this.selected.publish();
  }

  /** Runs until `signal` is aborted. */
  run(signal: AbortSignal): void {
    const open = (path: string) => (_lastId: string, stop: AbortSignal) =>
      request(path, { signal: stop, headers: { accept: "text/event-stream" } });
    void follow(
      {
        // Without Last-Event-ID: after a loss everything is read anew, which is simpler than catching up and as true.
        open: open("/v1/events"),
        onOpen: () => {
          this.#isAllStale = true;
          void this.#readStale();
        },
        onEvent: ({ data }) => this.#onEvent(JSON.parse(data) as InstanceEvent),
        onLink: (link) => this.linked.publish(link),
      },
      signal,
    );
    void follow(
      {
        open: open(`/v1/metrics/stream?intervalMs=${INTERVAL_MS}`),
        onEvent: ({ data }) => this.#onMetrics(JSON.parse(data) as MetricsMessage),
        onLink: () => undefined,
      },
      signal,
    );
  }

  /** Takes a record that an answer brought, sooner than its event does. */
  put(record: InstanceRecord): void {
    // An answer may be slower than the word that the instance is gone; ids are never used again.
    if (this.#gone.has(record.id) || (this.records.size >= MAX_INSTANCES && !this.records.has(record.id))) return;
    this.records.set(record.id, record);
    if (!isLive(record)) this.metrics.delete(record.id);
    this.#tellSoon();
  }

  #onEvent(event: InstanceEvent): void {
    this.happened.publish(event);
    if (event.type === "exec-started" || event.type === "exec-ended" || event.type === "files-changed") return;
    if (event.type === "removed") this.#drop(event.instance);
    else this.#stale.add(event.instance);
    void this.#readStale();
  }

  /** One request at a time, however many events come: each answer is newer than the events before it. */
  async #readStale(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isAllStale || this.#stale.size > 0) {
      if (this.#isAllStale || this.#stale.size > MANY) await this.#readAll();
      else await this.#readNext();
    }
    this.#isReading = false;
  }

  async #readNext(): Promise<void> {
    for (const id of this.#stale) {
      this.#stale.delete(id);
      try {
        return this.put(await requestJson<InstanceRecord>(instancePath(id)));
      } catch (error) {
        // Anything else means that the server is away; when its events are back, all is read anew.
        if (error instanceof Problem && error.status === 404) this.#drop(id);
        return;
      }
    }
  }

  async #readAll(): Promise<void> {
    this.#isAllStale = false;
    this.#stale.clear();
    const found = new Map<string, InstanceRecord>();
    try {
      for (let after: string | undefined, more = true; more && found.size < MAX_INSTANCES; more = after !== undefined) {
        const query = after === undefined ? "" : `&after=${encodeURIComponent(after)}`;
        const page = await requestJson<{ instances: InstanceRecord[]; next?: string }>(`/v1/instances?limit=${PAGE}${query}`);
        for (const record of page.instances) found.set(record.id, record);
        after = page.next;
      }
    } catch {
      return;
    }
    for (const id of this.records.keys()) if (!found.has(id)) this.#drop(id);
    for (const record of found.values()) this.put(record);
    this.isLoaded = true;
    this.#tellSoon();
  }

  #drop(id: string): void {
    this.#gone.add(id);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= MAX_INSTANCES) break;
      this.#gone.delete(oldest);
    }
    this.#stale.delete(id);
    this.records.delete(id);
    this.histories.delete(id);
    this.metrics.delete(id);
    if (this.#selectedId === id) this.select(undefined);
    this.#tellSoon();
  }

  /** Many changes at once are drawn once. */
  #tellSoon(): void {
    if (this.#telling !== undefined) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.changed.publish();
    }, 30);
  }

  #onMetrics(message: MetricsMessage): void {
    for (const metrics of message.instances) {
      if (!this.records.has(metrics.instance)) continue;
      const history = this.histories.get(metrics.instance) ?? new History();
      this.histories.set(metrics.instance, history);
      this.metrics.set(metrics.instance, metrics);
      history.push(Date.parse(metrics.at), readPoint(metrics));
    }
    this.measured.publish();
  }
}

interface MetricsMessage {
  readonly instances: readonly InstanceMetrics[];
}
