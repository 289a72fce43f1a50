// Where things are put for each way to boot, the errors for what does not fit, and damage at random.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RAM_BASE, TIMEBASE_HZ } from "../../../assembly/machine/abi.js";
import { WardianError } from "../../errors.js";
import { buildDeviceTree } from "./device-tree.js";
import { makeElf } from "./elf-sample.js";
import { findChild, findProperty, type FdtNode } from "./fdt.js";
import { readFdt } from "./fdt-reader.js";
import { makeImage } from "./kernel-sample.js";
import { mutate, seededRandom } from "./mutation.js";
import { type Board, type BootPlan, type BootRequest, planBoot } from "./plan.js";

const MIB = 0x100000;
const board: Board = {
  harts: 1,
  isa: ["i", "m", "a", "f", "d", "c"],
  modes: "sv57",
  timebaseHz: TIMEBASE_HZ,
  virtioMmio: true,
  rngSeed: new Uint8Array(32),
  consoleTarget: "uart",
};
const request: BootRequest = {
  ramBytes: 64 * MIB,
  cmdline: "quiet",
  board,
  decompress: () => {
    throw new WardianError("bad-archive", "nothing is packed here");
  },
};
const kernel = makeImage({ fileBytes: 3 * MIB, imageSize: 8 * MIB });
const firmwareElf = "/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.elf";

function chosenOf(plan: BootPlan): FdtNode {
  const dtb = plan.loads.find((load) => load.pa === plan.a1);
  return findChild(readFdt(dtb?.bytes ?? new Uint8Array(0)).root, "chosen") as FdtNode;
}

function number64(value: Uint8Array | undefined): number {
  return Number(new DataView((value as Uint8Array).slice().buffer).getBigUint64(0));
}

function expectApart(plan: BootPlan, ramBytes: number): void {
  const sorted = [...plan.loads].sort((a, b) => a.pa - b.pa);
  let end = RAM_BASE;
  for (const load of sorted) {
    expect(load.pa).toBeGreaterThanOrEqual(end);
    end = load.pa + load.bytes.length;
  }
  expect(end).toBeLessThanOrEqual(RAM_BASE + ramBytes);
}

describe("booting an Image with the firmware built in", () => {
  const initrd = new Uint8Array(5 * MIB + 1);
  const plan = planBoot({ ...request, kernel, initrd });

  it("enters the kernel in S-mode at its offset", () => {
    expect(plan).toMatchObject({ entryPa: RAM_BASE + 2 * MIB, mode: "S", a0: 0, a2: 0, firmware: "builtin" });
    expect(plan.loads.find((load) => load.pa === plan.entryPa)?.bytes.length).toBe(kernel.length);
    expectApart(plan, request.ramBytes);
  });

  it("puts the device tree high, and the initrd page-aligned below it", () => {
    const start = number64(findProperty(chosenOf(plan), "linux,initrd-start"));
    expect(plan.a1 % 8).toBe(0);
    expect(plan.a1).toBeGreaterThan(RAM_BASE + 60 * MIB);
    expect(start % 4096).toBe(0);
    expect(plan.loads.find((load) => load.pa === start)?.bytes.length).toBe(initrd.length);
    expect(number64(findProperty(chosenOf(plan), "linux,initrd-end")) - start).toBe(initrd.length);
  });

  it("keeps the device tree in the low part of a large RAM", () => {
    const large = planBoot({ ...request, kernel, initrd, ramBytes: 3072 * MIB });
    expect(large.a1).toBeLessThan(0xc0000000);
    expect(large.a1).toBeGreaterThan(0xbff00000);
  });

  it("says how much memory is needed", () => {
    const small = (ramBytes: number) => () => planBoot({ ...request, kernel, initrd, ramBytes });
    expect(small(2 * MIB)).toThrow("the kernel does not fit in 2 MiB of memory: give at least 10 MiB");
    expect(small(12 * MIB)).toThrow("the initrd does not fit in 12 MiB of memory: give at least 16 MiB");
    expect(() => small(16 * MIB)()).not.toThrow();
    expect(() => planBoot({ ...request, kernel, ramBytes: 10 * MIB })).toThrow(
      "the device tree does not fit in 10 MiB of memory: give at least 11 MiB",
    );
  });
});

describe("booting ELF files", () => {
  const code = { physical: BigInt(RAM_BASE), bytes: new Uint8Array(256), memoryBytes: 0x2000 };

  it("enters a bare-metal program in M-mode", () => {
    const file = makeElf({
      entry: BigInt(RAM_BASE + 4),
      segments: [code],
      symbols: { tohost: BigInt(RAM_BASE + 0x1000), fromhost: BigInt(RAM_BASE + 0x1040) },
    });
    const plan = planBoot({ ...request, kernel: file });
    expect(plan).toMatchObject({
      entryPa: RAM_BASE + 4,
      mode: "M",
      a0: 0,
      firmware: "none",
      tohostPa: RAM_BASE + 0x1000,
      fromhostPa: RAM_BASE + 0x1040,
    });
    expect(planBoot({ ...request, bios: file })).toMatchObject({ entryPa: RAM_BASE + 4, mode: "M", tohostPa: RAM_BASE + 0x1000 });
  });

  it("gives no tohost that is outside of the program", () => {
    const plan = planBoot({ ...request, kernel: makeElf({ segments: [code], symbols: { tohost: BigInt(RAM_BASE + 0x1ffc) } }) });
    expect(plan).not.toHaveProperty("tohostPa");
  });

  it("enters an ELF kernel above the firmware's place in S-mode", () => {
    const high = { ...code, physical: BigInt(RAM_BASE + 2 * MIB) };
    expect(planBoot({ ...request, kernel: makeElf({ segments: [high] }) })).toMatchObject({
      entryPa: RAM_BASE + 2 * MIB,
      mode: "S",
      firmware: "builtin",
    });
  });

  it("moves a kernel linked for virtual addresses", () => {
    const linked = { ...code, physical: 0n, virtual: 0xffffffff80000000n };
    const plan = planBoot({ ...request, kernel: makeElf({ entry: 0xffffffff80000040n, segments: [linked] }) });
    expect(plan).toMatchObject({ entryPa: RAM_BASE + 2 * MIB + 0x40, mode: "S" });
  });

  it("moves position-independent firmware to the start of RAM", () => {
    const plan = planBoot({ ...request, kernel, bios: makeElf({ type: 3, entry: 0x10n, segments: [{ ...code, physical: 0n }] }) });
    expect(plan).toMatchObject({ entryPa: RAM_BASE + 0x10, mode: "M", firmware: "opensbi" });
  });

  it.each<[string, Parameters<typeof makeElf>[0], RegExp]>([
    ["an address below RAM", { segments: [{ ...code, physical: 0x1000n }] }, /RAM begins at 0x80000000/],
    ["an address above RAM", { segments: [{ ...code, physical: 0x90000000n }] }, /give at least 257 MiB/],
    ["an address far above RAM", { segments: [{ ...code, physical: 2n ** 62n }] }, /RAM begins/],
    ["an entry outside", { entry: 0x80002000n, segments: [code] }, /entry/],
  ])("refuses %s", (_, sample, message) => {
    expect(() => planBoot({ ...request, kernel: makeElf(sample) })).toThrow(WardianError);
    expect(() => planBoot({ ...request, kernel: makeElf(sample) })).toThrow(message);
  });
});

describe("booting through a bios", () => {
  it("tells fw_dynamic what is next", () => {
    const plan = planBoot({ ...request, kernel, bios: new Uint8Array(1000) });
    expect(plan).toMatchObject({ entryPa: RAM_BASE, mode: "M", firmware: "opensbi" });
    const info = plan.loads.find((load) => load.pa === plan.a2)?.bytes as Uint8Array;
    const view = new DataView(info.buffer);
    expect([0, 8, 16, 24, 32, 40].map((offset) => view.getBigUint64(offset, true))).toEqual([
      0x4942534fn,
      2n,
      BigInt(RAM_BASE + 2 * MIB),
      1n,
      0n,
      0n,
    ]);
    expectApart(plan, request.ramBytes);
  });

  it("refuses a bios that reaches into the kernel", () => {
    expect(() => planBoot({ ...request, kernel, bios: new Uint8Array(2 * MIB + 1) })).toThrow(
      "the kernel at 0x80200000 would overlap the bios at 0x80000000..0x80200001",
    );
  });

  it.skipIf(!existsSync(firmwareElf))("takes Debian's OpenSBI (skipped without it)", () => {
    const plan = planBoot({ ...request, kernel, bios: readFileSync(firmwareElf) });
    expect(plan).toMatchObject({ entryPa: RAM_BASE, mode: "M" });
    expectApart(plan, request.ramBytes);
  });
});

describe("a device tree of the user's own", () => {
  const dtb = buildDeviceTree({ ...board, ramBytes: 64 * MIB, cmdline: "theirs", firmware: "none" });

  it("is completed", () => {
    const chosen = chosenOf(planBoot({ ...request, kernel, dtb, initrd: new Uint8Array(10) }));
    expect(findProperty(chosen, "bootargs")).toEqual(new TextEncoder().encode("quiet\0"));
    expect(findProperty(chosen, "linux,initrd-start")).toBeDefined();
  });

  it("keeps its command line where none is given", () => {
    const chosen = chosenOf(planBoot({ ...request, kernel, dtb, cmdline: "" }));
    expect(findProperty(chosen, "bootargs")).toEqual(new TextEncoder().encode("theirs\0"));
  });

  it("is checked", () => {
    expect(() => planBoot({ ...request, kernel, dtb: dtb.slice(0, 100) })).toThrow(WardianError);
  });
});

describe("bad requests", () => {
  it.each<[string, Partial<BootRequest>]>([
    ["nothing", {}],
    ["an empty kernel", { kernel: new Uint8Array(0) }],
    ["an empty bios", { bios: new Uint8Array(0) }],
    ["an empty initrd", { kernel, initrd: new Uint8Array(0) }],
  ])("refuses %s", (_, change) => {
    expect(() => planBoot({ ...request, ...change })).toThrow(WardianError);
  });

  it("survives damaged files of every kind", () => {
    const random = seededRandom(4);
    const elf = makeElf({
      segments: [{ physical: BigInt(RAM_BASE), bytes: new Uint8Array(64), memoryBytes: 0x1000 }],
      symbols: { tohost: BigInt(RAM_BASE) },
    });
    const small = makeImage({ fileBytes: 4096, imageSize: MIB });
    const dtb = buildDeviceTree({ ...board, ramBytes: 64 * MIB, cmdline: "", firmware: "none" });
    for (let round = 0; round < 3000; round++) {
      const kinds: Partial<BootRequest>[] = [
        { kernel: mutate(elf, random, 256) },
        { kernel: mutate(small, random, 64) },
        { kernel: small, bios: mutate(elf, random, 256) },
        { kernel: small, dtb: mutate(dtb, random, 256) },
      ];
      try {
        const plan = planBoot({ ...request, ...kinds[round % kinds.length] });
        expectApart(plan, request.ramBytes);
      } catch (error) {
        expect(error).toBeInstanceOf(WardianError);
      }
    }
  });
});
