// What a translated module imports, from the machine that it was made by, and calls by these numbers. Depends on hart, interp, jumps.
import { hartAt } from "../hart/state";
import * as float from "../interp/float";
import { text, unsigned, byte } from "./writer";
import { I32, I64, F32, F64 } from "./wasm";

export const IMPORT_ENTER: u32 = 0; // enterAt of jumps.ts
export const IMPORT_MULH: u32 = 1;
export const IMPORT_MULHU: u32 = 2;
export const IMPORT_MULHSU: u32 = 3;
export const IMPORT_FMA_D: u32 = 4;
export const IMPORT_FMA_S: u32 = 5;
export const IMPORTS: u32 = 6;

export const TYPE_REGION: u32 = 0;
const TYPE_ENTER: u32 = 1;
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

/** The type section's content. */
export function writeTypes(): void {
  unsigned(5);
  writeCallType(4);
  writeCallType(3);
  type(I64, 2, I64);
  type(F64, 3, F64);
  type(F32, 3, F32);
}

function importFunction(name: string, typeIndex: u32): void {
  text("machine");
  text(name);
  byte(0);
  unsigned(typeIndex);
}

/** The import section's content: the machine's memory, and functions of its index.ts by their names there. */
export function writeImports(): void {
  unsigned(IMPORTS + 1);
  text("machine");
  text("memory");
  byte(2);
  byte(0);
  unsigned(1);
  importFunction("enterAt", TYPE_ENTER);
  importFunction("mulh", TYPE_MUL);
  importFunction("mulhu", TYPE_MUL);
  importFunction("mulhsu", TYPE_MUL);
  importFunction("fmaD", TYPE_FMA_D);
  importFunction("fmaS", TYPE_FMA_S);
}
