// Debian's kernel on our firmware and on Debian's: to a shell, out again, and in little memory.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bootLinux, fetchLinux } from "./linux.js";

const files = await fetchLinux();
const REPORT = "echo kernel $(uname -sm); grep -c ^processor /proc/cpuinfo; echo shell $((6*7))\n";

/** What `seq 1 2000` prints. */
const NUMBERS = Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join("");

/** An EFI zboot image: a PE header that names a payload. Linux: drivers/firmware/efi/libstub/zboot-header.S. */
function makeZboot(payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(512);
  header.write("MZ", 0);
  header.write("zimg", 4);
  header.writeUInt32LE(header.length, 8);
  header.writeUInt32LE(payload.length, 12);
  header.write("gzip", 24);
  return Buffer.concat([header, payload]);
}

describe.skipIf(files === undefined)("Debian's kernel", () => {
  if (files === undefined) return;

  it("boots to a shell and powers off", async () => {
    const { outcome, serial, machine } = await bootLinux(files, { init: `${REPORT}poweroff -f` });
    expect(serial).toContain("kernel Linux riscv64\n1\nshell 42\n");
    expect(outcome).toEqual({ kind: "poweroff", status: 0 });
    expect(machine.residentBytes).toBeLessThan(64 * 2 ** 20);
  });

  it.each([
    ["gzip", (kernel: Uint8Array) => gzipSync(kernel, { level: 1 })],
    ["EFI zboot", (kernel: Uint8Array) => makeZboot(gzipSync(kernel, { level: 1 }))],
  ])("boots from %s", async (_form, pack) => {
    const { serial } = await bootLinux({ ...files, kernel: pack(files.kernel) }, { init: `${REPORT}poweroff -f` });
    expect(serial).toContain("kernel Linux riscv64\n1\nshell 42\n");
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
