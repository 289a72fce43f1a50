// The command line from outside, as far as it gets without a guest: one line and a status for everything that is wrong, and
// the bare machine with small programs. Runs the compiled dist/.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { FLOOD, finishWith, HOT_LOOP, HOT_LOOP_STATUS, LOOP, print, REBOOT } from "../machine/vm-sample.js";
import { makeImage } from "../machine/boot/kernel-sample.js";
import { MAIN } from "./testing/command.js";

const folder = mkdtempSync(join(tmpdir(), "wardian-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function wardian(args: readonly string[], during: (child: ReturnType<typeof spawn>) => void = () => {}): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const outcome: Outcome = { status: null, stdout: "", stderr: "" };
  child.stdout.on("data", (data) => {
    outcome.stdout += data;
  });
  child.stderr.on("data", (data) => {
    outcome.stderr += data;
  });
  during(child);
  return new Promise((resolve) => child.on("close", (status) => resolve({ ...outcome, status })));
}

/** A raw bios image is entered in M-mode at the start of RAM: the simplest way to run a few words. */
function program(name: string, words: readonly number[]): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(new Uint32Array(words).buffer));
  return path;
}

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const WRONG: readonly (readonly [what: string, args: () => string[], says: RegExp])[] = [
  ["unknown command", () => ["fly"], /unknown command/],
  ["unknown option", () => ["boot", "--fly"], /unknown option/],
  ["missing image", () => ["run"], /missing required argument/],
  ["bad size", () => ["run", "-m", "3X", "busybox"], /not a size/],
  ["size beyond bounds", () => ["boot", "-m", "99999999999G"], /too large/],
  ["bad time", () => ["run", "--timeout", "soon", "busybox"], /not a time/],
  ["unknown engine for run", () => ["run", "--engine", "jit", "busybox"], /no engine "jit": use auto, interpret, translate, eager/],
  ["unknown engine for boot", () => ["boot", "--engine", "", "--bios", "x"], /no engine ""/],
  ["unknown engine for create", () => ["create", "--engine", "fast", "busybox"], /no engine "fast"/],
  ["nothing to boot", () => ["boot"], /nothing to boot/],
  ["missing kernel", () => ["boot", "--kernel", join(folder, "none")], /does not exist/],
  ["folder as kernel", () => ["boot", "--kernel", folder], /is a directory/],
  ["empty kernel", () => ["boot", "--kernel", write("empty", "")], /empty/],
  ["text as kernel", () => ["boot", "--kernel", write("text", "no kernel, this")], /neither an Image/],
  ["cut gzip kernel", () => ["boot", "--kernel", write("cut.gz", gzipSync(makeImage({ fileBytes: 4096, imageSize: 8192 })).subarray(0, 40))], /cannot be unpacked/],
  ["kernel larger than memory", () => ["boot", "-m", "16M", "--kernel", write("big", makeImage({ fileBytes: 4096, imageSize: 64 << 20 }))], /does not fit|needs|memory/i],
  ["missing initrd", () => ["boot", "--kernel", write("k", makeImage({ fileBytes: 4096, imageSize: 8192 })), "--initrd", join(folder, "none")], /initrd file .* does not exist/],
  ["odd disk", () => ["boot", "--kernel", write("k", makeImage({ fileBytes: 4096, imageSize: 8192 })), "--disk", write("odd", "odd")], /multiple of 512/],
  ["missing image file", () => ["run", join(folder, "none.tar")], /no file/],
  ["text as image", () => ["run", write("text", "no archive, this")], /neither a tar nor a cpio/],
]; // prettier-ignore

test.each(WRONG)("%s: one line and 125", async (_what, args, says) => {
  const { status, stdout, stderr } = await wardian(args());
  expect(stderr).toMatch(/^wardian: [^\n]+\n$/);
  expect(stderr).toMatch(says);
  expect({ status, stdout }).toEqual({ status: 125, stdout: "" });
});

test("help is on stdout, with the exit statuses", async () => {
  for (const command of ["run", "boot"]) {
    const { status, stdout, stderr } = await wardian([command, "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("Exit status:");
  }
  expect((await wardian(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("boot ends with the guest's status, large ones as 255", async () => {
  expect(await wardian(["boot", "--bios", program("ok", print("fine\n", finishWith(0)))])).toEqual({
    status: 0,
    stdout: "fine\n",
    stderr: "",
  });
  expect((await wardian(["boot", "--bios", program("seven", finishWith(7))])).status).toBe(7);
  expect((await wardian(["boot", "--bios", program("large", finishWith(0x1000))])).status).toBe(255);
});

test("boot comes to the same with each engine", async () => {
  const path = program("hot", print("hot\n", HOT_LOOP));
  for (const engine of ["auto", "interpret", "translate", "eager"]) {
    const outcome = await wardian(["boot", "--engine", engine, "--bios", path]);
    expect([engine, outcome]).toEqual([engine, { status: HOT_LOOP_STATUS, stdout: "hot\n", stderr: "" }]);
  }
});

test("a loop of reboots and a panic end in one line", async () => {
  const loop = await wardian(["boot", "--bios", program("reboot", REBOOT)]);
  expect(loop).toMatchObject({ status: 125, stderr: expect.stringMatching(/^wardian: the guest restarted 5 times[^\n]*\n$/) });
  const panic = await wardian(["boot", "--bios", program("panic", print("Kernel panic - not syncing: x\n", REBOOT))]);
  expect(panic).toMatchObject({ status: 134, stderr: "wardian: the guest crashed: Kernel panic - not syncing: x\n" });
});

test("a time limit and signals end a guest that never would", async () => {
  const path = program("loop", print("up\n", LOOP));
  expect((await wardian(["boot", "--timeout", "500ms", "--bios", path])).status).toBe(124);
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    // prettier-ignore
    const outcome = await wardian(["boot", "--bios", path], (child) => child.stdout?.once("data", () => child.kill(signal)));
    expect(outcome).toEqual({ status, stdout: "up\n", stderr: "" });
  }
});

test("a reader that goes away ends it quietly", async () => {
  const outcome = await wardian(["boot", "--bios", program("flood", FLOOD)], (child) =>
    child.stdout?.once("data", () => child.stdout?.destroy()),
  );
  expect(outcome).toMatchObject({ status: 141, stderr: "" });
});
