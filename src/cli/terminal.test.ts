import { expect, test } from "vitest";
import { EscapeKeys } from "./terminal.js";

async function type(...pieces: string[]): Promise<{ passed: string; quits: number; helps: number }> {
  let quits = 0;
  let helps = 0;
  const keys = new EscapeKeys(
    () => quits++,
    () => helps++,
  );
  for (const piece of pieces) keys.write(piece);
  keys.end();
  const passed: Buffer[] = [];
  for await (const chunk of keys) passed.push(chunk as Buffer);
  return { passed: Buffer.concat(passed).toString(), quits, helps };
}

test("Ctrl-A x quits, in one piece or in two", async () => {
  expect(await type("ab\u0001xcd")).toEqual({ passed: "abcd", quits: 1, helps: 0 });
  expect(await type("\u0001", "x")).toEqual({ passed: "", quits: 1, helps: 0 });
});

test("Ctrl-A twice is Ctrl-A, h helps, anything else is dropped", async () => {
  expect(await type("\u0001\u0001\u0001h\u0001z.")).toEqual({ passed: "\u0001.", quits: 0, helps: 1 });
});
