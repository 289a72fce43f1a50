// Emits loads and stores: one look into the TLB's table (hart/context.ts) in place; what it does not know is left to the interpreter,
// which fills it. No call on the way, so that registers stay where they are. Depends on hart, frame and layout.
import { TLB_PTR } from "../layout";
import { TABLE_BYTES } from "../hart/context";
import { Hart } from "../hart/state";
import { AT, ENTRY, get, hart, i32Const, i64Const, leaveIf, access, set, T32, tee, VA, VAL } from "./frame";
import { byte } from "./writer";
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

/** From the virtual address on the stack to the i32 address in linear memory; also in AT. */
export function accessMemory(writes: bool, sizeBytes: u32): void {
  tee(VA);
  byte(op.I32_WRAP_I64);
  i32Const(9);
  byte(op.I32_SHR_U);
  i32Const(0x7ffff8);
  byte(op.I32_AND);
  access(op.I64_LOAD, writes ? writeTable : readTable);
  tee(ENTRY);
  get(VA);
  byte(op.I64_XOR);
  tee(AT);
  i64Const(HIGH_HALF | (sizeBytes - 1));
  byte(op.I64_AND);
  i64Const(0);
  byte(op.I64_NE);
  leaveIf();
  get(ENTRY);
  byte(op.I64_EQZ);
  leaveIf();
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
