// The device tree writer and reader against each other, hostile blobs, and damage at random.
import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { cells, type Fdt, FDT_MAX_BYTES, flag, node, property } from "./fdt.js";
import { readFdt } from "./fdt-reader.js";
import { writeFdt } from "./fdt-writer.js";
import { mutate, seededRandom } from "./mutation.js";

const tree: Fdt = {
  root: node(
    "",
    [property("compatible", "a,b"), property("list", ["x", "yy", "zzz"]), flag("empty")],
    [
      node("one@10", [property("reg", cells([0, 0x10]))], [node("deep", [property("odd", new Uint8Array([1, 2, 3]))])]),
      node("two", [property("phandle", 7)]),
    ],
  ),
  reservations: [{ address: 0x80000000n, sizeBytes: 0x1000n }],
  bootCpu: 3,
};

describe("flattened device tree", () => {
  it("reads back what it wrote", () => {
    expect(readFdt(writeFdt(tree))).toEqual(tree);
  });

  it("reads a blob that lies inside a larger buffer", () => {
    const blob = writeFdt(tree);
    const larger = new Uint8Array(blob.length + 100);
    larger.set(blob, 8);
    expect(readFdt(larger.subarray(8))).toEqual(tree);
  });

  it("stores each property name once", () => {
    const same = (name: string) => node(name, [property("a-long-property-name", 1)]);
    const one = writeFdt({ ...tree, root: node("", [], [same("a")]) });
    const two = writeFdt({ ...tree, root: node("", [], [same("a"), same("b")]) });
    expect(two.length - one.length).toBe(4 + 4 + 16 + 4);
  });

  it.each([
    ["a name that holds NUL", node("", [], [node("a\0b", [])])],
    ["a tree over the limit", node("", [property("big", new Uint8Array(FDT_MAX_BYTES))])],
    [
      "a tree that is too deep",
      Array.from({ length: 40 }).reduce<ReturnType<typeof node>>((inner) => node("n", [], [inner]), node("n", [])),
    ],
  ])("does not write %s", (_, root) => {
    expect(() => writeFdt({ root, reservations: [], bootCpu: 0 })).toThrow(WardianError);
  });

  it.each<[string, (view: DataView, bytes: Uint8Array) => void]>([
    ["a wrong magic", (view) => view.setUint32(0, 1)],
    ["a total over the file", (view, bytes) => view.setUint32(4, bytes.length + 1)],
    ["a structure block outside", (view) => view.setUint32(8, 0xfffffff0)],
    ["a structure block that is not aligned", (view) => view.setUint32(8, view.getUint32(8) + 1)],
    ["a strings block outside", (view) => view.setUint32(32, 0xffffffff)],
    ["reservations outside", (view) => view.setUint32(16, 0xfffffff8)],
    ["an old version", (view) => view.setUint32(20, 16)],
    ["an unknown token", (view) => view.setUint32(view.getUint32(8), 5)],
    ["a property longer than the block", (view) => view.setUint32(view.getUint32(8) + 12, 0xffffffff)],
    ["a property name outside", (view) => view.setUint32(view.getUint32(8) + 16, 0xffff)],
  ])("refuses %s", (_, damage) => {
    const bytes = writeFdt(tree);
    damage(new DataView(bytes.buffer), bytes);
    expect(() => readFdt(bytes)).toThrow(WardianError);
  });

  it.each([
    ["two nodes of one name", node("", [], [node("a", []), node("a", [])])],
    ["two properties of one name", node("", [property("a", 1), property("a", 2)])],
    ["a node name with a slash", node("", [], [node("a/b", [])])],
  ])("refuses %s", (_, root) => {
    expect(() => readFdt(writeFdt({ root, reservations: [], bootCpu: 0 }))).toThrow(WardianError);
  });

  it("survives damage", () => {
    const random = seededRandom(1);
    const blob = writeFdt(tree);
    for (let round = 0; round < 5000; round++) {
      try {
        readFdt(mutate(blob, random));
      } catch (error) {
        expect(error).toBeInstanceOf(WardianError);
      }
    }
  });
});
