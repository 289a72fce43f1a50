// A flattened device tree as plain values: nodes, properties, and the encodings of property values.
// fdt-writer.ts and fdt-reader.ts turn it into bytes and back. Devicetree Specification v0.4, chapters 2 and 5.
// Depends on nothing.

/** A property's value is bytes, big-endian: make them with the functions below. */
export interface FdtProperty {
  name: string;
  value: Uint8Array;
}

export interface FdtNode {
  /** With its unit address: "serial@10000000"; "" for the root. */
  name: string;
  properties: FdtProperty[];
  children: FdtNode[];
}

export interface FdtReservation {
  address: bigint;
  sizeBytes: bigint;
}

export interface Fdt {
  root: FdtNode;
  reservations: FdtReservation[];
  bootCpu: number;
}

// The header: ten 32-bit big-endian words (section 5.2).
//   0 magic  4 totalsize  8 off_dt_struct  12 off_dt_strings  16 off_mem_rsvmap  20 version
//   24 last_comp_version  28 boot_cpuid_phys  32 size_dt_strings  36 size_dt_struct
export const FDT_MAGIC = 0xd00dfeed;
export const FDT_HEADER_BYTES = 40;
export const FDT_VERSION = 17;
export const FDT_LAST_COMPATIBLE_VERSION = 16;
export const FDT_BEGIN_NODE = 1;
export const FDT_END_NODE = 2;
export const FDT_PROP = 3;
export const FDT_NOP = 4;
export const FDT_END = 9;
/** The most that Linux maps of a device tree on RISC-V (one PMD), and so the most that we read or write. */
export const FDT_MAX_BYTES = 0x200000;
export const FDT_MAX_DEPTH = 32;

const UTF8 = new TextEncoder();

export type PropertyValue = Uint8Array | string | string[] | number;

/** A property: each string ends in NUL, a number is one cell, bytes are taken as they are. */
export function property(name: string, value: PropertyValue): FdtProperty {
  if (value instanceof Uint8Array) return { name, value };
  if (typeof value === "number") return { name, value: cells([value]) };
  return { name, value: strings(typeof value === "string" ? [value] : value) };
}

/** A property whose presence alone means "yes". */
export function flag(name: string): FdtProperty {
  return { name, value: new Uint8Array(0) };
}

export function node(name: string, properties: FdtProperty[], children: FdtNode[] = []): FdtNode {
  return { name, properties, children };
}

/** 32-bit cells. */
export function cells(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value >>> 0));
  return bytes;
}

/** Each number as two cells, high word first: a `reg` under #address-cells = #size-cells = 2. */
export function wideCells(values: readonly number[]): Uint8Array {
  return cells(values.flatMap(splitCells));
}

/** The high and the low cell of a number below 2^53. */
export function splitCells(value: number): [number, number] {
  return [Math.floor(value / 0x100000000), value % 0x100000000];
}

export function strings(values: readonly string[]): Uint8Array {
  return UTF8.encode(values.map((value) => `${value}\0`).join(""));
}

/** The child of that exact name. */
export function findChild(parent: FdtNode, name: string): FdtNode | undefined {
  return parent.children.find((child) => child.name === name);
}

export function findProperty(owner: FdtNode, name: string): Uint8Array | undefined {
  return owner.properties.find((candidate) => candidate.name === name)?.value;
}

/** Replaces or adds a property. */
export function setProperty(owner: FdtNode, wanted: FdtProperty): void {
  const index = owner.properties.findIndex((candidate) => candidate.name === wanted.name);
  if (index < 0) owner.properties.push(wanted);
  else owner.properties[index] = wanted;
}
