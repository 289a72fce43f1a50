// The logs' tab: the last lines of what an instance wrote, and more as it comes. It follows while its end is in sight; reading
// waits for drawing, so that a flood costs neither memory nor the page. Depends on log-lines.ts, server.ts, sse.ts,
// visible.ts and element.ts.
import { el, setText } from "./element.js";
import type { Fleet, InstanceRecord } from "./fleet.js";
import { isLive } from "./fleet.js";
import { formatClock } from "./format.js";
import { pauseMs } from "./follow.js";
import { type LogLine, LogLines } from "./log-lines.js";
import { describeError, instancePath, request } from "./server.js";
import { readText } from "./sse.js";
import type { Panel } from "./tabs.js";
import { whileVisible } from "./visible.js";

const MAX_LINES = 2000;
const MAX_ENTRY_CHARS = 4 << 20;
const STREAMS = ["all", "stdout", "stderr", "console"] as const;

interface Entry {
  readonly at: string;
  readonly stream: string;
  readonly data: string;
  readonly encoding?: string;
}

export class LogsTab implements Panel {
  readonly element = el("div", { class: "logs-tab" });
  readonly #fleet: Fleet;
  readonly #id: string;
  readonly #view = el("div", { class: "log", attrs: { role: "log", "aria-label": "Log", "aria-live": "off", tabindex: "0" } });
  readonly #status = el("span", { class: "tool-status", attrs: { role: "status" } });
  readonly #jump = el("button", { attrs: { type: "button" }, on: { click: () => this.#toEnd() } }, "Jump to the end");
  #stream: (typeof STREAMS)[number] = "all";
  #open: HTMLElement[] = [];
  #shown = new AbortController();

  constructor(fleet: Fleet, record: InstanceRecord) {
    this.#fleet = fleet;
    this.#id = record.id;
    this.#view.addEventListener("scroll", () => (this.#jump.hidden = this.#isAtEnd()));
    this.#jump.hidden = true;
    this.element.append(this.#makeTools(), this.#view);
  }

  show(): void {
    this.#shown = new AbortController();
    whileVisible((signal) => void this.#follow(signal), this.#shown.signal);
  }

  hide(): void {
    this.#shown.abort();
  }

  focus(): void {
    this.#view.focus();
  }

  destroy(): void {
    this.#shown.abort();
  }

  #makeTools(): HTMLElement {
    const select = el("select", { attrs: { id: "log-stream", "aria-label": "Stream" } }, ...STREAMS.map((name) => new Option(name, name)));
    select.addEventListener("change", () => {
      this.#stream = STREAMS.find((name) => name === select.value) ?? "all";
      this.hide();
      this.show();
    });
    const times = el("input", { attrs: { type: "checkbox", id: "log-times", checked: true } });
    times.addEventListener("change", () => this.#view.classList.toggle("no-times", !times.checked));
    return el("div", { class: "tools" }, this.#status, this.#jump, el("label", { class: "check" }, times, "Times"), select);
  }

  /** Reads from the start (of the last lines) for as long as the tab is seen; what is shown already is replaced. */
  async #follow(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#read(signal, () => (attempt = 0));
        if (signal.aborted) return;
        setText(this.#status, this.#view.childElementCount === 0 ? "Nothing was written." : "");
        // It has ended; another start writes on.
        await this.#untilLive(signal);
      } catch (error) {
        if (signal.aborted) return;
        setText(this.#status, describeError(error));
        await new Promise((resolve) => setTimeout(resolve, pauseMs(attempt, Math.random())));
      }
    }
  }

  async #read(signal: AbortSignal, onOpen: () => void): Promise<void> {
    const streams = this.#stream === "all" ? "" : `&stream=${this.#stream}`;
    const path = instancePath(this.#id, `/logs?follow=true&tail=${MAX_LINES}${streams}`);
    const response = await request(path, { signal, headers: { accept: "application/x-ndjson" } });
    onOpen();
    setText(this.#status, "");
    this.#view.replaceChildren();
    this.#open = [];
    const lines = new LogLines(MAX_LINES);
    let rest = "";
    if (response.body === null) return;
    for await (const text of readText(response.body)) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > MAX_ENTRY_CHARS) throw new Error("an entry of the log is too long");
      for (const part of parts) if (part !== "") pushEntry(lines, JSON.parse(part) as Entry);
      // One drawing for what came at once; the server waits meanwhile.
      await nextFrame();
      if (signal.aborted) return;
      this.#draw(lines);
    }
  }

  #draw(lines: LogLines): void {
    const isAtEnd = this.#isAtEnd();
    for (const line of this.#open) line.remove();
    this.#open = lines.unfinished().map(makeLine);
    const fresh = lines.take().slice(-MAX_LINES).map(makeLine);
    this.#view.append(...fresh, ...this.#open);
    while (this.#view.childElementCount > MAX_LINES) this.#view.firstElementChild?.remove();
    if (isAtEnd) this.#toEnd();
  }

  #isAtEnd(): boolean {
    return this.#view.scrollHeight - this.#view.scrollTop - this.#view.clientHeight < 24;
  }

  #toEnd(): void {
    this.#view.scrollTop = this.#view.scrollHeight;
    this.#jump.hidden = true;
  }

  #untilLive(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settled = new AbortController();
      const finish = (): void => {
        settled.abort();
        resolve();
      };
      const check = (): void => {
        const record = this.#fleet.records.get(this.#id);
        if (record !== undefined && isLive(record)) finish();
      };
      signal.addEventListener("abort", finish, { once: true });
      this.#fleet.changed.subscribe(check, settled.signal);
    });
  }
}

function pushEntry(lines: LogLines, { at, stream, data, encoding }: Entry): void {
  const bytes = encoding === "base64" ? Uint8Array.from(atob(data), (char) => char.charCodeAt(0)) : new TextEncoder().encode(data);
  lines.push(at, stream, bytes);
}

function makeLine({ at, stream, text }: LogLine): HTMLElement {
  const time = el("span", { class: "log-time" }, formatClock(at, true));
  return el("div", { class: `log-line ${stream === "stderr" ? "stderr" : ""}` }, time, el("span", { class: "log-text" }, text));
}

function nextFrame(): Promise<void> {
  // A page in the background draws no frames, and reads slowly.
  return new Promise((resolve) => (document.hidden ? setTimeout(resolve, 250) : requestAnimationFrame(() => resolve())));
}
