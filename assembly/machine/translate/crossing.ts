// How translated code goes from one region to another: a small module that looks into the jump cache (jumps.ts) and goes on by tail calls, so
// that a chain of jumps takes no stack. AssemblyScript has no tail calls, hence this; what is not in the cache, and what is counted now
// and then, it leaves to the machine's own functions. Depends on jumps, imports, frame, module and writer.
import { access, close, DEPTH, get, i32Const, i64Const, N, open, PC, tee } from "./frame";
import { HELPER_ENTER, HELPER_LINK, importMemory, importTable, TYPE_ENTER, TYPE_REGION, writeCallTypes } from "./imports";
import {
  ENTRY_HALVES, ENTRY_LOG, ENTRY_REGION, ENTRY_SELECTOR, JUMP_ENTRIES, Jumps, SAMPLE,
} from "./jumps"; // prettier-ignore
import { JUMPS_STATE_PTR } from "./layout";
import { beginModule, moduleBytes, SECTION_CODE, SECTION_EXPORT, SECTION_FUNCTION, SECTION_IMPORT, SECTION_TYPE, section } from "./module";
import { byte, fillLength, reserve, text, unsigned } from "./writer";
import * as op from "./wasm";

/** Of helpers 0 and 1. */
const CROSSINGS: u32 = 2;
/** The machine's functions come first: for helpers 0 and 1, and for helper 0 where it is counted. */
const IMPORTED: u32 = 3;
const JUMP_TO: u32 = 2;
/** A local behind the parameters. */
export const ENTRY: u32 = 3;

/** Writes the module, which is the same for every machine: it imports memory, table, enterAt and what is below, and exports helper0 and helper1. Gives its length. */
export function writeCrossings(): u32 {
  beginModule();
  let length = section(SECTION_TYPE);
  unsigned(2);
  writeCallTypes();
  fillLength(length);
  length = section(SECTION_IMPORT);
  writeCrossingImports();
  fillLength(length);
  length = section(SECTION_FUNCTION);
  unsigned(CROSSINGS);
  for (let n: u32 = 0; n < CROSSINGS; n++) unsigned(TYPE_ENTER);
  fillLength(length);
  length = section(SECTION_EXPORT);
  writeCrossingExports();
  fillLength(length);
  length = section(SECTION_CODE);
  unsigned(CROSSINGS);
  writeCrossing(JUMP_TO, offsetof<Jumps>("jumps"));
  writeCrossing(HELPER_LINK, offsetof<Jumps>("links"));
  fillLength(length);
  return moduleBytes();
}

function writeCrossingImports(): void {
  unsigned(2 + IMPORTED);
  importMemory();
  importTable("table", 1);
  importFunction("enterAt");
  importFunction("linkTo");
  importFunction("jumpTo");
}

function importFunction(name: string): void {
  text("machine");
  text(name);
  byte(0);
  unsigned(TYPE_ENTER);
}

function writeCrossingExports(): void {
  unsigned(CROSSINGS);
  exportFunction("helper0", HELPER_ENTER);
  exportFunction("helper1", HELPER_LINK);
}

function exportFunction(name: string, helper: u32): void {
  text(name);
  byte(0);
  unsigned(IMPORTED + helper);
}

/** The function of a helper. Now and then the machine's function `counted` goes on; the i32 at `counter` of Jumps counts. */
function writeCrossing(counted: u32, counter: usize): void {
  const length = reserve();
  unsigned(1);
  unsigned(1);
  byte(op.I32);
  countDown(counter);
  i32Const(0);
  byte(op.I32_LT_S);
  open(op.IF);
  i32Const(<i32>JUMPS_STATE_PTR);
  i32Const(SAMPLE - 1);
  access(op.I32_STORE, <u32>counter);
  goOn(counted);
  close();
  i32Const(<i32>JUMPS_STATE_PTR);
  access(op.I32_LOAD, <u32>offsetof<Jumps>("cache"));
  openIfKnown();
  becomeRegion();
  close();
  goOn(HELPER_ENTER);
  byte(op.END);
  fillLength(length);
}

/** The new count is left on the stack. */
function countDown(counter: usize): void {
  i32Const(<i32>JUMPS_STATE_PTR);
  i32Const(<i32>JUMPS_STATE_PTR);
  access(op.I32_LOAD, <u32>counter);
  i32Const(1);
  byte(op.I32_SUB);
  tee(ENTRY);
  access(op.I32_STORE, <u32>counter);
  get(ENTRY);
}

/** Opens an `if` for what has budget and stack left, and is in the cache whose address is on the stack: ENTRY says where. */
export function openIfKnown(): void {
  findEntry();
  access(op.I64_LOAD, 0);
  get(PC);
  byte(op.I64_EQ);
  isAboveZero(N);
  byte(op.I32_AND);
  isAboveZero(DEPTH);
  byte(op.I32_AND);
  open(op.IF);
}

/** Where the cache, whose address is on the stack, has PC, if it does: as entryOf() of jumps.ts. It is left on the stack, and in ENTRY. */
function findEntry(): void {
  shifted(1);
  shifted(12);
  byte(op.I32_XOR);
  i32Const(<i32>JUMP_ENTRIES - 1);
  byte(op.I32_AND);
  i32Const(<i32>ENTRY_LOG);
  byte(op.I32_SHL);
  byte(op.I32_ADD);
  tee(ENTRY);
}

function shifted(bits: i32): void {
  get(PC);
  byte(op.I32_WRAP_I64);
  i32Const(bits);
  byte(op.I32_SHR_U);
}

function isAboveZero(local: u32): void {
  get(local);
  i32Const(0);
  byte(op.I32_GT_S);
}

/** The region that ENTRY names runs in this function's place. */
function becomeRegion(): void {
  pushBase();
  get(N);
  get(DEPTH);
  get(ENTRY);
  access(op.I32_LOAD16_U, ENTRY_SELECTOR);
  get(ENTRY);
  access(op.I32_LOAD, ENTRY_REGION);
  byte(op.RETURN_CALL_INDIRECT);
  unsigned(TYPE_REGION);
  unsigned(0);
}

/** The first instruction of the region that ENTRY names. */
export function pushBase(): void {
  get(PC);
  get(ENTRY);
  access(op.I64_LOAD16_S, ENTRY_HALVES);
  i64Const(1);
  byte(op.I64_SHL);
  byte(op.I64_SUB);
}

/** The machine's function runs in this one's place. */
function goOn(imported: u32): void {
  get(PC);
  get(N);
  get(DEPTH);
  byte(op.RETURN_CALL);
  unsigned(imported);
}
