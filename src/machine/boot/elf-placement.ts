// Where the segments of an ELF file go in RAM, and what its entry and symbols are as physical addresses.
// May depend on abi, errors, elf.ts and regions.ts.
import { PAGE_BYTES, RAM_BASE } from "../../../assembly/machine/abi.js";
import { WardianError } from "../../errors.js";
import type { Elf, ElfSegment } from "./elf.js";
import { hex, type Regions } from "./regions.js";

export interface Load {
  pa: number;
  bytes: Uint8Array;
}

export interface PlacedElf {
  entryPa: number;
  loads: Load[];
  tohostPa?: number;
  fromhostPa?: number;
}

const UPPER_HALF = 1n << 63n;
const FAR_AWAY = 1n << 52n; // beyond this an address is not even a physical one

/**
 * Claims the memory of each segment. A file that can run anywhere, or a kernel linked for virtual addresses, is moved so
 * that it begins at `basePa`; any other stays at its physical addresses.
 */
export function placeElf(elf: Elf, what: string, basePa: number, regions: Regions): PlacedElf {
  const bias = biasOf(elf, basePa);
  const loads: Load[] = [];
  for (const segment of elf.segments) {
    const pa = toNumber(segment.physical + bias, what);
    regions.claim(what, pa, segment.memoryBytes);
    if (segment.bytes.length > 0) loads.push({ pa, bytes: segment.bytes });
  }
  const entry = findPhysical(elf.segments, elf.entry, 2);
  if (entry === undefined) throw new WardianError("bad-elf", `${what} is not a usable ELF file: its entry is outside of what it loads`);
  const placed: PlacedElf = { entryPa: toNumber(entry + bias, what), loads };
  for (const [name, key] of [
    ["tohost", "tohostPa"],
    ["fromhost", "fromhostPa"],
  ] as const) {
    const value = elf.symbols.get(name);
    const physical = value === undefined ? undefined : findPhysical(elf.segments, value, 8);
    if (physical !== undefined) placed[key] = toNumber(physical + bias, what);
  }
  return placed;
}

/** Linked for the addresses of a kernel's own mapping, so that the loader chooses where it goes. */
export function isVirtualKernel(elf: Elf): boolean {
  return elf.segments.some((segment) => segment.virtual >= UPPER_HALF);
}

function biasOf(elf: Elf, basePa: number): bigint {
  const lowest = elf.segments[0]?.physical ?? 0n;
  const elsewhere = lowest < BigInt(RAM_BASE) || lowest >= UPPER_HALF;
  if (!elsewhere || !(elf.relocatable || isVirtualKernel(elf))) return 0n;
  return BigInt(basePa) - (lowest - (lowest % BigInt(PAGE_BYTES)));
}

// An entry or a symbol is a virtual address; some linker scripts give a physical one.
function findPhysical(segments: readonly ElfSegment[], address: bigint, sizeBytes: number): bigint | undefined {
  const holds = (start: bigint, segment: ElfSegment) =>
    address >= start && address + BigInt(sizeBytes) <= start + BigInt(segment.memoryBytes);
  const byVirtual = segments.find((segment) => holds(segment.virtual, segment));
  if (byVirtual !== undefined) return byVirtual.physical + (address - byVirtual.virtual);
  return segments.some((segment) => holds(segment.physical, segment)) ? address : undefined;
}

function toNumber(address: bigint, what: string): number {
  if (address < 0n || address >= FAR_AWAY) {
    throw new WardianError(
      "bad-address",
      `${what} wants to be at 0x${address.toString(16)}, but RAM begins at ${hex(RAM_BASE)}: link it for that address`,
    );
  }
  return Number(address);
}
