// The dashboard in a real browser, at a real server, with real guests: made by mouse and by keyboard, watched, typed into,
// stopped. WARDIAN_SCREENSHOT=1 also takes the README's picture.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ServerOptions, startServer } from "../../src/api/server.js";
import { updateTokenFile } from "../../src/api/security/token-file.js";
import { makeToken } from "../../src/api/security/token.js";
import { ECHO, HELLO, LOOP } from "../../src/container/program-samples.js";
import { Engine } from "../../src/engine/engine.js";
import { writePrograms } from "../../src/instance/program-sample.js";
import { lowContrast, nameless, repeatedIds, tabThrough } from "./accessibility.js";
import { launch, noBrowser, type Visit, visit } from "./browser.js";

const PICTURE = new URL("../../docs/dashboard.png", import.meta.url).pathname;
const GREETING = `sh -c 'echo "hello <b>from</b> the log"; echo careful >&2; exec sleep 100000'`;

// Real guests on a busy machine: what comes at once on an idle one may take a while.
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 30_000 });
const chart = (page: Page, title: string) => page.locator("figure", { has: page.locator(".chart-title", { hasText: title }) });
const dialog = (page: Page) => page.getByRole("dialog");

async function percent(page: Page, title: string): Promise<number> {
  return Number.parseFloat((await chart(page, title).locator(".chart-value").textContent()) ?? "");
}

function drawing(page: Page, title: string): Promise<string> {
  return chart(page, title).locator("canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL()); // prettier-ignore
}

/** What the terminal shows, lines without the blanks at their ends. */
async function screen(page: Page): Promise<string> {
  const text = await page.locator(".xterm-rows").innerText();
  return text.replaceAll("\u00a0", " ").replace(/ +$/gm, "").trimEnd();
}

async function expectInTerminal(page: Page, pattern: RegExp): Promise<void> {
  await eventually(() => screen(page)).toMatch(pattern);
}

async function openShell(page: Page): Promise<void> {
  await expectInTerminal(page, /#$/);
}

async function expectAccessible(page: Page): Promise<void> {
  expect(await nameless(page)).toEqual([]);
  expect(await repeatedIds(page)).toEqual([]);
  expect(await lowContrast(page)).toEqual([]);
}

describe.skipIf(noBrowser !== undefined)(
  `the dashboard${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  { timeout: 180_000 },
  () => {
    let browser: Browser;
    let engine: Engine;
    const folder = mkdtempSync(join(tmpdir(), "wardian-browser-"));
    const serve = (options: Partial<ServerOptions> = {}) => startServer({ engine, listen: ["127.0.0.1:0"], ...options });

    beforeAll(async () => {
      writePrograms(join(folder, "images"));
      for (const [name, program] of Object.entries({ echo: ECHO, hello: HELLO, loop: LOOP }))
        writeFileSync(join(folder, `images/${name}.wasm`), program);
      engine = await Engine.open({ images: join(folder, "images") });
      browser = await launch();
    });
    afterEach(async () => {
      const { instances } = await engine.apply({ kind: "list" });
      for (const { id } of instances) await engine.apply({ kind: "remove", instance: id, force: true });
    });
    afterAll(async () => {
      await browser?.close();
      await engine?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    async function open(options?: Parameters<typeof visit>[2]): Promise<Visit & AsyncDisposable> {
      const server = await serve();
      const seen = await visit(browser, `${server.addresses[0]}/`, options);
      await seen.page.locator('#link[data-state="live"]').waitFor();
      return {
        ...seen,
        [Symbol.asyncDispose]: async () => {
          await seen.page.context().close();
          await server.close();
        },
      };
    }

    it("makes an instance, shows it at work, takes what is typed into it, and stops it: by mouse", async () => {
      await using seen = await open({ colorScheme: "light" });
      const { page, complaints } = seen;
      await page.getByRole("button", { name: "New" }).click();
      await dialog(page).getByLabel("Name").fill("by-mouse");
      await dialog(page).getByLabel("Command").fill(GREETING);
      await dialog(page).getByLabel("Labels").fill("team=blue");
      await dialog(page).getByRole("button", { name: "Create" }).click();
      await page.locator('.badge[data-state="running"]').waitFor();
      await eventually(() => percent(page, "CPU")).toBeLessThan(30);
      await eventually(() => percent(page, "Memory")).toBeGreaterThan(1);

      await page.getByRole("button", { name: "Open a shell" }).click();
      await openShell(page);
      await page.keyboard.type("uname -a\r");
      await expectInTerminal(page, /^Linux .* riscv64/m);
      await eventually(() => percent(page, "CPU")).toBeLessThan(30);
      const idle = await drawing(page, "CPU");
      await page.keyboard.type("while :; do :; done\r");
      await eventually(() => percent(page, "CPU")).toBeGreaterThan(60);
      await eventually(() => drawing(page, "CPU")).not.toBe(idle);
      expect(await chart(page, "CPU").getByRole("img").getAttribute("aria-label")).toMatch(/^CPU over the last two minutes, now \d/);
      await page.keyboard.press("Control+c");
      await eventually(() => percent(page, "CPU")).toBeLessThan(30);

      await page.getByRole("tab", { name: "Logs" }).click();
      const log = page.getByRole("log");
      await log.getByText("hello <b>from</b> the log", { exact: true }).waitFor();
      await eventually(() => log.locator(".stderr").textContent()).toContain("careful");
      expect(await log.locator("b").count()).toBe(0);
      await page.getByRole("tab", { name: "Events" }).click();
      await page.getByText("exec-started").waitFor();
      await page.getByRole("tab", { name: "Details" }).click();
      await page.getByText("team=blue").waitFor();
      await expectAccessible(page);

      await page.getByRole("button", { name: "Stop" }).click();
      await dialog(page).getByRole("button", { name: "Stop" }).click();
      await page.locator('.badge[data-state="exited"]').waitFor();
      await eventually(() => page.getByRole("option", { name: "by-mouse, exited" }).textContent()).toMatch(/stopped, \d+ s ago/);
      await page.getByRole("tab", { name: "Terminal" }).click();
      await page.getByText("The instance does not run").waitFor();
      await page.getByRole("button", { name: "Remove" }).click();
      await dialog(page).getByRole("button", { name: "Remove" }).click();
      await page.getByText("No instances yet").waitFor();
      expect(complaints).toEqual([]);
    });

    it("does all of it by keyboard, in the dark", async () => {
      await using seen = await open({ colorScheme: "dark", reducedMotion: "reduce" });
      const { page, complaints } = seen;
      const press = async (...keys: string[]): Promise<void> => {
        for (const key of keys) await page.keyboard.press(key);
      };
      expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
      await press("?");
      await dialog(page).getByText("leave the terminal").waitFor();
      await press("Escape");
      await dialog(page).waitFor({ state: "detached" });
      await press("n");
      await dialog(page).getByRole("textbox", { name: "Name" }).waitFor();
      await page.keyboard.type("by-keyboard");
      await press("Tab", "Tab");
      await page.keyboard.type(GREETING);
      await press("Enter");
      await page.locator('.badge[data-state="running"]').waitFor();

      await press("t", "Enter");
      await openShell(page);
      await page.keyboard.type("ls /et\t -d; uname -m\r");
      await expectInTerminal(page, /^\/etc\/?\s*\n[^]*^riscv64/m);
      await page.keyboard.type("stty size\r");
      await expectInTerminal(page, /^\d{2} \d{2,3}$/m);
      const size = async (): Promise<string | undefined> => /^\d+ \d+$/m.exec(await screen(page))?.[0];
      const before = await size();
      await page.setViewportSize({ width: 1000, height: 640 });
      await page.keyboard.type("while sleep 1; do clear; stty size; done\r");
      await eventually(size).toSatisfy((now) => now !== undefined && now !== before);
      await press("Control+c");
      await page.setViewportSize({ width: 1280, height: 800 });

      await press("Control+]");
      await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe("tab-terminal");
      await press("ArrowRight");
      await eventually(() => page.getByRole("tab", { selected: true }).textContent()).toBe("Logs");
      await page.getByRole("log").getByText("hello <b>from</b>").waitFor();
      await expectAccessible(page);
      await press("t");
      await page.keyboard.type("exit 0\r");
      await page.getByText("ended with status 0", { exact: true }).waitFor();

      const met = await tabThrough(page, 40);
      for (const name of ["new", "filter", "Theme: auto", "Instances", "tab-terminal"]) expect(met).toContain(name);
      while ((await page.evaluate(() => document.activeElement?.id)) !== "instances") await press("Tab");
      await press("p");
      await page.locator('.badge[data-state="paused"]').waitFor();
      await press("p");
      await page.locator('.badge[data-state="running"]').waitFor();
      await press("s");
      await dialog(page).waitFor();
      await press("Enter");
      await page.locator('.badge[data-state="exited"]').waitFor();
      await press("Delete");
      await dialog(page).waitFor();
      await press("Enter");
      await page.getByText("No instances yet").waitFor();
      expect(complaints).toEqual([]);
    });

    it("gives a bare machine its console, and outlasts one that prints without end", async () => {
      await using seen = await open();
      const { page, complaints } = seen;
      const limits = { memory: "16M" };
      for (const name of ["echo", "flood"]) await engine.apply({ kind: "create", request: { kernel: name, name, limits } });
      for (const name of ["echo", "flood"]) await engine.apply({ kind: "start", instance: name });
      await page.getByRole("option", { name: /^echo/ }).click();
      await page.getByRole("button", { name: "Attach to the console" }).click();
      await page.keyboard.type("what is typed");
      await expectInTerminal(page, /^what is typed$/m);

      await page.getByRole("option", { name: /^flood/ }).click();
      await page.getByRole("tab", { name: "Logs" }).click();
      const lines = () => page.getByRole("log").locator("> *").count();
      await eventually(lines).toBeGreaterThan(0);
      await page.getByRole("tab", { name: "Terminal" }).click();
      await page.getByRole("button", { name: "Attach to the console" }).click();
      await expectInTerminal(page, /\S/);
      await page.getByRole("tab", { name: "Logs" }).click();
      await eventually(lines).toBeGreaterThan(0);
      expect(await lines()).toBeLessThanOrEqual(2000);
      await page.getByRole("button", { name: "Kill" }).click();
      await dialog(page).getByRole("button", { name: "Kill" }).click();
      await page.locator('.badge[data-state="exited"]').waitFor();

      // The other one's terminal is as it was left.
      await page.getByRole("option", { name: /^echo/ }).click();
      await page.getByRole("tab", { name: "Terminal" }).click();
      await expectInTerminal(page, /^what is typed$/m);
      expect(complaints).toEqual([]);
    });

    it("lets one talk to a container's program, which has no shell", async () => {
      await using seen = await open();
      const { page, complaints } = seen;
      const request = { kind: "container", image: "echo.wasm", name: "program", stdin: true } as const;
      await engine.apply({ kind: "create", request });
      await engine.apply({ kind: "start", instance: "program" });
      await page.getByRole("option", { name: /^program/ }).click();
      expect(await page.getByRole("button", { name: "Open a shell" }).count()).toBe(0);
      await page.getByRole("button", { name: "Attach to the program" }).click();
      await page.keyboard.type("what is typed");
      await page.keyboard.press("Enter");
      await expectInTerminal(page, /what is typed/);
      expect(complaints).toEqual([]);
    });

    it("makes a container with volumes and limits, and shows why it ended", async () => {
      await using seen = await open();
      const { page, complaints } = seen;
      await page.keyboard.press("n");
      await dialog(page).getByLabel("Name").fill("limited");
      expect(await dialog(page).getByLabel("Volumes").isVisible()).toBe(false);
      await dialog(page).getByLabel("Kind").selectOption("container");
      expect(await dialog(page).getByLabel("Image").inputValue()).toBe("");
      await dialog(page).getByLabel("Image").fill("loop.wasm");
      await dialog(page).getByLabel("Volumes").fill("data");
      await dialog(page).getByLabel("Descriptors").fill("2");
      await dialog(page).getByLabel("CPU time").fill("0,2");
      await expectAccessible(page);
      await dialog(page).getByRole("button", { name: "Create" }).click();
      await page.getByText("give each as NAME:PATH").waitFor();
      await dialog(page).getByLabel("Volumes").fill("data:/data:size=1M");
      await dialog(page).getByRole("button", { name: "Create" }).click();
      await page.locator("#new-descriptors-error").getByText(/3/).waitFor();
      await dialog(page).getByLabel("Descriptors").fill("10");
      await dialog(page).getByRole("button", { name: "Create" }).click();
      await page.locator('.badge[data-state="exited"]').waitFor();
      await eventually(() => page.getByRole("option", { name: "limited, exited" }).textContent()).toMatch(/cpu-time, \d+ s ago/);
      await page.getByRole("tab", { name: "Details" }).click();
      for (const text of ["data at /data", "at most 10", "its CPU time was up"]) await page.getByText(text).waitFor();
      const { spec } = await engine.apply({ kind: "inspect", instance: "limited" });
      expect(spec).toMatchObject({
        kind: "container",
        limits: { cpuTimeMs: 200, descriptors: 10 },
        volumes: [{ name: "data", size: "1M" }],
      });
      // The browser itself writes refused requests to the console.
      expect(complaints.filter((text) => !/status of 400/.test(text))).toEqual([]);
    });

    it("reads one container from another, made by the form", async () => {
      await using seen = await open();
      const { page, complaints } = seen;
      await engine.apply({ kind: "create", request: { kind: "container", image: "hello.wasm", name: "says" } });
      await page.keyboard.press("n");
      await dialog(page).getByLabel("Name").fill("echoes");
      await dialog(page).getByLabel("Kind").selectOption("container");
      await dialog(page).getByLabel("Image").fill("echo.wasm");
      await dialog(page).getByLabel("Input from").fill("says");
      await dialog(page).getByRole("button", { name: "Create" }).click();
      await page.locator('.badge[data-state="running"]').waitFor();
      await engine.apply({ kind: "start", instance: "says" });
      await page.getByRole("tab", { name: "Logs" }).click();
      await page.getByRole("log").getByText("hello", { exact: true }).waitFor();
      expect(complaints).toEqual([]);
    });

    it("shows what the server refuses at the field that it names", async () => {
      await using seen = await open();
      const { page, complaints } = seen;
      await page.keyboard.press("n");
      await dialog(page).getByLabel("Name").fill("-bad");
      await dialog(page).getByLabel("CPUs").fill("7");
      await dialog(page).getByLabel("Name").press("Enter");
      const name = dialog(page).getByLabel("Name");
      await page
        .locator("#new-name-error")
        .getByText(/1 to 63 letters/)
        .waitFor();
      await page.locator("#new-cpus-error").getByText(/1/).waitFor();
      expect([await name.getAttribute("aria-invalid"), await name.evaluate((element) => element === document.activeElement)]).toEqual([
        "true",
        true,
      ]);
      await expectAccessible(page);
      await dialog(page).getByLabel("Command").fill("sh -c 'open");
      await dialog(page).getByRole("button", { name: "Create" }).click();
      await page.getByText("a quote is not closed").waitFor();
      // The browser itself writes refused requests to the console.
      expect(complaints.filter((text) => !/status of 400/.test(text))).toEqual([]);
    });

    it("filters, changes its theme for good, and fits a telephone", async () => {
      await using seen = await open({ colorScheme: "light" });
      const { page, complaints } = seen;
      for (const name of ["one", "two"])
        await engine.apply({ kind: "create", request: { image: "busybox", name, labels: { tier: `t-${name}` } } });
      await eventually(() => page.getByRole("option").count()).toBe(2);
      await page.keyboard.press("/");
      await page.keyboard.type("tier=t-two");
      await eventually(() => page.getByRole("option").allTextContents()).toEqual([expect.stringContaining("two")]);
      await page.keyboard.press("Escape");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("End");
      await eventually(() => page.getByRole("option", { selected: true }).textContent()).toContain("one");

      for (const theme of ["light", "dark"]) {
        await page.getByRole("button", { name: /^Theme/ }).click();
        expect(await page.locator("html").getAttribute("data-theme")).toBe(theme);
        await expectAccessible(page);
      }
      await page.reload();
      expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");

      await eventually(() => page.getByRole("option", { selected: true }).textContent()).toContain("one");
      await page.setViewportSize({ width: 380, height: 720 });
      await page.getByRole("button", { name: "Back to the list" }).click();
      await page.getByRole("option", { name: /^one/ }).click();
      await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe("one");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380);
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    });

    it("asks for a token, and keeps it no longer than the tab", async () => {
      const tokenFile = join(folder, "tokens.json");
      const { token, record } = makeToken({ name: "reader", scope: "read", namespace: "default", quotas: {} });
      updateTokenFile(tokenFile, () => [record]);
      await using server = Object.assign(await serve({ tokenFile }), { [Symbol.asyncDispose]: () => server.close() });
      const { page, complaints } = await visit(browser, `${server.addresses[0]}/`);
      await dialog(page).getByText("This server wants a token").waitFor();
      await page.keyboard.type("wdn_0123456789abcdef_nonsense");
      await page.keyboard.press("Enter");
      await dialog(page).getByText("did not accept").waitFor();
      await dialog(page).getByRole("textbox", { name: "Token" }).fill(token);
      await page.keyboard.press("Enter");
      await page.locator('#link[data-state="live"]').waitFor();
      expect(await page.evaluate(() => [JSON.stringify(localStorage).includes("wdn_"), document.cookie])).toEqual([false, ""]);
      await page.reload();
      await page.locator('#link[data-state="live"]').waitFor();
      expect(await dialog(page).count()).toBe(0);
      await page.getByRole("button", { name: "Sign out" }).click();
      await dialog(page).getByText("This server wants a token").waitFor();
      expect(complaints.filter((text) => !/status of 401/.test(text))).toEqual([]);
      await page.context().close();
    });

    it("says when the server is gone, and finds it again", async () => {
      const first = await serve();
      const url = `${first.addresses[0]}/`;
      const { page } = await visit(browser, url);
      await page.locator('#link[data-state="live"]').waitFor();
      await first.close();
      await page.getByText("Connection lost").waitFor();
      const second = await serve({ listen: [new URL(url).host] });
      await page.locator('#link[data-state="live"]').waitFor();
      await engine.apply({ kind: "create", request: { image: "busybox", name: "after-the-gap" } });
      await page.getByRole("option", { name: /after-the-gap/ }).waitFor();
      await page.context().close();
      await second.close();
    });

    it.runIf(process.env["WARDIAN_SCREENSHOT"])("takes its picture", { timeout: 300_000 }, async () => {
      await using seen = await open({ colorScheme: "dark" });
      await takePicture(engine, seen.page);
    });
  },
);

/** Guests with something to do for as long as the charts reach back. */
async function takePicture(engine: Engine, page: Page): Promise<void> {
  const busy = (on: number, off: number): string[] => [
    "sh",
    "-c",
    `while :; do i=0; while [ $i -lt ${on} ]; do i=$((i+1)); done; sleep ${off}; done`,
  ];
  const hash = "while :; do head -c 40000 /dev/urandom | tee /tmp/part | sha256sum; od -N 2500 /tmp/part; usleep 150000; done";
  for (const [name, command, cpus] of [
    ["web-frontend", busy(4000, 0.1), undefined],
    ["ci-runner-17", busy(9000, 0.5), 0.5],
    ["agent-sandbox", ["sh", "-c", hash], undefined],
  ] as const) {
    const limits = { memory: "128M", ...(cpus === undefined ? {} : { cpus }) };
    const { id } = await engine.apply({
      kind: "create",
      request: { image: "busybox", name, command: [...command], limits, labels: { team: "blue" } },
    });
    await engine.apply({ kind: "start", instance: id });
  }
  const { id } = await engine.apply({ kind: "create", request: { kernel: "hello", name: "nightly-fuzz", limits: { memory: "16M" } } });
  await engine.apply({ kind: "start", instance: id });
  await engine.apply({ kind: "create", request: { image: "busybox", name: "lint-2841" } });
  await page.getByRole("option", { name: /agent-sandbox/ }).click();
  await page.getByRole("button", { name: "Open a shell" }).click();
  await openShell(page);
  await page.waitForTimeout(100_000);
  for (const line of ["uname -a", "free -m", "ls /", "ps | tail -n 5"]) {
    await page.keyboard.type(`${line}\r`, { delay: 40 });
    await page.waitForTimeout(1200);
  }
  await page.waitForTimeout(15_000);
  await page.screenshot({ path: PICTURE });
}
