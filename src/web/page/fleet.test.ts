// What the page knows stays true, and cheap, whatever the events do: a server of functions, its streams fed by hand.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { InstanceRecord } from "../../instance/record.js";
import { instanceSpecSchema } from "../../instance/spec.js";
import { Fleet } from "./fleet.js";

const record = (id: string, state: InstanceRecord["state"] = "created"): InstanceRecord => ({
  id, namespace: "default", name: id, state, createdAt: "2026-01-01T00:00:00Z", restarts: 0, wanted: "stopped",
  spec: instanceSpecSchema.parse({ image: "busybox" }),
}); // prettier-ignore

class Server {
  readonly instances = new Map<string, InstanceRecord>();
  readonly asked: string[] = [];
  /** Held back until it resolves. */
  hold: Promise<void> | undefined;
  #streams = new Map<string, ReadableStreamDefaultController<Uint8Array>>();

  readonly fetch = async (path: string, { signal }: RequestInit): Promise<Response> => {
    if (path.startsWith("/v1/events") || path.startsWith("/v1/metrics")) return this.#stream(path, signal ?? undefined);
    this.asked.push(path);
    const id = path.slice("/v1/instances/".length);
    const page = { instances: [...this.instances.values()] };
    const [status, body] = path.includes("?")
      ? [200, page]
      : this.instances.has(id)
        ? [200, this.instances.get(id)]
        : [404, { code: "no-instance" }];
    const text = JSON.stringify(body);
    await this.hold;
    return new Response(text, { status });
  };

  tell(type: string, id: string): void {
    this.#send("/v1/events", { id: 1, at: "", type, namespace: "default", instance: id, name: id, detail: {} });
  }

  measure(id: string, cpu: number): void {
    const limits = { memoryBytes: 1, cpus: 1, vcpus: 1 };
    const one = {
      instance: id,
      name: id,
      state: "running",
      at: new Date().toISOString(),
      windowMs: 1000,
      limits,
      rates: { cpu_utilization: cpu },
    };
    this.#send("/v1/metrics/stream?intervalMs=1000", { instances: [one] });
  }

  #send(path: string, data: object): void {
    this.#streams.get(path)?.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(data)}\n\n`));
  }

  #stream(path: string, signal: AbortSignal | undefined): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#streams.set(path, controller);
        signal?.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
    return new Response(body);
  }
}

describe("the fleet", () => {
  let stop = new AbortController();

  async function start(...ids: string[]): Promise<{ fleet: Fleet; server: Server }> {
    const server = new Server();
    for (const id of ids) server.instances.set(id, record(id));
    vi.stubGlobal("fetch", server.fetch);
    stop = new AbortController();
    const fleet = new Fleet();
    fleet.run(stop.signal);
    await vi.waitFor(() => expect(fleet.isLoaded).toBe(true));
    return { fleet, server };
  }

  afterEach(() => {
    stop.abort();
    vi.unstubAllGlobals();
  });

  it("begins with all there are, and fetches what events name", async () => {
    const { fleet, server } = await start("a", "b");
    expect([...fleet.records.keys()]).toEqual(["a", "b"]);
    server.instances.set("a", record("a", "running"));
    server.tell("started", "a");
    await vi.waitFor(() => expect(fleet.records.get("a")?.state).toBe("running"));
    server.tell("exec-started", "b");
    server.instances.delete("b");
    server.tell("exited", "b");
    await vi.waitFor(() => expect(fleet.records.has("b")).toBe(false));
    expect(server.asked.slice(1)).toEqual(["/v1/instances/a", "/v1/instances/b"]);
  });

  it("answers a storm of events with few requests", async () => {
    const { fleet, server } = await start();
    let release = (): void => undefined;
    server.hold = new Promise((resolve) => (release = resolve));
    for (let i = 0; i < 500; i++) {
      server.instances.set(`i${i}`, record(`i${i}`));
      for (const type of ["created", "starting", "started"]) server.tell(type, `i${i}`);
    }
    await vi.waitFor(() => expect(server.asked.length).toBeGreaterThan(1));
    release();
    await vi.waitFor(() => expect(fleet.records.size).toBe(500));
    expect(server.asked.length).toBeLessThan(10);
  });

  it("is not talked into an instance that is gone by an answer that was slow", async () => {
    const { fleet, server } = await start("a");
    let release = (): void => undefined;
    server.hold = new Promise((resolve) => (release = resolve));
    fleet.select("a");
    server.tell("started", "a");
    await vi.waitFor(() => expect(server.asked.at(-1)).toBe("/v1/instances/a"));
    server.tell("removed", "a");
    await vi.waitFor(() => expect(fleet.records.has("a")).toBe(false));
    expect(fleet.current).toBeUndefined();
    release();
    server.instances.set("b", record("b"));
    server.tell("created", "b");
    await vi.waitFor(() => expect([...fleet.records.keys()]).toEqual(["b"]));
  });

  it("keeps figures of instances it knows, while they are on", async () => {
    const { fleet, server } = await start("a");
    server.measure("unknown", 1);
    server.measure("a", 0.5);
    await vi.waitFor(() => expect(fleet.histories.get("a")?.last?.cpu).toBe(0.5));
    expect(fleet.metrics.has("unknown")).toBe(false);
    server.instances.set("a", record("a", "exited"));
    server.tell("exited", "a");
    await vi.waitFor(() => expect(fleet.metrics.has("a")).toBe(false));
  });
});
