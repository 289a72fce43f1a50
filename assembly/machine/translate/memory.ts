// Emits loads and stores: one look into the TLB's table (hart/context.ts) in place; what it does not know is left to the interpreter,
// which fills it. No call on the way, so that registers stay where they are. Depends on hart, exits, frame, layout and sites.
import { TLB_PTR } from "../layout";
import { PAGE_MASK, TABLE_BYTES } from "../hart/context";
import { Hart } from "../hart/state";
import { ENTRY_DELTA, ENTRY_LOG, INDEX_MASK } from "../hart/tables";
import {
  access, AT, branch, close, get, hart, i32Const, i64Const, NO_LABEL, PLACE, set, T32, tee, VA, VAL,
} from "./frame"; // prettier-ignore
import { hereHalves, leaveIf } from "./exits";
import { fillSite, openIfMissed, pushDelta, takeSite } from "./sites";
import { byte, hintUnlikely } from "./writer";
import * as op from "./wasm";

/** The tables that the region uses: those of its mode. */
let readTable: u32 = 0;
let writeTable: u32 = 0;

/** Chooses the tables of a context (hart/context.ts) of hart 0. */
export function useContext(context: u32): void {
  readTable = <u32>(TLB_PTR + <usize>context * (2 * TABLE_BYTES));
  writeTable = readTable + <u32>TABLE_BYTES;
}

/** From the virtual address on the stack to the i32 address in linear memory; leaves the region where the table does not know the page. */
export function accessMemory(writes: bool, sizeBytes: u32): void {
  set(VA);
  lookUp(writes, sizeBytes, hereHalves, NO_LABEL);
  pushPointer(writes);
}

/**
 * Looks for VA's page in the site of the access that stands `halves` from the region's first instruction, if it is to have one, and else in the
 * table; what that does not know jumps to label `fails`, or leaves the region.
 */
export function lookUp(writes: bool, sizeBytes: u32, halves: i32, fails: u32): void {
  const hasSite = takeSite(writes, halves);
  if (hasSite) {
    pushTag(sizeBytes);
    openIfMissed();
  }
  compareTag(writes, sizeBytes);
  if (fails == NO_LABEL) leaveIf();
  else {
    hintUnlikely();
    branch(op.BR_IF, fails);
  }
  if (!hasSite) return;
  fillSite(writes ? writeTable : readTable);
  close();
}

/** Of VA, what the tag must be. */
function pushTag(sizeBytes: u32): void {
  get(VA);
  i64Const(PAGE_MASK | (sizeBytes - 1));
  byte(op.I64_AND);
}

/** Says in PLACE where the table has the entry of VA's page, and on the stack whether that is another page's, or VA not aligned. */
function compareTag(writes: bool, sizeBytes: u32): void {
  pushTag(sizeBytes);
  get(VA);
  byte(op.I32_WRAP_I64);
  i32Const(12 - ENTRY_LOG);
  byte(op.I32_SHR_U);
  i32Const(INDEX_MASK << ENTRY_LOG);
  byte(op.I32_AND);
  tee(PLACE);
  access(op.I64_LOAD, writes ? writeTable : readTable);
  byte(op.I64_NE);
}

/** Puts the address in linear memory of VA, which was looked up last, on the stack. */
export function pushPointer(writes: bool): void {
  get(VA);
  byte(op.I32_WRAP_I64);
  if (!pushDelta()) {
    get(PLACE);
    access(op.I32_LOAD, (writes ? writeTable : readTable) + ENTRY_DELTA);
  }
  byte(op.I32_ADD);
}

export function loadOpcode<T>(): u32 {
  if (sizeof<T>() == 8) return op.I64_LOAD;
  if (sizeof<T>() == 4) return isSigned<T>() ? op.I64_LOAD32_S : op.I64_LOAD32_U;
  if (sizeof<T>() == 2) return isSigned<T>() ? op.I64_LOAD16_S : op.I64_LOAD16_U;
  return isSigned<T>() ? op.I64_LOAD8_S : op.I64_LOAD8_U;
}

export function storeOpcode<T>(): u32 {
  if (sizeof<T>() == 8) return op.I64_STORE;
  if (sizeof<T>() == 4) return op.I64_STORE32;
  return sizeof<T>() == 2 ? op.I64_STORE16 : op.I64_STORE8;
}

/** lr: notes the place and what it holds; the value is left on the stack. */
export function emitLoadReserved(sizeBytes: u32, loads: u32): void {
  accessMemory(false, sizeBytes);
  tee(AT);
  access(loads, 0);
  set(VAL);
  hart();
  get(AT);
  access(op.I32_STORE, <u32>offsetof<Hart>("reservedPtr"));
  hart();
  get(VAL);
  access(op.I64_STORE, <u32>offsetof<Hart>("reservedValue"));
  get(VAL);
}

/** sc: 0 or 1 is left on the stack. */
export function emitStoreConditional(sizeBytes: u32, loads: u32, stores: u32): void {
  set(VAL);
  accessMemory(true, sizeBytes);
  set(T32);
  hart();
  access(op.I32_LOAD, <u32>offsetof<Hart>("reservedPtr"));
  get(T32);
  byte(op.I32_EQ);
  get(T32);
  access(loads, 0);
  hart();
  access(op.I64_LOAD, <u32>offsetof<Hart>("reservedValue"));
  byte(op.I64_EQ);
  byte(op.I32_AND);
  byte(op.IF);
  byte(op.I64);
  get(T32);
  get(VAL);
  access(stores, 0);
  i64Const(0);
  byte(op.ELSE);
  i64Const(1);
  byte(op.END);
  hart();
  i32Const(0);
  access(op.I32_STORE, <u32>offsetof<Hart>("reservedPtr"));
}
