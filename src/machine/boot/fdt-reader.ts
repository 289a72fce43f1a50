// Reads a flattened device tree that somebody else made, and believes none of it: blocks inside the file and not over
// each other, tokens in order, names printable and unique, depth bounded. Devicetree Specification v0.4, chapter 5.
// May depend on fdt.ts and errors.
import { WardianError } from "../../errors.js";
import * as fdt from "./fdt.js";

const MAX_NAME_BYTES = 255;
const MAX_RESERVATIONS = 1024;
const NODE_NAME = /^[0-9a-zA-Z,._+@-]+$/;
const PROPERTY_NAME = /^[0-9a-zA-Z,._+?#@/-]+$/;

/** The tree in `bytes`; property values are copies. Throws `bad-device-tree`. */
export function readFdt(bytes: Uint8Array): fdt.Fdt {
  if (bytes.length < fdt.FDT_HEADER_BYTES) fail("it is shorter than a header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== fdt.FDT_MAGIC) fail("it does not begin with the magic number d00dfeed");
  const totalBytes = view.getUint32(4);
  if (totalBytes > bytes.length) fail(`its header says ${totalBytes} bytes, the file has ${bytes.length}: it is cut short`);
  if (totalBytes > fdt.FDT_MAX_BYTES) fail(`it is larger than ${fdt.FDT_MAX_BYTES} bytes, the most that a kernel reads`);
  const version = view.getUint32(20);
  const compatible = view.getUint32(24);
  if (version < fdt.FDT_VERSION || compatible > fdt.FDT_VERSION) fail(`it has version ${version}; version ${fdt.FDT_VERSION} is needed`);

  const structure = blockAt(bytes, totalBytes, view.getUint32(8), view.getUint32(36), 4, "structure");
  const strings = blockAt(bytes, totalBytes, view.getUint32(12), view.getUint32(32), 1, "strings");
  return {
    root: new StructureReader(structure, strings).readRoot(),
    reservations: readReservations(view, view.getUint32(16), totalBytes),
    bootCpu: view.getUint32(28),
  };
}

function blockAt(bytes: Uint8Array, totalBytes: number, offset: number, sizeBytes: number, alignment: number, what: string): Uint8Array {
  if (offset < fdt.FDT_HEADER_BYTES || offset + sizeBytes > totalBytes) fail(`its ${what} block is outside of the file`);
  if (offset % alignment !== 0 || sizeBytes % alignment !== 0) fail(`its ${what} block is not aligned`);
  return bytes.subarray(offset, offset + sizeBytes);
}

function readReservations(view: DataView, start: number, totalBytes: number): fdt.FdtReservation[] {
  if (start % 8 !== 0 || start < fdt.FDT_HEADER_BYTES) fail("its memory reservation block is not aligned");
  const reservations: fdt.FdtReservation[] = [];
  for (let offset = start; offset + 16 <= totalBytes; offset += 16) {
    const address = view.getBigUint64(offset);
    const sizeBytes = view.getBigUint64(offset + 8);
    if (address === 0n && sizeBytes === 0n) return reservations;
    if (reservations.length === MAX_RESERVATIONS) fail(`it has more than ${MAX_RESERVATIONS} memory reservations`);
    reservations.push({ address, sizeBytes });
  }
  return fail("its memory reservation block has no end");
}

interface OpenNode extends fdt.FdtNode {
  propertyNames: Set<string>;
  childNames: Set<string>;
}

class StructureReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array, strings: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#strings = strings;
  }

  // Every turn of the loop consumes at least one word, so it is bounded by the block.
  readRoot(): fdt.FdtNode {
    if (this.#token() !== fdt.FDT_BEGIN_NODE) fail("its structure block does not begin with a node");
    const root = this.#beginNode(undefined);
    const open: OpenNode[] = [root];
    for (let current: OpenNode | undefined = root; current !== undefined; current = open[open.length - 1]) {
      switch (this.#token()) {
        case fdt.FDT_BEGIN_NODE:
          if (open.length > fdt.FDT_MAX_DEPTH) fail(`it is more than ${fdt.FDT_MAX_DEPTH} nodes deep`);
          open.push(this.#beginNode(current));
          break;
        case fdt.FDT_PROP:
          if (current.children.length > 0) fail(`a property follows a child in node ${JSON.stringify(current.name)}`);
          this.#readProperty(current);
          break;
        case fdt.FDT_END_NODE:
          open.pop();
          break;
        default:
          fail("its structure block has an unknown or misplaced token");
      }
    }
    if (this.#token() !== fdt.FDT_END) fail("its structure block does not end where the root node ends");
    return plainNode(root);
  }

  #token(): number {
    for (;;) {
      const token = this.#word();
      if (token !== fdt.FDT_NOP) return token;
    }
  }

  #word(): number {
    if (this.#offset + 4 > this.#bytes.length) fail("its structure block is cut short");
    const word = this.#view.getUint32(this.#offset);
    this.#offset += 4;
    return word;
  }

  #beginNode(parent: OpenNode | undefined): OpenNode {
    const name = readName(this.#bytes, this.#offset);
    this.#advance(name.length + 1);
    if (parent === undefined ? name !== "" : !NODE_NAME.test(name)) fail("a node has a name that is not allowed");
    if (parent?.childNames.has(name)) fail(`node ${JSON.stringify(name)} appears twice`);
    const begun = { name, properties: [], children: [], propertyNames: new Set<string>(), childNames: new Set<string>() };
    parent?.childNames.add(name);
    parent?.children.push(begun);
    return begun;
  }

  #readProperty(owner: OpenNode): void {
    const sizeBytes = this.#word();
    const name = readName(this.#strings, this.#word());
    if (!PROPERTY_NAME.test(name)) fail("a property has a name that is not allowed");
    if (owner.propertyNames.has(name)) fail(`property ${JSON.stringify(name)} appears twice in a node`);
    const start = this.#offset;
    this.#advance(sizeBytes);
    owner.propertyNames.add(name);
    owner.properties.push({ name, value: new Uint8Array(this.#bytes.subarray(start, start + sizeBytes)) });
  }

  #advance(sizeBytes: number): void {
    const next = this.#offset + Math.ceil(sizeBytes / 4) * 4;
    if (next > this.#bytes.length) fail("its structure block is cut short");
    this.#offset = next;
  }
}

/** Without the sets that only served to find duplicates; as deep as FDT_MAX_DEPTH. */
function plainNode(open: fdt.FdtNode): fdt.FdtNode {
  return { name: open.name, properties: open.properties, children: open.children.map(plainNode) };
}

function readName(bytes: Uint8Array, start: number): string {
  if (start >= bytes.length) fail("a name is outside of its block");
  const window = bytes.subarray(start, start + MAX_NAME_BYTES + 1);
  const end = window.indexOf(0);
  if (end < 0) fail(`a name has no end, or more than ${MAX_NAME_BYTES} bytes`);
  let name = "";
  for (const byte of window.subarray(0, end)) name += String.fromCharCode(byte);
  return name;
}

function fail(why: string): never {
  throw new WardianError("bad-device-tree", `the device tree is not usable: ${why}`);
}
