// A few seconds of the escape race (`npm run soak:escape` runs the whole 60 s). Uses the compiled attackers in dist/.
import { expect, it } from "vitest";
import { runEscapeRace } from "./testing/escape-race.js";

const SECONDS = 4;

it("threads that swap what is inside for links to a secret never get a guest to it", async () => {
  const result = await runEscapeRace(SECONDS);
  expect(result).toMatchObject({ leaks: [], outsideChanges: [], lostDescriptors: 0 });
  expect(result.controlLeaks, "the reader that trusts names is fooled, so the race is one").toBeGreaterThan(0);
  expect(result.succeeded).toBeGreaterThan(result.operations / 20);
}, 180_000);
