// A process that serves: the whole API with instances behind it, or a bare Hono app that gives the same JSON. Started by fork() with
// one argument, a ServerTask; tells its parent where it listens; ends with it. Depends on the library and its test programs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type ServerTask =
  | { readonly kind: "wardian"; readonly instances: number; readonly program: "sleep" | "loop" }
  /** By path, what is answered. */
  | { readonly kind: "bare"; readonly answers: Readonly<Record<string, unknown>> };

export type ServerMessage =
  | { readonly kind: "listening"; readonly url: string; readonly instances: readonly string[]; readonly state: string }
  | { readonly kind: "failed"; readonly message: string };

async function serveWardian({ instances, program }: ServerTask & { kind: "wardian" }): Promise<ServerMessage> {
  const { Engine } = await import("../src/engine/engine.js");
  const { startServer } = await import("../src/api/server.js");
  const { writePrograms } = await import("../src/instance/program-sample.js");
  const folder = mkdtempSync(join(tmpdir(), "wardian-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  writePrograms(join(folder, "images"));
  const engine = await Engine.open({ state: join(folder, "state"), images: join(folder, "images") });
  const ids: string[] = [];
  for (let n = 0; n < instances; n++) {
    const { id } = await engine.apply({ kind: "create", request: { kernel: program, limits: { memory: "16M" } } });
    await engine.apply({ kind: "start", instance: id });
    ids.push(id);
  }
  const server = await startServer({ engine, listen: ["127.0.0.1:0"] });
  return { kind: "listening", url: server.addresses[0] ?? "", instances: ids, state: join(folder, "state") };
}

async function serveBare({ answers }: ServerTask & { kind: "bare" }): Promise<ServerMessage> {
  const { Hono } = await import("hono");
  const { serve } = await import("@hono/node-server");
  const app = new Hono();
  for (const [path, answer] of Object.entries(answers)) app.get(path, (c) => c.json(answer as object));
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
      resolve({ kind: "listening", url: `http://127.0.0.1:${port}`, instances: [], state: "" }),
    );
  });
}

process.on("disconnect", () => process.exit(0));
const task = JSON.parse(process.argv[2] ?? "{}") as ServerTask;
(task.kind === "wardian" ? serveWardian(task) : serveBare(task)).then(
  (message) => process.send?.(message),
  (error: unknown) => process.send?.({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
);
