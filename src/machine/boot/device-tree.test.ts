// What our board says of itself; dtc, where it is installed, is the second opinion.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import * as abi from "../../../assembly/machine/abi.js";
import { WardianError } from "../../errors.js";
import { buildDeviceTree, type DeviceTreeOptions, describeBoard } from "./device-tree.js";
import { cells, type FdtNode, findChild, findProperty } from "./fdt.js";
import { readFdt } from "./fdt-reader.js";

const options: DeviceTreeOptions = {
  ramBytes: 0x10000000,
  harts: 2,
  cmdline: "console=ttyS0 quiet",
  initrd: { start: 0x8f000000, end: 0x8f123456 },
  isa: ["sstc", "zicsr", "c", "d", "f", "a", "m", "i", "zicboz", "zicbom", "zba"],
  modes: "sv57",
  timebaseHz: abi.TIMEBASE_HZ,
  virtioMmio: true,
  rngSeed: new Uint8Array(32).fill(7),
  firmware: "opensbi",
  consoleTarget: "uart",
};

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

function walk(root: FdtNode, path: string): FdtNode {
  return path.split("/").reduce((node, name) => {
    const child = findChild(node, name);
    if (child === undefined) throw new Error(`no ${name}`);
    return child;
  }, root);
}

describe("the board's device tree", () => {
  const { root } = readFdt(buildDeviceTree(options));

  it("reads back as it was described", () => {
    expect(root).toEqual(describeBoard(options));
  });

  it("names the extensions in canonical order, both ways", () => {
    const cpu = walk(root, "cpus/cpu@0");
    expect(text(findProperty(cpu, "riscv,isa"))).toBe("rv64imafdc_zicbom_zicboz_zicsr_zba_sstc\0");
    expect(text(findProperty(cpu, "riscv,isa-extensions"))).toBe("i\0m\0a\0f\0d\0c\0zicbom\0zicboz\0zicsr\0zba\0sstc\0");
    expect(text(findProperty(cpu, "mmu-type"))).toBe("riscv,sv57\0");
    expect(findProperty(cpu, "riscv,cboz-block-size")).toEqual(cells([abi.CACHE_BLOCK_BYTES]));
  });

  it("gives the kernel its command line and initrd", () => {
    const chosen = walk(root, "chosen");
    expect(text(findProperty(chosen, "bootargs"))).toBe("console=ttyS0 quiet\0");
    expect(text(findProperty(chosen, "stdout-path"))).toBe("/soc/serial@10000000\0");
    expect(findProperty(chosen, "linux,initrd-end")).toEqual(cells([0, 0x8f123456]));
  });

  it("says memory sizes over 4 GiB in two cells", () => {
    const large = describeBoard({ ...options, ramBytes: 0x180000000 });
    expect(findProperty(walk(large, "memory@80000000"), "reg")).toEqual(cells([0, abi.RAM_BASE, 1, 0x80000000]));
  });

  it("connects the PLIC to M and S of each hart, and hides M where the firmware is built in", () => {
    const irqs = (firmware: DeviceTreeOptions["firmware"]) => {
      const plic = walk(describeBoard({ ...options, firmware }), "soc/plic@c000000");
      const view = new DataView((findProperty(plic, "interrupts-extended") as Uint8Array).slice().buffer);
      return [4, 12, 20, 28].map((offset) => view.getUint32(offset));
    };
    expect(irqs("opensbi")).toEqual([11, 9, 11, 9]);
    expect(irqs("builtin")).toEqual([0xffffffff, 9, 0xffffffff, 9]);
  });

  it("has the virtio-mmio slots only when asked", () => {
    const count = (virtioMmio: boolean) =>
      walk(describeBoard({ ...options, virtioMmio }), "soc").children.filter((child) => child.name.startsWith("virtio_mmio@")).length;
    expect([count(true), count(false)]).toEqual([abi.VIRTIO_MMIO_SLOTS, 0]);
  });

  it.each([
    ["no hart", { harts: 0 }],
    ["too many harts", { harts: abi.MAX_HARTS + 1 }],
    ["NUL in the command line", { cmdline: "a\0b" }],
    ["a command line without end", { cmdline: "x".repeat(0x200000) }],
    ["an extension that is no name", { isa: ["i", "Zba; drop"] }],
  ])("refuses %s", (_, change) => {
    expect(() => buildDeviceTree({ ...options, ...change })).toThrow(WardianError);
  });

  const dtc = spawnSync("dtc", ["--version"]).status === 0;
  it.skipIf(!dtc)("is accepted by dtc without a warning (skipped without dtc)", () => {
    for (const firmware of ["builtin", "opensbi"] as const) {
      const run = spawnSync("dtc", ["-I", "dtb", "-O", "dts", "-"], { input: buildDeviceTree({ ...options, firmware }) });
      expect(run.stderr.toString()).toBe("");
      expect(run.status).toBe(0);
    }
  });

  it.skipIf(!dtc)("reads what dtc writes (skipped without dtc)", () => {
    const dts = spawnSync("dtc", ["-I", "dtb", "-O", "dts", "-"], { input: buildDeviceTree(options) }).stdout;
    const dtb = spawnSync("dtc", ["-I", "dts", "-O", "dtb", "-"], { input: dts }).stdout;
    expect(readFdt(dtb).root).toEqual(root);
  });
});
