// A WebAssembly module of one region: its function, and the sections around it. Depends on the rest.
import { link } from "../host";
import { writeBody } from "./body";
import { TYPE_REGION, writeImports, writeTypes } from "./imports";
import { MODULE_PTR } from "./layout";
import { byte, fillLength, isFull, out, reserve, startWriting, swap, text, unsigned, writeHints } from "./writer";

const SECTION_CUSTOM: u32 = 0;
const SECTION_TYPE: u32 = 1;
const SECTION_IMPORT: u32 = 2;
const SECTION_FUNCTION: u32 = 3;
const SECTION_EXPORT: u32 = 7;
const SECTION_CODE: u32 = 10;

/** Writes the module of the region that was discovered and ordered last; false where it is too large. */
export function writeModule(): bool {
  startWriting();
  fourBytes(0, 0x61, 0x73, 0x6d);
  fourBytes(1, 0, 0, 0);
  let length = section(SECTION_TYPE);
  writeTypes();
  fillLength(length);
  length = section(SECTION_IMPORT);
  writeImports();
  fillLength(length);
  length = section(SECTION_FUNCTION);
  unsigned(1);
  unsigned(TYPE_REGION);
  fillLength(length);
  length = section(SECTION_EXPORT);
  unsigned(1);
  text("run");
  byte(0);
  unsigned(0);
  fillLength(length);
  const code = out;
  length = section(SECTION_CODE);
  unsigned(1);
  writeBody();
  fillLength(length);
  const hints = out;
  length = section(SECTION_CUSTOM);
  text("metadata.code.branch_hint");
  writeHints();
  fillLength(length);
  swap(code, hints);
  return !isFull;
}

function section(id: u32): usize {
  byte(id);
  return reserve();
}

function fourBytes(a: u32, b: u32, c: u32, d: u32): void {
  byte(a);
  byte(b);
  byte(c);
  byte(d);
}

/** Bytes of the module. */
export function moduleBytes(): u32 {
  return <u32>(out - MODULE_PTR);
}

/** Hands it to the host, for the table's index `index` and under a serial number; gives a LINK_ constant. */
export function linkModule(index: u32, serial: u32): u32 {
  return link(MODULE_PTR, moduleBytes(), index, serial);
}
