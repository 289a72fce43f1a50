// The dashboard's files: each is served as what it is, nothing else is, and the page refers to nothing that is not among them.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ASSETS } from "./assets.js";
import { PAGE_POLICY, webRoutes } from "./routes.js";

const app = webRoutes();
const PAGE = new URL("./page/", import.meta.url);
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => Promise.resolve(app.request(path, { headers }));

describe("files of the dashboard", () => {
  it("are served with type, policy and tag", async () => {
    for (const { path, type } of ASSETS) {
      const response = await get(`/web/${path}`);
      expect([response.status, response.headers.get("content-type")], path).toEqual([200, type]);
      expect(response.headers.get("cache-control")).toBe("no-cache");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect((await response.arrayBuffer()).byteLength, path).toBeGreaterThan(10);
    }
    const page = await get("/");
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(page.headers.get("content-security-policy")).toBe(PAGE_POLICY);
  });

  it("are not sent again while they are the same", async () => {
    const etag = (await get("/")).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    const again = await get("/", { "if-none-match": `W/"x", ${etag}` });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect((await get("/", { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("are all there is: no path leads to another file", async () => {
    const paths = ["/web/", "/web/routes.js", "/web/page/", "/web/page/../routes.js", "/web/page/%2e%2e/routes.js", "/web/page/..%2froutes.js", "/web//page/main.js",
      "/web/page/main.ts", "/web/page/main.js%00", "/web/page/main.js/", "/web/page/main.js.map", "/web/page/sse.test.js", "/web/vendor/xterm.mjs/../../../../../package.json",
      "/web/constructor", "/web/__proto__", "/web/page/MAIN.js"]; // prettier-ignore
    for (const path of paths) expect((await get(path)).status, path).toBe(404);
    expect((await app.request("/web/page/main.js", { method: "POST" })).status).toBe(404);
  });

  it("are the ones that the page's modules and index.html name", () => {
    const served = new Set(ASSETS.map(({ path }) => path));
    const modules = readdirSync(PAGE).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
    expect(modules.map((name) => `page/${name.replace(/ts$/, "js")}`).filter((path) => !served.has(path))).toEqual([]);
    for (const name of modules) {
      const text = readFileSync(new URL(name, PAGE), "utf8");
      const imports = [...text.matchAll(/^import (?!type)[^;]*?from "([^"]+)"/gms)].map(
        ([, path = ""]) => new URL(path, `http://x/page/${name}`),
      );
      for (const { pathname } of imports) expect(served.has(pathname.slice(1)), `${name} imports ${pathname}`).toBe(true);
    }
    const html = readFileSync(new URL("index.html", PAGE), "utf8");
    const links = [...html.matchAll(/(?:src|href)="\/web\/([^"]+)"/g)].map(([, path = ""]) => path);
    expect(links.length).toBeGreaterThan(5);
    for (const path of links) expect(served.has(path), path).toBe(true);
  });

  it("have no script or style in the markup, which the policy would forbid", () => {
    const html = readFileSync(new URL("index.html", PAGE), "utf8");
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i);
    for (const name of readdirSync(PAGE)) {
      if (!/(?<!\.test)\.ts$/.test(name)) continue;
      expect(readFileSync(new URL(name, PAGE), "utf8"), name).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
      );
    }
  });
});
