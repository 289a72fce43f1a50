// The device tree of our board, in the shape that QEMU's `virt` board gives, so that kernels and firmware made for that
// one find their way. Every address and interrupt number comes from assembly/machine/abi.ts.
// May depend on abi, errors, isa-string.ts and fdt*.ts. Bindings: the Linux kernel's Documentation/devicetree/bindings.
import * as abi from "../../../assembly/machine/abi.js";
import { WardianError } from "../../errors.js";
import { cells, type FdtNode, flag, node, property, splitCells, wideCells } from "./fdt.js";
import { writeFdt } from "./fdt-writer.js";
import { isaString, orderExtensions } from "./isa-string.js";

/** What M-mode software there is. Without any of the guest's own, the M-mode interrupt contexts are marked as taken. */
export type Firmware = "builtin" | "opensbi" | "none";

export interface DeviceTreeOptions {
  ramBytes: number;
  harts: number;
  cmdline: string;
  /** Physical addresses; `end` is the first byte after it. */
  initrd?: { start: number; end: number };
  /** Extension names, lower case: ["i", "m", ..., "zba", "sstc"]. */
  isa: readonly string[];
  modes: "sv39" | "sv48" | "sv57";
  timebaseHz: number;
  virtioMmio: boolean;
  rngSeed: Uint8Array;
  firmware: Firmware;
  /** The console of a kernel that was told none: the UART, or "none" where the command line names one. */
  consoleTarget: "uart" | "none";
}

// Interrupt numbers at a hart's own controller: the mcause codes.
const IRQ_M_SOFTWARE = 3;
const IRQ_M_TIMER = 7;
const IRQ_S_EXTERNAL = 9;
const IRQ_M_EXTERNAL = 11;
const IRQ_NOT_CONNECTED = 0xffffffff;

const PHANDLE_PLIC = 1;
const PHANDLE_FINISHER = 2;
const PHANDLE_HARTS = 16; // then two a hart: cpu, interrupt controller

const FINISHER_POWEROFF = 0x5555;
const FINISHER_RESET = 0x7777;

// phys.hi of a PCI address: bits 25-24 name the space, bits 15-11 the device (IEEE 1275 PCI binding).
const PCI_SPACE_MEMORY_32 = 0x02000000;
const PCI_DEVICE_SHIFT = 11;
const PCI_ECAM_BYTES_PER_BUS = 0x100000;
const PCI_INTX_PINS = 4;

/** The blob. Throws `bad-device-tree` for options that no tree can say. */
export function buildDeviceTree(options: DeviceTreeOptions): Uint8Array {
  return writeFdt({ root: describeBoard(options), reservations: [], bootCpu: 0 });
}

/** The same as a tree. */
export function describeBoard(options: DeviceTreeOptions): FdtNode {
  const { harts, cmdline } = options;
  if (!Number.isInteger(harts) || harts < 1 || harts > abi.MAX_HARTS) {
    throw new WardianError("bad-device-tree", `${harts} harts are asked for; from 1 to ${abi.MAX_HARTS} are possible`);
  }
  if (cmdline.includes("\0")) throw new WardianError("bad-device-tree", "the kernel command line contains a NUL character");
  return node(
    "",
    [
      property("#address-cells", 2),
      property("#size-cells", 2),
      property("compatible", "riscv-virtio"),
      property("model", "riscv-virtio,wardian"),
    ],
    [chosen(options), memory(options), cpus(options), soc(options), poweroff(), reboot()],
  );
}

function chosen(options: DeviceTreeOptions): FdtNode {
  const { initrd, rngSeed, cmdline, consoleTarget } = options;
  const properties = [property("bootargs", cmdline)];
  if (consoleTarget === "uart") properties.push(property("stdout-path", `/soc/${uartName()}`));
  if (initrd !== undefined) {
    properties.push(property("linux,initrd-start", wideCells([initrd.start])), property("linux,initrd-end", wideCells([initrd.end])));
  }
  if (rngSeed.length > 0) properties.push(property("rng-seed", rngSeed));
  return node("chosen", properties);
}

function memory(options: DeviceTreeOptions): FdtNode {
  return node(at("memory", abi.RAM_BASE), [
    property("device_type", "memory"),
    property("reg", wideCells([abi.RAM_BASE, options.ramBytes])),
  ]);
}

// -------------------------------------------------------------------------------------------------------------- harts

function cpus(options: DeviceTreeOptions): FdtNode {
  const harts = hartNumbers(options);
  const cores = harts.map((hart) => node(`core${hart}`, [property("cpu", cpuPhandle(hart))]));
  return node(
    "cpus",
    [property("#address-cells", 1), property("#size-cells", 0), property("timebase-frequency", options.timebaseHz)],
    [...harts.map((hart) => cpu(hart, options)), node("cpu-map", [], [node("cluster0", [], cores)])],
  );
}

function cpu(hart: number, options: DeviceTreeOptions): FdtNode {
  const extensions = orderExtensions(options.isa);
  const properties = [
    property("device_type", "cpu"),
    property("reg", hart),
    property("status", "okay"),
    property("compatible", "riscv"),
    property("phandle", cpuPhandle(hart)),
    property("riscv,isa", isaString(extensions)),
    property("riscv,isa-base", "rv64i"),
    property("riscv,isa-extensions", extensions),
    property("mmu-type", `riscv,${options.modes}`),
  ];
  for (const [extension, name] of [
    ["zicbom", "riscv,cbom-block-size"],
    ["zicboz", "riscv,cboz-block-size"],
  ] as const) {
    if (extensions.includes(extension)) properties.push(property(name, abi.CACHE_BLOCK_BYTES));
  }
  const controller = node("interrupt-controller", [
    property("#interrupt-cells", 1),
    property("#address-cells", 0),
    flag("interrupt-controller"),
    property("compatible", "riscv,cpu-intc"),
    property("phandle", controllerPhandle(hart)),
  ]);
  return node(`cpu@${hart.toString(16)}`, properties, [controller]);
}

function hartNumbers(options: DeviceTreeOptions): number[] {
  return Array.from({ length: options.harts }, (_, hart) => hart);
}

function cpuPhandle(hart: number): number {
  return PHANDLE_HARTS + hart * 2;
}

function controllerPhandle(hart: number): number {
  return cpuPhandle(hart) + 1;
}

/** `interrupts-extended`: for each hart in turn, each of `irqs` at its controller. */
function hartInterrupts(options: DeviceTreeOptions, irqs: readonly number[]): Uint8Array {
  return cells(hartNumbers(options).flatMap((hart) => irqs.flatMap((irq) => [controllerPhandle(hart), irq])));
}

// ------------------------------------------------------------------------------------------------------------ devices

function soc(options: DeviceTreeOptions): FdtNode {
  const slots = options.virtioMmio ? Array.from({ length: abi.VIRTIO_MMIO_SLOTS }, (_, slot) => virtioMmio(slot)) : [];
  return node(
    "soc",
    [property("#address-cells", 2), property("#size-cells", 2), property("compatible", "simple-bus"), flag("ranges")],
    [finisher(), rtc(), clint(options), plic(options), uart(), ...slots, pci()],
  );
}

function finisher(): FdtNode {
  return node(at("test", abi.FINISHER_BASE), [
    property("compatible", ["sifive,test1", "sifive,test0", "syscon"]),
    property("reg", wideCells([abi.FINISHER_BASE, abi.FINISHER_SIZE])),
    property("phandle", PHANDLE_FINISHER),
  ]);
}

function poweroff(): FdtNode {
  return node("poweroff", syscon("syscon-poweroff", FINISHER_POWEROFF));
}

function reboot(): FdtNode {
  return node("reboot", syscon("syscon-reboot", FINISHER_RESET));
}

function syscon(compatible: string, value: number) {
  return [property("compatible", compatible), property("regmap", PHANDLE_FINISHER), property("offset", 0), property("value", value)];
}

function rtc(): FdtNode {
  return node(at("rtc", abi.RTC_BASE), [
    property("compatible", "google,goldfish-rtc"),
    property("reg", wideCells([abi.RTC_BASE, abi.RTC_SIZE])),
    ...plicInterrupt(abi.RTC_IRQ),
  ]);
}

function clint(options: DeviceTreeOptions): FdtNode {
  return node(at("clint", abi.CLINT_BASE), [
    property("compatible", ["sifive,clint0", "riscv,clint0"]),
    property("reg", wideCells([abi.CLINT_BASE, abi.CLINT_SIZE])),
    property("interrupts-extended", hartInterrupts(options, [IRQ_M_SOFTWARE, IRQ_M_TIMER])),
  ]);
}

function plic(options: DeviceTreeOptions): FdtNode {
  const machineIrq = options.firmware === "builtin" ? IRQ_NOT_CONNECTED : IRQ_M_EXTERNAL;
  return node(at("plic", abi.PLIC_BASE), [
    property("compatible", ["sifive,plic-1.0.0", "riscv,plic0"]),
    property("reg", wideCells([abi.PLIC_BASE, abi.PLIC_SIZE])),
    property("interrupts-extended", hartInterrupts(options, [machineIrq, IRQ_S_EXTERNAL])),
    property("riscv,ndev", abi.PLIC_SOURCES - 1),
    flag("interrupt-controller"),
    property("#interrupt-cells", 1),
    property("#address-cells", 0),
    property("phandle", PHANDLE_PLIC),
  ]);
}

function uartName(): string {
  return at("serial", abi.UART_BASE);
}

function uart(): FdtNode {
  return node(uartName(), [
    property("compatible", "ns16550a"),
    property("reg", wideCells([abi.UART_BASE, abi.UART_SIZE])),
    property("clock-frequency", abi.UART_CLOCK_HZ),
    ...plicInterrupt(abi.UART_IRQ),
  ]);
}

function virtioMmio(slot: number): FdtNode {
  const base = abi.VIRTIO_MMIO_BASE + slot * abi.VIRTIO_MMIO_STRIDE;
  return node(at("virtio_mmio", base), [
    property("compatible", "virtio,mmio"),
    property("reg", wideCells([base, abi.VIRTIO_MMIO_STRIDE])),
    ...plicInterrupt(abi.VIRTIO_MMIO_IRQ + slot),
  ]);
}

function plicInterrupt(irq: number) {
  return [property("interrupt-parent", PHANDLE_PLIC), property("interrupts", irq)];
}

function pci(): FdtNode {
  const window = splitCells(abi.PCIE_MMIO_BASE);
  return node(at("pci", abi.PCIE_ECAM_BASE), [
    property("compatible", "pci-host-ecam-generic"),
    property("device_type", "pci"),
    property("#address-cells", 3),
    property("#size-cells", 2),
    property("#interrupt-cells", 1),
    property("reg", wideCells([abi.PCIE_ECAM_BASE, abi.PCIE_ECAM_SIZE])),
    property("linux,pci-domain", 0),
    property("bus-range", cells([0, abi.PCIE_ECAM_SIZE / PCI_ECAM_BYTES_PER_BUS - 1])),
    property("ranges", cells([PCI_SPACE_MEMORY_32, ...window, ...window, ...splitCells(abi.PCIE_MMIO_SIZE)])),
    flag("dma-coherent"),
    property("interrupt-map-mask", cells([(PCI_INTX_PINS - 1) << PCI_DEVICE_SHIFT, 0, 0, 7])),
    property("interrupt-map", cells(pciInterruptMap())),
  ]);
}

// The four INTx lines are dealt out in turn from slot to slot, so the low two bits of the slot number are enough.
// Pins count from 1 in the map and from 0 in abi.ts.
function pciInterruptMap(): number[] {
  const map: number[] = [];
  for (let slot = 0; slot < PCI_INTX_PINS; slot++) {
    for (let pin = 0; pin < PCI_INTX_PINS; pin++) {
      const irq = abi.PCIE_IRQ + ((slot + pin) & (PCI_INTX_PINS - 1));
      map.push(slot << PCI_DEVICE_SHIFT, 0, 0, pin + 1, PHANDLE_PLIC, irq);
    }
  }
  return map;
}

function at(name: string, base: number): string {
  return `${name}@${base.toString(16)}`;
}
