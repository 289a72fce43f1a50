import { expect, it } from "vitest";
import { instanceSpecSchema } from "../instance/spec.js";
import { type Candidate, inStartOrder } from "./start-order.js";

const one = (ref: string, { listen = "", connect = "", reads = "" }, namespace = "default"): Candidate => {
  const sockets = [
    ...[...listen].map((name) => ({ name, role: "listen" as const })),
    ...[...connect].map((name) => ({ name, role: "connect" as const })),
  ];
  const spec = instanceSpecSchema.parse({ kind: "container", image: "x", sockets, ...(reads === "" ? {} : { stdinFrom: reads }) });
  return { ref, record: { id: ref, namespace, spec } };
};

it("readers and those that listen come first, the rest at once, in the order given", () => {
  const chain = [one("writer", {}), one("filter", { reads: "writer" }), one("sum", { reads: "filter" }), one("other", {})];
  expect(inStartOrder(chain)).toEqual([["sum", "other"], ["filter"], ["writer"]]);
  const clients = [one("c1", { connect: "a" }), one("s2", { listen: "b" }), one("c2", { connect: "ab" }), one("s1", { listen: "a" })];
  expect(inStartOrder(clients)).toEqual([["s2", "s1"], ["c1", "c2"]]); // prettier-ignore
  expect(inStartOrder([one("c", { connect: "a" }), one("s", { listen: "a" }, "others")])).toEqual([["c", "s"]]);
});

it("a circle is begun with the first one given; what is not known, or given twice, keeps nobody", () => {
  const circle = [one("x", { listen: "a", connect: "b" }), one("y", { listen: "b", connect: "a" }), one("z", { connect: "a" })];
  expect(inStartOrder(circle)).toEqual([["x"], ["y", "z"]]);
  const self = one("self", { listen: "a", connect: "a" });
  expect(inStartOrder([{ ref: "nobody", record: undefined }, self, self])).toEqual([["nobody", "self", "self"]]);
});
