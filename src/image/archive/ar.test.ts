// ar: members come back, damage is named, mutated archives never get past the errors.

import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { readAr } from "./ar.js";
import { makeAr, mutate, randomFrom } from "./samples.js";

const ARCHIVE = makeAr([
  ["debian-binary", "2.0\n"],
  ["odd/", "abc"],
  ["data.tar.xz", Buffer.alloc(100, 7)],
]);

describe("readAr", () => {
  it("gives the members in order, names without GNU's slash", () => {
    const members = readAr(ARCHIVE);
    expect(members.map((member) => member.name)).toEqual(["debian-binary", "odd", "data.tar.xz"]);
    expect(Buffer.from(members[1]?.data ?? []).toString()).toBe("abc");
    expect(members[2]?.data).toHaveLength(100);
  });

  it("takes an archive whose last padding byte is missing", () => {
    expect(readAr(makeAr([["a", "xyz"]]).subarray(0, -1))[0]?.data).toHaveLength(3);
  });

  it.each([
    ["no archive", Buffer.from("<arch>!\n")],
    ["empty", Buffer.alloc(0)],
    ["cut in a header", ARCHIVE.subarray(0, 30)],
    ["cut in a member", ARCHIVE.subarray(0, -20)],
    ["a size that is none", patch(ARCHIVE, 8 + 48, "-4        ")],
    ["a size beyond the end", patch(ARCHIVE, 8 + 48, "9999999999")],
    ["a wrong header end", patch(ARCHIVE, 8 + 58, "xx")],
    ["a path for a name", patch(ARCHIVE, 8, "../../etc/passwd")],
  ])("refuses %s", (_, bytes) => {
    expect(() => readAr(bytes)).toThrow(WardianError);
  });

  it("lets out nothing but WardianError for mutated input", () => {
    const random = randomFrom(2);
    for (let i = 0; i < 3000; i++) {
      try {
        readAr(mutate(ARCHIVE, random));
      } catch (error) {
        expect(error).toBeInstanceOf(WardianError);
      }
    }
  });
});

function patch(bytes: Uint8Array, offset: number, text: string): Uint8Array {
  const out = Buffer.from(bytes);
  out.write(text, offset, "latin1");
  return out;
}
