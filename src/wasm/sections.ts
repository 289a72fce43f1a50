// A module as a list of sections (WebAssembly core specification, 5.5): what kind of file it is, where each section lies, and
// that they come once and in order. Depends on src/errors.ts only.
import { WardianError } from "../errors.js";
import { checkLimit, MODULE_LIMITS, type ModuleLimits } from "./limits.js";
import { Reader } from "./reader.js";

/** Section numbers; the names are the specification's. */
export const SECTION = {
  custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8, element: 9, code: 10, data: 11,
  dataCount: 12, tag: 13,
} as const; // prettier-ignore

/** The order in which sections must come; a custom section may stand anywhere. */
export const SECTION_ORDER: readonly number[] = [
  SECTION.type, SECTION.import, SECTION.function, SECTION.table, SECTION.memory, SECTION.tag, SECTION.global, SECTION.export,
  SECTION.start, SECTION.element, SECTION.dataCount, SECTION.code, SECTION.data,
]; // prettier-ignore

export interface Section {
  readonly id: number;
  /** Offset of the section's number, of its contents, and of its end. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** First bytes of what people pass by mistake, and what it is. */
const OTHERS: readonly [string, string][] = [
  ["\x7fELF", "a native (ELF) program"],
  ["MZ", "a Windows program"],
  ["#!", "a script"],
  ["\x1f\x8b", "gzip-compressed"],
  ["PK", "a zip archive"],
  ["BC\xc0\xde", "LLVM bitcode"],
  ["!<arch>", "an archive of object files"],
  ["(module", "WebAssembly in text format; turn it into a binary with wat2wasm"],
];

function refuseOther(bytes: Uint8Array): never {
  const head = String.fromCharCode(...bytes.subarray(0, 16)).trimStart();
  const other = OTHERS.find(([magic]) => head.startsWith(magic))?.[1];
  const what = bytes.length === 0 ? "it is empty" : other === undefined ? "it does not begin with \\0asm" : `it is ${other}`;
  throw new WardianError("wasm-not-wasm", `this is not a WebAssembly module: ${what}`);
}

/** Throws unless these bytes begin as a core module, version 1. */
export function checkHeader(bytes: Uint8Array, limits: ModuleLimits = MODULE_LIMITS): void {
  const [a, b, c, d, version = 0, versionHigh = 0, layer = 0, layerHigh = 0] = bytes;
  if (a !== 0 || b !== 0x61 || c !== 0x73 || d !== 0x6d) refuseOther(bytes);
  if (bytes.length < 8) throw new WardianError("wasm-invalid", "not a valid WebAssembly module: it ends within its header");
  if (layer === 1 && layerHigh === 0) {
    const advice = "Wardian runs core modules; build for WASI preview 1 (wasm32-wasip1, also called wasm32-wasi)";
    throw new WardianError("wasm-component", `this is a WebAssembly component (WASI preview 2 or later), not a core module; ${advice}`);
  }
  if (version !== 1 || versionHigh !== 0 || layer !== 0 || layerHigh !== 0) {
    const found = new DataView(bytes.buffer, bytes.byteOffset + 4, 4).getUint32(0, true);
    throw new WardianError("wasm-unsupported", `this is WebAssembly of binary version ${found}; Wardian runs version 1`);
  }
  checkLimit(limits, "moduleBytes", bytes.length);
}

/** The sections of a module, in file order. */
export function readSections(bytes: Uint8Array, limits: ModuleLimits = MODULE_LIMITS): Section[] {
  checkHeader(bytes, limits);
  const reader = new Reader(bytes, 8);
  const sections: Section[] = [];
  let lastRank = -1;
  let customs = 0;
  while (!reader.atEnd) {
    const at = reader.pos;
    const id = reader.u8();
    const body = reader.range(reader.u32());
    if (id === SECTION.custom) checkLimit(limits, "customSections", ++customs);
    else lastRank = checkRank(reader, id, at, lastRank);
    sections.push({ id, at, start: body.pos, end: body.end });
  }
  return sections;
}

function checkRank(reader: Reader, id: number, at: number, lastRank: number): number {
  const rank = SECTION_ORDER.indexOf(id);
  if (rank < 0) reader.fail(`a section of unknown kind ${id}`, at);
  if (rank === lastRank) reader.fail(`a second section of kind ${id}`, at);
  if (rank < lastRank) reader.fail(`a section of kind ${id} that is out of order`, at);
  return rank;
}

/** The name of a custom section; "" if it has none that can be read. */
export function customName(bytes: Uint8Array, section: Section, limits: ModuleLimits = MODULE_LIMITS): string {
  return new Reader(bytes, section.start, section.end).name(limits.nameBytes);
}

/** Calls `entry` once for each entry of a section that is a vector, and checks that nothing is left over. */
export function readVector(reader: Reader, checkCount: (count: number) => void, entry: (index: number) => void): void {
  const count = reader.u32();
  checkCount(count);
  if (count > reader.end - reader.pos) reader.fail(`${count} entries in a section of ${reader.end - reader.pos} bytes`);
  for (let index = 0; index < count; index++) entry(index);
  if (!reader.atEnd) reader.fail("bytes left over at the end of a section");
}
