import { Hono } from "hono";
import { expect, test } from "vitest";
import { measureRequests } from "./measure-requests.js";

test("requests are counted by pattern, method and status, whatever ends them", async () => {
  const seen: string[] = [];
  const app = new Hono();
  app.use(
    measureRequests({
      observeRequest: (route, method, status, seconds) => {
        expect(seconds).toBeGreaterThanOrEqual(0);
        seen.push(`${method} ${route} ${status}`);
      },
    }),
  );
  app.use("/secret/*", async (c) => c.text("no", 401));
  app.onError((_error, c) => c.text("failed", 500));
  const things = new Hono();
  things.get("/:id/parts/:part{[0-9]+}", (c) => c.json({}));
  things.post("/", (c) => c.json({}, 201));
  things.delete("/:id", (): Response => {
    throw new Error("on purpose");
  });
  app.route("/v1/things", things);
  app.get("/secret/:name", (c) => c.text("yes"));
  const ask = async (method: string, path: string): Promise<void> => void (await app.request(path, { method }));
  await ask("GET", "/v1/things/a%2fb/parts/12?x=1");
  await ask("HEAD", "/v1/things/a/parts/1");
  await ask("GET", "/v1/things/a/parts/x");
  await ask("POST", "/v1/things");
  await ask("DELETE", "/v1/things/a");
  await ask("GET", "/secret/a");
  await ask("GET", "/made/up");
  expect(seen).toEqual([
    "GET /v1/things/{id}/parts/{part} 200",
    "HEAD /v1/things/{id}/parts/{part} 200",
    "GET unmatched 404",
    "POST /v1/things 201",
    "DELETE /v1/things/{id} 500",
    "GET /secret/{name} 401",
    "GET unmatched 404",
  ]);
});
