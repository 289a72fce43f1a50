// What a translated module imports from the machine that it was made by: its memory, and a table of functions ("helpers") that it calls
// by these numbers. They are in a table of their own because importing functions costs V8 a wrapper each, and importing the table of all
// regions a copy of it (Node 20; RATIONALE.md has the figures). Depends on hart, interp, frame and writer.
import { hartAt } from "../hart/state";
import * as float from "../interp/float";
import { i32Const } from "./frame";
import { byte, relocate, RELOCATE_HELPER, text, unsigned } from "./writer";
import { CALL_INDIRECT, F32, F64, FUNCREF, I32, I64, RETURN_CALL_INDIRECT } from "./wasm";

export const HELPER_ENTER: u32 = 0; // these two are of crossing.ts: for enterAt of jumps.ts
export const HELPER_LINK: u32 = 1; // for linkTo
export const HELPER_MULH: u32 = 2; // index.ts exports it as helper2, and so on
export const HELPER_MULHU: u32 = 3;
export const HELPER_MULHSU: u32 = 4;
export const HELPER_FMA_D: u32 = 5;
export const HELPER_FMA_S: u32 = 6;
const HELPERS: u32 = 7;

export const TYPE_REGION: u32 = 0;
export const TYPE_ENTER: u32 = 1;
const TYPE_MUL: u32 = 2;
const TYPE_FMA_D: u32 = 3;
const TYPE_FMA_S: u32 = 4;

/** a * b + c, rounded once to nearest; flags are noted. */
export function fmaD(a: f64, b: f64, c: f64): f64 {
  return reinterpret<f64>(float.fmaD(hartAt(0), reinterpret<u64>(a), reinterpret<u64>(b), reinterpret<u64>(c), 0));
}

export function fmaS(a: f32, b: f32, c: f32): f32 {
  return reinterpret<f32>(float.fmaS(hartAt(0), reinterpret<u32>(a), reinterpret<u32>(b), reinterpret<u32>(c), 0));
}

function type(parameter: u32, count: u32, result: u32): void {
  byte(0x60);
  unsigned(count);
  for (let n: u32 = 0; n < count; n++) byte(parameter);
  unsigned(1);
  byte(result);
}

/** (i64, i32, ...) -> i32 */
function writeCallType(parameters: u32): void {
  byte(0x60);
  unsigned(parameters);
  byte(I64);
  for (let n: u32 = 1; n < parameters; n++) byte(I32);
  unsigned(1);
  byte(I32);
}

/** Of regions and of what enters them. */
export function writeCallTypes(): void {
  writeCallType(4);
  writeCallType(3);
}

/** The type section's content. */
export function writeTypes(): void {
  unsigned(5);
  writeCallTypes();
  type(I64, 2, I64);
  type(F64, 3, F64);
  type(F32, 3, F32);
}

/** The import section's content: the machine's memory, and the table of helpers. */
export function writeImports(): void {
  unsigned(2);
  importMemory();
  importTable("helpers", HELPERS);
}

export function importMemory(): void {
  text("machine");
  text("memory");
  byte(2);
  byte(0);
  unsigned(1);
}

/** A table of the machine's with at least so many places. */
export function importTable(name: string, places: u32): void {
  text("machine");
  text(name);
  byte(1);
  byte(FUNCREF);
  byte(0);
  unsigned(places);
}

/** Ends the function: the helper, one of the first two, runs in its place. */
export function becomeHelper(helper: u32): void {
  relocate(RELOCATE_HELPER + helper);
  i32Const(helper);
  byte(RETURN_CALL_INDIRECT);
  unsigned(TYPE_ENTER);
  unsigned(0);
}

/** Calls a helper; its arguments are on the stack. */
export function callHelper(helper: u32): void {
  if (helper < HELPER_MULH) relocate(RELOCATE_HELPER + helper);
  i32Const(helper);
  byte(CALL_INDIRECT);
  unsigned(helper < HELPER_MULH ? TYPE_ENTER : helper < HELPER_FMA_D ? TYPE_MUL : helper == HELPER_FMA_D ? TYPE_FMA_D : TYPE_FMA_S);
  unsigned(0);
}
