// Names: every sequence of bytes comes back as it was.
import { expect, it } from "vitest";
import { decodeName, encodeName } from "./name.js";
import { randomFrom } from "./samples.js";

it("leaves what is UTF-8 as it is", () => {
  for (const name of ["", "a", "grüße ✿ 𝄞", "a\nb"]) {
    expect(decodeName(Buffer.from(name))).toBe(name);
    expect(encodeName(name).toString()).toBe(name);
  }
});

it("brings back what is not", () => {
  expect(encodeName(decodeName(Buffer.of(0x61, 0xff, 0xc3, 0xa4, 0xc3)))).toEqual(Buffer.of(0x61, 0xff, 0xc3, 0xa4, 0xc3));
  const random = randomFrom(7);
  for (let n = 0; n < 2000; n++) {
    const bytes = Buffer.from(Array.from({ length: random(12) }, () => [random(256), 0xed, 0xb3, 0x80][random(4)] ?? 0));
    expect(encodeName(decodeName(bytes)).equals(bytes)).toBe(true);
  }
});
