// Emits loads and stores: one look into the TLB's table (hart/context.ts) in place; what it does not know is left to the interpreter,
// which fills it. No call on the way, so that registers stay where they are. Depends on hart, frame and layout.
import { TLB_PTR } from "../layout";
import { TABLE_BYTES } from "../hart/context";
import { Hart } from "../hart/state";
import {
  access, AT, branch, close, ENTRY, get, hart, i32Const, i64Const, open, openWithResult, set, T32, tee, VA, VAL,
} from "./frame"; // prettier-ignore
import { leave } from "./exits";
import { deltaLocal, pageLocal } from "./registers";
import { byte, hintUnlikely } from "./writer";
import * as op from "./wasm";

const HIGH_HALF: i64 = 0xffffffff00000000;

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
 * table and keeps the page and its place in two locals, the others compare their address with the page.
 */
export function accessOff(base: u32, writes: bool, sizeBytes: u32): void {
  const left = load<u8>(TO_COME + base) - 1;
  store<u8>(TO_COME + base, left);
  const bit = (<u32>1) << base;
  if (((writes ? knownWritable : known) & bit) != 0) {
    accessKnown(base, writes, sizeBytes);
    return;
  }
  accessMemory(writes, sizeBytes);
  if (left == 0 || base == 0) return;
  keepPage(base);
  get(AT);
  byte(op.I32_WRAP_I64);
  known |= bit;
  if (writes) knownWritable |= bit;
  else knownWritable &= ~bit;
}

/** Of the address in AT, which is left on the stack: it is taken from there. */
function keepPage(base: u32): void {
  get(VA);
  byte(op.I32_WRAP_I64);
  byte(op.I32_SUB);
  set(deltaLocal(base));
  get(VA);
  i64Const(~0xfff);
  byte(op.I64_AND);
  set(pageLocal(base));
}

function accessKnown(base: u32, writes: bool, sizeBytes: u32): void {
  const keeps = writes || (knownWritable & ((<u32>1) << base)) == 0;
  const log = <i64>ctz(sizeBytes);
  tee(VA);
  get(pageLocal(base));
  byte(op.I64_XOR);
  if (log != 0) {
    i64Const(log); // bits that say "not aligned" go to the top
    byte(op.I64_ROTR);
  }
  i64Const((<i64>0xfff) >> log);
  byte(op.I64_GT_U);
  hintUnlikely();
  if (keeps) open(op.IF);
  else openWithResult(op.I32);
  get(VA);
  accessMemory(writes, sizeBytes);
  if (keeps) {
    keepPage(base);
    close();
  } else {
    byte(op.ELSE);
  }
  get(VA);
  byte(op.I32_WRAP_I64);
  get(deltaLocal(base));
  byte(op.I32_ADD);
  if (!keeps) close();
}

/** From the virtual address on the stack to the i32 address in linear memory; also in AT. */
export function accessMemory(writes: bool, sizeBytes: u32): void {
  tee(VA);
  byte(op.I32_WRAP_I64);
  i32Const(9);
  byte(op.I32_SHR_U);
  i32Const(0x7ffff8);
  byte(op.I32_AND);
  access(op.I64_LOAD, writes ? writeTable : readTable);
  set(ENTRY);
  const hit = open(op.BLOCK);
  const miss = open(op.BLOCK);
  get(ENTRY);
  get(VA);
  byte(op.I64_XOR);
  tee(AT);
  i64Const(HIGH_HALF | (sizeBytes - 1));
  byte(op.I64_AND);
  i64Const(0);
  byte(op.I64_NE);
  hintUnlikely();
  branch(op.BR_IF, miss);
  get(ENTRY);
  byte(op.I64_EQZ);
  hintUnlikely();
  branch(op.BR_IF, miss);
  branch(op.BR, hit);
  close();
  leave();
  close();
  get(AT);
  byte(op.I32_WRAP_I64);
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
  access(loads, 0);
  set(VAL);
  hart();
  get(AT);
  byte(op.I32_WRAP_I64);
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
