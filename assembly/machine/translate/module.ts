// A WebAssembly module of one region: its function, and the sections around it. Depends on the rest.
import { join, link } from "../host";
import { bundleMembers, membersPtr } from "./bundles";
import { writeBody } from "./body";
import { entryHw } from "./discover";
import { TYPE_REGION, writeImports, writeTypes } from "./imports";
import { MODULE_PTR } from "./layout";
import { order } from "./order";
import { keepRegion } from "./record";
import { END, UNREACHABLE } from "./wasm";
import {
  beginCode,
  byte,
  endBody,
  fillLength,
  isFull,
  out,
  reserve,
  startWriting,
  swap,
  text,
  unsigned,
  writeHints,
  writeRelocations,
} from "./writer";

const SECTION_CUSTOM: u32 = 0;
export const SECTION_TYPE: u32 = 1;
export const SECTION_IMPORT: u32 = 2;
export const SECTION_FUNCTION: u32 = 3;
export const SECTION_EXPORT: u32 = 7;
export const SECTION_CODE: u32 = 10;

/**
 * V8 puts the code of every module on pages of its own, a table of jumps first. With as many functions in each, all regions would begin at
 * one place of their pages, and drive one another out of a processor's caches; so each has from 0 to 31 empty functions before its own. How many
 * follows from the code alone: V8 compiles once what several machines of a process hand it byte for byte alike.
 */
const FILLER_BITS: u32 = 5;
/** 2 ** 32 divided by the golden ratio: its products' upper bits are spread evenly. */
const SPREAD: u32 = 0x9e3779b9;

/** Writes the module of region `index`, which was discovered last, and says what it is made of; false where it is too large. */
export function writeModule(index: u32): bool {
  const fillers = ((entryHw & 2047) * SPREAD) >>> (32 - FILLER_BITS);
  beginTranslated();
  let length = section(SECTION_FUNCTION);
  unsigned(fillers + 1);
  for (let n: u32 = 0; n <= fillers; n++) unsigned(TYPE_REGION);
  fillLength(length);
  length = section(SECTION_EXPORT);
  unsigned(1);
  text("run");
  byte(0);
  unsigned(fillers);
  fillLength(length);
  const code = out;
  length = section(SECTION_CODE);
  beginCode();
  unsigned(fillers + 1);
  for (let n: u32 = 0; n < fillers; n++) writeFiller();
  order();
  writeBody(fillers);
  endBody(fillers);
  keepRegion(index);
  fillLength(length);
  const hints = out;
  length = section(SECTION_CUSTOM);
  text("metadata.code.branch_hint");
  writeHints();
  fillLength(length);
  length = section(SECTION_CUSTOM);
  text("reloc.CODE");
  writeRelocations();
  fillLength(length);
  swap(code, hints);
  return !isFull;
}

/** A body without locals that traps; nothing calls it, so V8 does not compile it. */
function writeFiller(): void {
  unsigned(3);
  unsigned(0);
  byte(UNREACHABLE);
  byte(END);
}

/** The magic number and the version. */
export function beginModule(): void {
  startWriting();
  fourBytes(0, 0x61, 0x73, 0x6d);
  fourBytes(1, 0, 0, 0);
}

/** A module of translated code begins, with what all of them share: types and imports. */
export function beginTranslated(): void {
  beginModule();
  let length = section(SECTION_TYPE);
  writeTypes();
  fillLength(length);
  length = section(SECTION_IMPORT);
  writeImports();
  fillLength(length);
}

/** Begins a section; gives the place of its length. */
export function section(id: u32): usize {
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

/** Where it stands. */
export function modulePtr(): usize {
  return MODULE_PTR;
}

/** Hands it to the host, for the table's index `index` and under a serial number; gives a LINK_ constant. */
export function linkModule(index: u32, serial: u32): u32 {
  return link(MODULE_PTR, moduleBytes(), index, serial);
}

/** Hands the host the functions that dispatchers.ts wrote, and the members of the bundle that they are for. */
export function linkBundle(): void {
  join(MODULE_PTR, moduleBytes(), membersPtr(), bundleMembers());
}
