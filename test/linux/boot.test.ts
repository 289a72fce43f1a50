// Debian's kernel on our firmware and on Debian's: to a shell, out again, and in little memory.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bootLinux, fetchLinux } from "./linux.js";

const files = await fetchLinux();
const REPORT = "echo kernel $(uname -sm); grep -c ^processor /proc/cpuinfo; echo shell $((6*7))\n";

/** What `seq 1 2000` prints. */
const NUMBERS = Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join("");

describe.skipIf(files === undefined)("Debian's kernel", () => {
  if (files === undefined) return;

  it("boots to a shell and powers off", async () => {
    const { outcome, serial, machine } = await bootLinux(files, { init: `${REPORT}poweroff -f` });
    expect(serial).toContain("kernel Linux riscv64\n1\nshell 42\n");
    expect(outcome).toEqual({ kind: "poweroff", status: 0 });
    expect(machine.residentBytes).toBeLessThan(64 * 2 ** 20);
  });

  it("reboots", async () => {
    expect((await bootLinux(files, { init: "reboot -f" })).outcome).toEqual({ kind: "reboot" });
  });

  it("tells a panic from a power-off", async () => {
    const { outcome, serial } = await bootLinux(files, { init: "exec /bin/false" });
    expect(serial).toContain("Kernel panic");
    expect(outcome.kind).not.toBe("poweroff");
  });

  it("boots on OpenSBI in M-mode", async () => {
    const { outcome, serial } = await bootLinux(files, { bios: files.firmware, init: `${REPORT}poweroff -f` });
    expect(serial).toContain("OpenSBI v");
    expect(serial).toContain("kernel Linux riscv64\n1\nshell 42\n");
    expect(outcome).toEqual({ kind: "poweroff", status: 0 });
  });

  it.each([
    ["sv57", ""],
    ["sv48", "no5lvl"],
    ["sv39", "no4lvl"],
  ])("runs user programs with %s page tables", async (mode, append) => {
    const { serial } = await bootLinux(files, { append, init: "grep mmu /proc/cpuinfo; seq 1 2000 | sha256sum; poweroff -f" });
    expect(serial).toMatch(new RegExp(`mmu\\s*: ${mode}\n`));
    expect(serial).toContain(createHash("sha256").update(NUMBERS).digest("hex"));
  });
});
