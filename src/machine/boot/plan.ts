// What goes where in RAM before the first instruction, and what the first hart finds in its registers. A pure function:
// files in, a list of loads out. Entry conditions: Linux Documentation/arch/riscv/boot.rst; OpenSBI docs/firmware.
//
//   RAM_BASE                 + 2 MiB                                                             low part's end
//   | firmware (with bios)   | kernel ...          free         | initrd | info for bios | device tree |
//
// May depend on abi, errors and the loaders beside it.
import { PAGE_BYTES, RAM_BASE } from "../../../assembly/machine/abi.js";
import { WardianError } from "../../errors.js";
import { chooseBootArguments } from "./chosen.js";
import { buildDeviceTree, type DeviceTreeOptions, type Firmware } from "./device-tree.js";
import { type Elf, isElf, readElf } from "./elf.js";
import { isVirtualKernel, type Load, type PlacedElf, placeElf } from "./elf-placement.js";
import { buildFirmwareInfo } from "./firmware-info.js";
import { type Decompress, type KernelImage, readKernel } from "./kernel-image.js";
import { HIGH_FLOOR_PA, hex, Regions } from "./regions.js";

export type Board = Omit<DeviceTreeOptions, "ramBytes" | "cmdline" | "initrd" | "firmware">;

export interface BootRequest {
  ramBytes: number;
  /** Any form that readKernel knows, or a bare-metal ELF file. */
  kernel?: Uint8Array;
  /** M-mode firmware, ELF or raw; without it the firmware interface is built in. */
  bios?: Uint8Array;
  initrd?: Uint8Array;
  /** Instead of the board's own; its `chosen` is completed. */
  dtb?: Uint8Array;
  cmdline: string;
  board: Board;
  decompress: Decompress;
}

export interface BootPlan {
  entryPa: number;
  mode: "S" | "M";
  /** Hart id, address of the device tree, address of struct fw_dynamic_info (0 without). */
  a0: number;
  a1: number;
  a2: number;
  firmware: Firmware;
  /** RAM is zero elsewhere. */
  loads: Load[];
  tohostPa?: number;
  fromhostPa?: number;
}

const BOOT_HART = 0;
const PAYLOAD_PA = HIGH_FLOOR_PA;
const FIRMWARE_BYTES = PAYLOAD_PA - RAM_BASE;
/** Firmware adds nodes to the tree in place. */
const DTB_ROOM_BYTES = 64 * 1024;
/** Firmware and kernels that read the tree through 32-bit eyes find it below this. */
const LOW_PART_END = 0xc0000000;

/** Throws a WardianError for files that are not usable, and for RAM that is too small. */
export function planBoot(request: BootRequest): BootPlan {
  const regions = new Regions(request.ramBytes);
  const kernel = request.kernel && readKernel(request.kernel, request.decompress, request.ramBytes);
  if (request.bios !== undefined) return planFirmware(request, request.bios, kernel, regions);
  if (kernel === undefined) throw new WardianError("nothing-to-boot", "there is nothing to boot: give a kernel or a bios");
  if (kernel.kind === "elf") return planElf(request, readElf(kernel.bytes, "the kernel"), regions);
  return planPayload(request, placePayload(kernel, regions), regions);
}

function planFirmware(request: BootRequest, bios: Uint8Array, kernel: KernelImage | undefined, regions: Regions): BootPlan {
  const firmware = placeFirmware(bios, regions);
  const payload = kernel && placePayload(kernel, regions);
  const tail = placeTail(request, "opensbi", regions);
  const info = buildFirmwareInfo({ nextPa: payload?.entryPa ?? 0, bootHart: BOOT_HART });
  const infoPa = regions.claimHigh("the information for the firmware", info.length, [tail.dtbPa]);
  const loads = [...firmware.loads, ...(payload?.loads ?? []), ...tail.loads, { pa: infoPa, bytes: info }];
  // OpenSBI has a `tohost` of its own for boards that lack a UART; only a program that runs alone means it.
  const host = payload === undefined ? hostSymbols(firmware) : {};
  return { entryPa: firmware.entryPa, mode: "M", a0: BOOT_HART, a1: tail.dtbPa, a2: infoPa, firmware: "opensbi", loads, ...host };
}

// An ELF file that takes the firmware's place, or that reports through `tohost`, is a bare-metal program for M-mode; one
// that leaves the firmware's place free is a kernel.
function planElf(request: BootRequest, elf: Elf, regions: Regions): BootPlan {
  const lowest = elf.segments[0]?.physical ?? 0n;
  const bareMetal = !isVirtualKernel(elf) && (elf.relocatable || elf.symbols.has("tohost") || lowest < BigInt(PAYLOAD_PA));
  const placed = placeElf(elf, "the kernel", bareMetal ? RAM_BASE : PAYLOAD_PA, regions);
  if (!bareMetal) return planPayload(request, placed, regions);
  const tail = placeTail(request, "none", regions);
  return {
    entryPa: placed.entryPa,
    mode: "M",
    a0: BOOT_HART,
    a1: tail.dtbPa,
    a2: 0,
    firmware: "none",
    loads: [...placed.loads, ...tail.loads],
    ...hostSymbols(placed),
  };
}

function planPayload(request: BootRequest, payload: PlacedElf, regions: Regions): BootPlan {
  const tail = placeTail(request, "builtin", regions);
  return {
    entryPa: payload.entryPa,
    mode: "S",
    a0: BOOT_HART,
    a1: tail.dtbPa,
    a2: 0,
    firmware: "builtin",
    loads: [...payload.loads, ...tail.loads],
  };
}

function placeFirmware(bios: Uint8Array, regions: Regions): PlacedElf {
  if (bios.length === 0) throw new WardianError("bad-bios", "the bios file is empty");
  if (isElf(bios)) return placeElf(readElf(bios, "the bios"), "the bios", RAM_BASE, regions);
  // A raw file does not say how much memory it takes beyond its end.
  regions.claim("the bios", RAM_BASE, Math.max(bios.length, FIRMWARE_BYTES));
  return { entryPa: RAM_BASE, loads: [{ pa: RAM_BASE, bytes: bios }] };
}

function placePayload(kernel: KernelImage, regions: Regions): PlacedElf {
  if (kernel.kind === "elf") return placeElf(readElf(kernel.bytes, "the kernel"), "the kernel", PAYLOAD_PA, regions);
  const pa = RAM_BASE + kernel.textOffset;
  regions.claim("the kernel", pa, kernel.memoryBytes);
  return { entryPa: pa, loads: [{ pa, bytes: kernel.bytes }] };
}

function hostSymbols(placed: PlacedElf): Pick<PlacedElf, "tohostPa" | "fromhostPa"> {
  return {
    ...(placed.tohostPa === undefined ? {} : { tohostPa: placed.tohostPa }),
    ...(placed.fromhostPa === undefined ? {} : { fromhostPa: placed.fromhostPa }),
  };
}

// The tree holds the initrd's address and lies above it, so its size is measured with one that is not yet true.
function placeTail(request: BootRequest, firmware: Firmware, regions: Regions): { dtbPa: number; loads: Load[] } {
  const { initrd } = request;
  if (initrd?.length === 0) throw new WardianError("bad-initrd", "the initrd file is empty");
  const sizeBytes = makeDtb(request, firmware, initrd && { start: RAM_BASE, end: RAM_BASE + initrd.length }).length;
  const dtbPa = regions.claimHigh("the device tree", sizeBytes + DTB_ROOM_BYTES, [LOW_PART_END, regions.ramEnd]);
  const loads: Load[] = [];
  let range: { start: number; end: number } | undefined;
  if (initrd !== undefined) {
    const pa = regions.claimHigh("the initrd", initrd.length, [dtbPa, regions.ramEnd]);
    range = { start: pa, end: pa + initrd.length };
    loads.push({ pa, bytes: initrd });
  }
  const dtb = makeDtb(request, firmware, range);
  if (dtb.length > sizeBytes + DTB_ROOM_BYTES || dtbPa % PAGE_BYTES !== 0) {
    throw new WardianError("bad-device-tree", `the device tree at ${hex(dtbPa)} has changed its size`);
  }
  return { dtbPa, loads: [...loads, { pa: dtbPa, bytes: dtb }] };
}

function makeDtb(request: BootRequest, firmware: Firmware, initrd: { start: number; end: number } | undefined): Uint8Array {
  const { ramBytes, cmdline, board, dtb } = request;
  const range = initrd === undefined ? {} : { initrd };
  if (dtb !== undefined) return chooseBootArguments(dtb, { cmdline, ...range });
  return buildDeviceTree({ ...board, ramBytes, cmdline, firmware, ...range });
}
