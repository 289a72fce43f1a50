import { describe, expect, it } from "vitest";
import { follow, type Link, pauseMs } from "./follow.js";
import type { ServerEvent } from "./sse.js";

const body = (text: string): Response => new Response(text);

describe("following a stream", () => {
  it("opens it again where it ended, from the last event on", async () => {
    const stop = new AbortController();
    const asked: string[] = [];
    const events: ServerEvent[] = [];
    const links: Link["state"][] = [];
    await follow(
      {
        open: (lastId) => {
          asked.push(lastId);
          return Promise.resolve(body(`id: ${asked.length}\ndata: ${asked.length}\n\nid: 99\ndata: cut`));
        },
        onEvent: (event) => {
          events.push(event);
          if (events.length === 2) stop.abort();
        },
        onLink: ({ state }) => links.push(state),
      },
      stop.signal,
    );
    expect(asked).toEqual(["", "1"]);
    expect(events.map(({ data }) => data)).toEqual(["1", "2"]);
    expect(links).toEqual(["connecting", "live", "lost", "connecting", "live"]);
  });

  it("says why it cannot be opened, and tries until it is told to stop", async () => {
    const stop = new AbortController();
    const reasons: string[] = [];
    await follow(
      {
        open: () => Promise.reject(new Error("no route")),
        onEvent: () => undefined,
        onLink: (link) => {
          if (link.state !== "lost") return;
          if (reasons.push(link.reason) === 2) stop.abort();
        },
      },
      stop.signal,
    );
    expect(reasons).toEqual(["no route", "no route"]);
  });

  it("waits longer each time, up to a bound, and never the same for all", () => {
    expect([0, 1, 2, 3].map((attempt) => pauseMs(attempt, 0))).toEqual([250, 500, 1000, 2000]);
    expect(pauseMs(1_000_000, 0.999)).toBeLessThanOrEqual(15_000);
    expect(pauseMs(3, 0)).not.toBe(pauseMs(3, 0.5));
  });
});
