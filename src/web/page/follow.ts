// A stream of server-sent events that is kept alive: opened again after it ended, with growing pauses, and given up for dead
// where the server has said nothing for long, not even a keep-alive. Depends on sse.ts.
import { readText, type ServerEvent, SseParser } from "./sse.js";

export type Link =
  { readonly state: "connecting" | "live" } | { readonly state: "lost"; readonly retryMs: number; readonly reason: string };

export interface Followed {
  /** `lastId` is what Last-Event-ID takes; empty at first. */
  open(lastId: string, signal: AbortSignal): Promise<Response>;
  /** Each time the stream has been opened. */
  onOpen?(): void;
  onEvent(event: ServerEvent): void;
  onLink(link: Link): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const SILENCE_MS = 60_000;

/** Pause before the try number `attempt` (0 is the first after a loss); `random` in [0, 1) spreads clients apart. */
export function pauseMs(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(longest * (0.5 + random / 2));
}

/** Runs until `signal` is aborted; never rejects. */
export async function follow(followed: Followed, signal: AbortSignal): Promise<void> {
  const parser = { lastId: "" };
  for (let attempt = 0; !signal.aborted; attempt++) {
    let reason = "the server closed the connection";
    try {
      followed.onLink({ state: "connecting" });
      await readOnce(followed, parser, signal, () => (attempt = 0));
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (signal.aborted) return;
    const retryMs = pauseMs(attempt, Math.random());
    followed.onLink({ state: "lost", retryMs, reason });
    await pause(retryMs, signal);
  }
}

async function readOnce(followed: Followed, resume: { lastId: string }, signal: AbortSignal, onOpened: () => void): Promise<void> {
  const silence = new AbortController();
  const watchdog = new Watchdog(SILENCE_MS, () => silence.abort(new Error("the server has fallen silent")));
  try {
    const response = await followed.open(resume.lastId, AbortSignal.any([signal, silence.signal]));
    if (response.body === null) return;
    onOpened();
    followed.onLink({ state: "live" });
    followed.onOpen?.();
    const parser = new SseParser();
    parser.lastId = resume.lastId;
    for await (const text of readText(response.body, () => watchdog.kick())) {
      for (const event of parser.feed(text)) {
        resume.lastId = parser.lastId;
        followed.onEvent(event);
      }
    }
  } finally {
    watchdog.stop();
  }
}

class Watchdog {
  #timer: ReturnType<typeof setTimeout>;
  readonly #ms: number;
  readonly #bite: () => void;

  constructor(ms: number, bite: () => void) {
    this.#ms = ms;
    this.#bite = bite;
    this.#timer = setTimeout(bite, ms);
  }

  kick(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#bite, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      globalThis.removeEventListener?.("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    globalThis.addEventListener?.("online", done);
  });
}
