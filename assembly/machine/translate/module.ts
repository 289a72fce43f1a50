// A WebAssembly module of one or more regions: bodies are written first, the sections before them when it is known how many there are.
// The host compiles it and puts function k into the machine's table at the index of the batch's k-th region. Depends on the rest.
import { link } from "../host";
import { BATCH_PTR, MODULE_PTR } from "./layout";
import { writeBody } from "./body";
import { TYPE_REGION, writeImports, writeTypes } from "./imports";
import { byte, fillLength, isFull, out, reserve, startWriting, unsigned } from "./writer";

const HEADER_BYTES: usize = 0x2000;
export const MAX_BATCH: u32 = 64;

const SECTION_TYPE: u32 = 1;
const SECTION_IMPORT: u32 = 2;
const SECTION_FUNCTION: u32 = 3;
const SECTION_EXPORT: u32 = 7;
const SECTION_CODE: u32 = 10;

let batch: u32 = 0;

export function beginModule(): void {
  batch = 0;
  startWriting(MODULE_PTR + HEADER_BYTES);
}

/** Adds the function of the region that was discovered and ordered last. */
export function addFunction(region: u32): void {
  store<u32>(BATCH_PTR + (<usize>batch << 2), region);
  batch++;
  writeBody();
}

export function batchSize(): u32 {
  return batch;
}

/** Bytes of the functions written so far. */
export function bodyBytes(): u32 {
  return <u32>(out - MODULE_PTR - HEADER_BYTES);
}

/** The region of the module's function `k`. */
export function regionOfBatch(k: u32): u32 {
  return load<u32>(BATCH_PTR + (<usize>k << 2));
}

/** Hands the module to the host; false where there was no room for it or the host cannot compile. */
export function endModule(): bool {
  if (isFull) return false;
  const end = out;
  startWriting(MODULE_PTR);
  writeHeader(<u32>(end - MODULE_PTR - HEADER_BYTES));
  const headerBytes = out - MODULE_PTR;
  const start = MODULE_PTR + HEADER_BYTES - headerBytes;
  memory.copy(start, MODULE_PTR, headerBytes);
  return link(start, <u32>(end - start), BATCH_PTR, batch) != 0;
}

function writeHeader(bodies: u32): void {
  byte(0);
  byte(0x61);
  byte(0x73);
  byte(0x6d);
  byte(1);
  byte(0);
  byte(0);
  byte(0);
  let length = section(SECTION_TYPE);
  writeTypes();
  fillLength(length);
  length = section(SECTION_IMPORT);
  writeImports();
  fillLength(length);
  length = section(SECTION_FUNCTION);
  unsigned(batch);
  for (let k: u32 = 0; k < batch; k++) unsigned(TYPE_REGION);
  fillLength(length);
  length = section(SECTION_EXPORT);
  writeExports();
  fillLength(length);
  byte(SECTION_CODE);
  unsigned(bodies + (batch < 0x80 ? 1 : 2));
  unsigned(batch);
}

function section(id: u32): usize {
  byte(id);
  return reserve();
}

/** Function k is exported under its number in two decimal digits. */
function writeExports(): void {
  unsigned(batch);
  for (let k: u32 = 0; k < batch; k++) {
    unsigned(2);
    byte(0x30 + k / 10);
    byte(0x30 + (k % 10));
    byte(0);
    unsigned(k);
  }
}
