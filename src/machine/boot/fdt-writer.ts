// Writes a device tree as a flattened blob of version 17. Devicetree Specification v0.4, chapter 5.
//
//   header (40)  |  memory reservations, ending in a pair of zeros  |  structure block  |  strings block
//
// May depend on fdt.ts and errors.
import { WardianError } from "../../errors.js";
import * as fdt from "./fdt.js";

const UTF8 = new TextEncoder();
const RESERVATION_BYTES = 16;

/** The blob; throws `bad-device-tree` when a name is not writable or the whole is over FDT_MAX_BYTES. */
export function writeFdt(tree: fdt.Fdt): Uint8Array {
  const strings = new StringsBlock();
  const structure = new StructureBlock(strings);
  structure.putNode(tree.root, 0);
  structure.putWord(fdt.FDT_END);

  const reservationsBytes = (tree.reservations.length + 1) * RESERVATION_BYTES;
  const structOffset = fdt.FDT_HEADER_BYTES + reservationsBytes;
  const stringsOffset = structOffset + structure.sizeBytes;
  const totalBytes = align4(stringsOffset + strings.sizeBytes);
  if (totalBytes > fdt.FDT_MAX_BYTES) {
    throw new WardianError(
      "bad-device-tree",
      `the device tree takes ${totalBytes} bytes; a kernel reads at most ${fdt.FDT_MAX_BYTES}: shorten the kernel command line`,
    );
  }

  const bytes = new Uint8Array(totalBytes);
  const header = [
    fdt.FDT_MAGIC,
    totalBytes,
    structOffset,
    stringsOffset,
    fdt.FDT_HEADER_BYTES,
    fdt.FDT_VERSION,
    fdt.FDT_LAST_COMPATIBLE_VERSION,
    tree.bootCpu,
    strings.sizeBytes,
    structure.sizeBytes,
  ];
  bytes.set(fdt.cells(header), 0);
  const view = new DataView(bytes.buffer);
  tree.reservations.forEach((reservation, index) => {
    const offset = fdt.FDT_HEADER_BYTES + index * RESERVATION_BYTES;
    view.setBigUint64(offset, reservation.address);
    view.setBigUint64(offset + 8, reservation.sizeBytes);
  });
  structure.copyTo(bytes, structOffset);
  strings.copyTo(bytes, stringsOffset);
  return bytes;
}

class Block {
  readonly #parts: Uint8Array[] = [];
  sizeBytes = 0;

  put(part: Uint8Array): void {
    this.#parts.push(part);
    this.sizeBytes += part.length;
  }

  copyTo(bytes: Uint8Array, start: number): void {
    let offset = start;
    for (const part of this.#parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
  }
}

class StringsBlock extends Block {
  readonly #offsets = new Map<string, number>();

  /** Offset of `name`, which is stored once. */
  offsetOf(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.sizeBytes;
    this.#offsets.set(name, offset);
    this.put(nameBytes(name));
    return offset;
  }
}

class StructureBlock extends Block {
  readonly #strings: StringsBlock;

  constructor(strings: StringsBlock) {
    super();
    this.#strings = strings;
  }

  putWord(word: number): void {
    this.put(fdt.cells([word]));
  }

  putNode(node: fdt.FdtNode, depth: number): void {
    if (depth > fdt.FDT_MAX_DEPTH)
      throw new WardianError("bad-device-tree", `the device tree is more than ${fdt.FDT_MAX_DEPTH} nodes deep`);
    this.putWord(fdt.FDT_BEGIN_NODE);
    this.#putPadded(nameBytes(node.name));
    for (const property of node.properties) {
      this.put(fdt.cells([fdt.FDT_PROP, property.value.length, this.#strings.offsetOf(property.name)]));
      this.#putPadded(property.value);
    }
    for (const child of node.children) this.putNode(child, depth + 1);
    this.putWord(fdt.FDT_END_NODE);
  }

  #putPadded(bytes: Uint8Array): void {
    this.put(bytes);
    this.put(new Uint8Array(align4(bytes.length) - bytes.length));
  }
}

function nameBytes(name: string): Uint8Array {
  if (name.includes("\0")) throw new WardianError("bad-device-tree", "a name in the device tree contains a NUL character");
  return UTF8.encode(`${name}\0`);
}

function align4(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 4) * 4;
}
