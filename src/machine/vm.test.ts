// The machine on its thread: streams with back-pressure, every way to end, reboot, abort. Uses the compiled worker in dist/.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { ENGINE_NAMES } from "./engine-name.js";
import { VirtualMachine, type VmOptions } from "./vm.js";
import { ECHO, FLOOD, finishWith, HOT_LOOP, HOT_LOOP_STATUS, LOOP, planOf, print, REBOOT, SAMPLE_RAM_BYTES, SLEEP } from "./vm-sample.js";

function start(words: readonly number[], options: Partial<VmOptions> = {}): Promise<VirtualMachine> {
  return VirtualMachine.start({ ramBytes: SAMPLE_RAM_BYTES, plan: () => planOf(words), ...options });
}

async function readAll(vm: VirtualMachine): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of vm.serial) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test("powers off with its status, after all of its output", async () => {
  await using vm = await start(print("hello\n", finishWith(42)));
  expect(await readAll(vm)).toBe("hello\n");
  expect(await vm.exit).toEqual({ kind: "poweroff", status: 42 });
});

test("reboot ends the machine, unless it is to restart; a loop of restarts is an error", async () => {
  await using once_ = await start(REBOOT);
  expect(await once_.exit).toEqual({ kind: "reboot" });
  await using loop = await start(print(".", REBOOT), { reboot: "restart" });
  expect(await readAll(loop)).toBe(".....");
  expect(await loop.exit).toMatchObject({ kind: "failed", error: { code: "reboot-loop" } });
});

test("a reboot after a kernel's panic is a crash, with the kernel's words", async () => {
  await using vm = await start(print("[    1.5] Kernel panic - not syncing: no root\r\n", REBOOT), { reboot: "restart" });
  vm.serial.resume();
  expect(await vm.exit).toEqual({ kind: "crash", reason: "Kernel panic - not syncing: no root" });
});

test("a kernel that panics before it can reboot is ended too", async () => {
  const text = "[    0.000000] Kernel panic - not syncing: early\n[    0.000000] ---[ end Kernel panic - not syncing: early ]---\n";
  await using vm = await start(print(text, LOOP));
  vm.serial.resume();
  expect(await vm.exit).toEqual({ kind: "crash", reason: "Kernel panic - not syncing: early" });
});

test("each engine comes to the same, and is the one that was asked for", async () => {
  for (const engine of ENGINE_NAMES) {
    await using vm = await start(HOT_LOOP, { engine });
    expect(await vm.exit).toEqual({ kind: "poweroff", status: HOT_LOOP_STATUS });
    const { translated_instructions, translator_regions } = vm.lastSample?.machine ?? {};
    expect([engine, translator_regions === 0]).toEqual([engine, engine === "interpret"]);
    // What is compiled in the background may be ready too late for a program as short as this.
    if (engine === "eager") expect(translated_instructions).toBeGreaterThan(0);
    if (engine === "interpret") expect(translated_instructions).toBe(0);
  }
});

test("stop ends a machine that loops and one that sleeps; stopping again is harmless", async () => {
  for (const words of [LOOP, SLEEP]) {
    const vm = await start(words);
    await vm.stop();
    await vm.stop();
    expect(await vm.exit).toEqual({ kind: "stopped" });
    expect(vm.sample()).toBeUndefined();
  }
});

test("an abort stops it; one before the start is told by the start", async () => {
  const abort = new AbortController();
  const vm = await start(LOOP, { signal: abort.signal });
  abort.abort();
  expect(await vm.exit).toEqual({ kind: "stopped" });
  await expect(start(LOOP, { signal: abort.signal })).rejects.toMatchObject({ code: "aborted" });
});

test("serial input comes back byte-exact, more of it than any buffer holds", async () => {
  await using vm = await start(ECHO);
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  vm.serial.write(sent);
  const got: Buffer[] = [];
  let length = 0;
  for await (const chunk of vm.serial) {
    got.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length >= sent.length) break;
  }
  expect(Buffer.concat(got).equals(sent)).toBe(true);
});

test("output that nobody reads stops the machine; reading lets it go on", async () => {
  await using vm = await start(FLOOD);
  const instructions = (): number => vm.sample()?.machine.instructions ?? 0;
  let after = 0;
  for (let before = -1; before !== after;) {
    before = after;
    await pause(200);
    after = instructions();
  }
  expect(after).toBeGreaterThan(0);
  expect(vm.serial.readableLength).toBeLessThan(1 << 20);
  vm.serial.on("data", () => {});
  await expect.poll(instructions, { timeout: 10_000 }).toBeGreaterThan(after);
});

test("a sleeping guest costs no time", async () => {
  await using vm = await start(SLEEP);
  await pause(100);
  const before = vm.sample()?.machine.cpu_busy_seconds ?? 0;
  await pause(300);
  expect((vm.sample()?.machine.cpu_busy_seconds ?? 0) - before).toBeLessThan(0.02);
});

test("a sleeping guest is woken at once by input", async () => {
  await using vm = await start(ECHO);
  vm.serial.write("x");
  const [data] = await once(vm.serial, "data");
  expect(String(data)).toBe("x");
});

test("disks that cannot be used and plans that fail are told by start", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wardian-vm-"));
  try {
    const path = join(folder, "odd.img");
    writeFileSync(path, "odd");
    await expect(start(LOOP, { disks: [{ path }] })).rejects.toMatchObject({ code: "bad-disk" });
    await expect(start(LOOP, { disks: [{ path: join(folder, "none") }] })).rejects.toMatchObject({ code: "bad-disk" });
    const failing = start(LOOP, {
      plan() {
        throw new Error("no such plan");
      },
    });
    await expect(failing).rejects.toMatchObject({ code: "start-failed" });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("input after the end goes nowhere and harms nothing", async () => {
  const vm = await start(finishWith(0));
  await vm.exit;
  await new Promise((resolve) => vm.serial.write("late", resolve));
  expect(() => vm.port("none")).toThrow(/no console port/);
});
