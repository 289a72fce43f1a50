// Emits loads and stores: one look into the TLB's table (hart/context.ts) in place; what it does not know is left to the interpreter,
// which fills it. No call on the way, so that registers stay where they are. Depends on hart, frame and layout.
import { TLB_PTR } from "../layout";
import { TABLE_BYTES } from "../hart/context";
import { Hart } from "../hart/state";
import { ENTRY_DELTA, ENTRY_LOG, INDEX_MASK, PAGE_MASK } from "../hart/tables";
import {
  access, AT, close, get, hart, i32Const, i64Const, open, openWithResult, PLACE, set, T32, tee, VA, VAL,
} from "./frame"; // prettier-ignore
import { leaveIf } from "./exits";
import { deltaLocal, tagLocal } from "./registers";
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

/** How many accesses off each register are still to come in the block: u8 each. */
const TO_COME: usize = memory.data(32);
/** Nothing is kept for x0. */
const NO_BASE: u32 = 0;
/** Registers whose page is known in this block, by the table for loads and by that for stores. */
let known: u32 = 0;
let knownWritable: u32 = 0;

/** A block begins: nothing is known of any register. */
export function forgetPages(): void {
  known = 0;
  knownWritable = 0;
  memory.fill(TO_COME, 0, 32);
}

/** The block that begins has an access off register `r`. */
export function announceAccess(r: u32): void {
  store<u8>(TO_COME + r, load<u8>(TO_COME + r) + 1);
}

/**
 * As accessMemory, for an access off register `base`. Several off one register mostly fall on one page: the first of a block looks at the
 * table and keeps what it found in two locals, the others compare their address with that.
 */
export function accessOff(base: u32, writes: bool, sizeBytes: u32): void {
  const left = load<u8>(TO_COME + base) - 1;
  store<u8>(TO_COME + base, left);
  const bit = (<u32>1) << base;
  if (((writes ? knownWritable : known) & bit) != 0) {
    accessKnown(base, writes, sizeBytes);
    return;
  }
  if (left == 0 || base == NO_BASE) {
    accessMemory(writes, sizeBytes);
    return;
  }
  accessAnew(writes, sizeBytes, base);
  known |= bit;
  if (writes) knownWritable |= bit;
  else knownWritable &= ~bit;
}

function accessKnown(base: u32, writes: bool, sizeBytes: u32): void {
  const keeps = writes || (knownWritable & ((<u32>1) << base)) == 0;
  set(VA);
  pageOf(sizeBytes);
  get(tagLocal(base));
  byte(op.I64_NE);
  hintUnlikely();
  if (keeps) {
    open(op.IF);
    find(writes, sizeBytes, base);
    delta(writes);
    set(deltaLocal(base));
    close();
    get(deltaLocal(base));
  } else {
    openWithResult(op.I32);
    find(writes, sizeBytes, NO_BASE);
    delta(writes);
    byte(op.ELSE);
    get(deltaLocal(base));
    close();
  }
  get(VA);
  byte(op.I32_WRAP_I64);
  byte(op.I32_ADD);
}

/** From the virtual address on the stack to the i32 address in linear memory. */
export function accessMemory(writes: bool, sizeBytes: u32): void {
  accessAnew(writes, sizeBytes, NO_BASE);
}

/** The same; what is found is kept for register `base`. */
function accessAnew(writes: bool, sizeBytes: u32, base: u32): void {
  set(VA);
  find(writes, sizeBytes, base);
  get(VA);
  byte(op.I32_WRAP_I64);
  delta(writes);
  if (base != NO_BASE) tee(deltaLocal(base));
  byte(op.I32_ADD);
}

/** What VA is compared with a tag by. */
function pageOf(sizeBytes: u32): void {
  get(VA);
  i64Const(PAGE_MASK | (sizeBytes - 1));
  byte(op.I64_AND);
}

/** Says in PLACE where the table has the entry of VA's page, whose tag is kept for register `base`; leaves the region where that is another page. */
function find(writes: bool, sizeBytes: u32, base: u32): void {
  pageOf(sizeBytes);
  get(VA);
  byte(op.I32_WRAP_I64);
  i32Const(12 - ENTRY_LOG);
  byte(op.I32_SHR_U);
  i32Const(INDEX_MASK << ENTRY_LOG);
  byte(op.I32_AND);
  tee(PLACE);
  access(op.I64_LOAD, writes ? writeTable : readTable);
  if (base != NO_BASE) tee(tagLocal(base));
  byte(op.I64_NE);
  leaveIf();
}

/** Puts the delta of the entry at PLACE on the stack. */
function delta(writes: bool): void {
  get(PLACE);
  access(op.I32_LOAD, (writes ? writeTable : readTable) + ENTRY_DELTA);
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
