import { describe, expect, it } from "vitest";
import type { InstanceRecord } from "../../instance/record.js";
import { instanceSpecSchema } from "../../instance/spec.js";
import { toRequest } from "./create.js";
import { normalizePath, ownsPath } from "./fields.js";
import { describeImage, describeState, matches } from "./list.js";
import { describeRecord } from "./spec-tab.js";

const CONTAINER_VALUES = {
  volumes: "",
  stdinFrom: "",
  listen: "",
  connect: "",
  fuel: "",
  cpuTime: "",
  output: "",
  descriptors: "",
  tableElements: "",
};
const VALUES = {
  name: "",
  image: "busybox",
  command: "",
  kind: "vm",
  memory: "",
  cpus: "",
  labels: "",
  restart: "no",
  ...CONTAINER_VALUES,
};

const record = (part: Partial<InstanceRecord> = {}): InstanceRecord => ({
  id: "abcd1234",
  namespace: "default",
  name: "calm-fern",
  state: "running",
  createdAt: "2026-01-01T00:00:00Z",
  startedAt: "2026-01-01T00:00:00Z",
  restarts: 0,
  wanted: "running",
  spec: instanceSpecSchema.parse({ image: "/images/busybox.tar", labels: { team: "Blue" } }),
  ...part,
});

describe("the form of a new instance", () => {
  it("asks for what was filled in and leaves the rest to the server", () => {
    expect(toRequest(VALUES)).toEqual({ image: "busybox", limits: {}, labels: {}, restart: { policy: "no" } });
    const request = toRequest({
      ...VALUES,
      name: "web",
      command: "sh -c 'a b'",
      memory: "256M",
      cpus: "0,5",
      labels: "a=1",
      restart: "always",
    });
    expect(request).toEqual({
      name: "web",
      image: "busybox",
      command: ["sh", "-c", "a b"],
      limits: { memory: "256M", cpus: 0.5 },
      labels: { a: "1" },
      restart: { policy: "always" },
    });
    expect(instanceSpecSchema.safeParse(request).success).toBe(true);
  });

  it("asks for a container with what only that can have", () => {
    const values = {
      ...VALUES,
      image: "a.wasm",
      volumes: "data:/data:ro",
      stdinFrom: "other",
      listen: "a  b",
      connect: "c",
      fuel: "1000",
      cpuTime: "1,5",
      output: "1M",
      descriptors: "10",
      tableElements: "20",
    };
    const request = toRequest({ ...values, kind: "container" });
    expect(request).toEqual({
      kind: "container",
      image: "a.wasm",
      volumes: [{ name: "data", guestPath: "/data", readOnly: true }],
      stdinFrom: "other",
      sockets: [
        { name: "a", role: "listen" },
        { name: "b", role: "listen" },
        { name: "c", role: "connect" },
      ],
      limits: { fuel: 1000, cpuTimeMs: 1500, output: "1M", descriptors: 10, tableElements: 20 },
      labels: {},
      restart: { policy: "no" },
    });
    expect(instanceSpecSchema.safeParse(request).success).toBe(true);
    expect(toRequest({ ...VALUES, image: "a.wasm", kind: "container" })).toEqual({ kind: "container", image: "a.wasm", limits: {}, labels: {}, restart: { policy: "no" } }); // prettier-ignore
    expect(toRequest(values)).toEqual({ image: "a.wasm", limits: {}, labels: {}, restart: { policy: "no" } });
  });

  it("says what cannot be asked at all", () => {
    expect(toRequest({ ...VALUES, kind: "container", volumes: "data" })).toMatchObject({ bad: "volumes" });
    expect(toRequest({ ...VALUES, kind: "container", cpuTime: "long" })).toMatchObject({ bad: "cpuTime" });
    expect(toRequest({ ...VALUES, command: "'open" })).toMatchObject({ bad: "command" });
    expect(toRequest({ ...VALUES, cpus: "half" })).toMatchObject({ bad: "cpus" });
    expect(toRequest({ ...VALUES, labels: "=x" })).toMatchObject({ bad: "labels" });
  });

  it("finds the field of an error, however its path is written", () => {
    expect(["limits.memory", "/limits/memory", "body.limits.memory", "limits[memory]"].map(normalizePath)).toEqual(
      Array(4).fill("limits.memory"),
    );
    expect(ownsPath(["command"], "command.0")).toBe(true);
    expect(ownsPath(["command"], "commander")).toBe(false);
  });
});

describe("an instance in words", () => {
  it("is found by name, image, state, label and the beginning of its id", () => {
    for (const filter of ["", "FERN", "busy", "running", "team=blue", "abcd", "calm run"])
      expect(matches(record(), filter), filter).toBe(true);
    for (const filter of ["1234", "calm stopped", "images"]) expect(matches(record(), filter), filter).toBe(false);
  });

  it("tells its state and its image", () => {
    expect(describeImage(record())).toBe("busybox.tar");
    expect(describeState(record(), Date.parse("2026-01-01T00:02:00Z"))).toBe("running 2 min");
    const end = { at: "2026-01-01T00:01:00Z", reason: "exited", status: 3, message: "" } as const;
    expect(describeState(record({ state: "exited", end }), Date.parse("2026-01-01T00:02:00Z"))).toBe("exited 3, 1 min ago");
    expect(describeState(record({ state: "exited", end: { ...end, reason: "killed" } }), Date.parse(end.at))).toBe("killed, 0 s ago");
    expect(describeState(record({ state: "paused" }), 0)).toBe("paused");
  });

  it("shows every value of its record that says something", () => {
    const rows = new Map(describeRecord(record()));
    expect(rows.get("Labels")).toBe("team=Blue");
    expect(rows.get("CPUs")).toBe("what is free");
    expect(rows.has("Restart")).toBe(false);
    expect(rows.has("Engine")).toBe(false);
    const { spec } = record();
    const container = {
      kind: "container",
      image: "a.wasm",
      volumes: [{ name: "data", guestPath: "/d", readOnly: true }],
      sockets: [{ name: "api", role: "listen" }],
      limits: { cpuTimeMs: 2000, output: "1M", descriptors: 9 },
    };
    const told = new Map(describeRecord(record({ spec: instanceSpecSchema.parse(container) })));
    expect(["Volumes", "Sockets", "CPU time", "Output", "Descriptors", "Fuel"].map((name) => told.get(name))).toEqual(["data at /d (read only)", "listens on api", "at most 2 s", "at most 1 MiB", "at most 9", undefined]); // prettier-ignore
    expect(new Map(describeRecord(record({ spec: { ...spec, engine: "interpret" } }))).get("Engine")).toBe("interpret");
  });
});
