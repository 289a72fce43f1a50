// Which state may follow which: every pair, against a list written by hand.
import { describe, expect, it } from "vitest";
import { canEnter, describeState, INSTANCE_STATES, requireStep } from "./lifecycle.js";

const ALLOWED = new Set([
  "created>starting",
  "created>removing",
  "starting>running",
  "starting>stopping",
  "starting>exited",
  "running>paused",
  "running>stopping",
  "running>exited",
  "paused>running",
  "paused>stopping",
  "paused>exited",
  "stopping>exited",
  "exited>starting",
  "exited>restarting",
  "exited>removing",
  "restarting>starting",
  "restarting>exited",
  "restarting>removing",
]);

describe("the states of an instance", () => {
  for (const from of INSTANCE_STATES)
    for (const to of INSTANCE_STATES)
      it(`${from} to ${to} is ${ALLOWED.has(`${from}>${to}`) ? "a step" : "none"}`, () => {
        expect(canEnter(from, to)).toBe(ALLOWED.has(`${from}>${to}`));
      });

  it("a step that is none is refused with what would help", () => {
    expect(() => requireStep("box", "paused", "paused", "paused")).toThrow(
      "the instance box cannot be paused: it is paused; resume it first",
    );
    expect(describeState("removing")).toBe("it is removing");
  });
});
