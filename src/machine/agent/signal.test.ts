// Signals as people write them.
import { expect, it } from "vitest";
import { signalName, signalNumber } from "./signal.js";

it.each([["SIGTERM", 15], ["TERM", 15], ["term", 15], ["15", 15], [15, 15], ["9", 9], ["SIGSYS", 31], ["64", 64], ["SIG40", 40], [64, 64]] as const)("%s is %d", (signal, number) => {
  expect(signalNumber(signal)).toBe(number);
}); // prettier-ignore

it.each(["", "SIG", "0", "65", "09", "-1", "1e1", "SIGNOPE", "SIGSIGTERM", 0, 65, 1.5, Number.NaN])("%s is none", (signal) => {
  expect(() => signalNumber(signal)).toThrow(expect.objectContaining({ code: "agent-argument" }));
});

it("has a name for each, which leads back to it", () => {
  for (let number = 1; number <= 64; number++) expect(signalNumber(signalName(number))).toBe(number);
});
