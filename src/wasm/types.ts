// Types as a module writes them (WebAssembly core specification, 5.3, with multi-value, SIMD, exceptions, typed references, GC,
// threads and memory64): value types, the type section, limits, table, memory and global types. Depends on src/errors.ts only.
import { WardianError } from "../errors.js";
import { checkLimit, type ModuleLimits } from "./limits.js";
import type { Reader } from "./reader.js";

const NUMBER_TYPES: Record<number, string> = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128" };
const HEAP_TYPES: Record<number, string> = {
  0x74: "noexn", 0x73: "nofunc", 0x72: "noextern", 0x71: "none", 0x70: "func", 0x6f: "extern", 0x6e: "any", 0x6d: "eq", 0x6c: "i31",
  0x6b: "struct", 0x6a: "array", 0x69: "exn",
}; // prettier-ignore

/** What the type section has under one index. Only function types have parameters and results. */
export interface TypeEntry {
  readonly kind: "func" | "struct" | "array";
  readonly params: readonly string[];
  readonly results: readonly string[];
}

export interface Limits {
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly shared: boolean;
  readonly is64: boolean;
}

export const typeText = (type: TypeEntry): string =>
  type.kind === "func"
    ? `(${type.params.join(", ")}) -> ${type.results.length === 1 ? type.results[0] : `(${type.results.join(", ")})`}`
    : type.kind;

export function readHeapType(reader: Reader): string {
  const at = reader.pos;
  const value = reader.s33();
  if (value >= 0) return `type ${value}`;
  return HEAP_TYPES[value + 128] ?? reader.fail("an unknown heap type", at);
}

export function readValueType(reader: Reader): string {
  const at = reader.pos;
  const byte = reader.u8();
  const number = NUMBER_TYPES[byte];
  if (number !== undefined) return number;
  if (byte === 0x64) return `(ref ${readHeapType(reader)})`;
  if (byte === 0x63) return `(ref null ${readHeapType(reader)})`;
  const heap = HEAP_TYPES[byte];
  return heap === undefined ? reader.fail("an unknown value type", at) : `${heap}ref`;
}

function readResultType(reader: Reader, limits: ModuleLimits): string[] {
  const count = reader.u32();
  checkLimit(limits, "parameters", count);
  const types: string[] = [];
  for (let index = 0; index < count; index++) types.push(readValueType(reader));
  return types;
}

function readField(reader: Reader): void {
  const byte = reader.bytes[reader.pos];
  if (byte === 0x78 || byte === 0x77) reader.u8();
  else readValueType(reader);
  if (reader.u8() > 1) reader.fail("a field that is neither constant nor variable", reader.pos - 1);
}

function readCompositeType(reader: Reader, limits: ModuleLimits): TypeEntry {
  const form = reader.u8();
  if (form === 0x60) return { kind: "func", params: readResultType(reader, limits), results: readResultType(reader, limits) };
  if (form === 0x5e) {
    readField(reader);
    return { kind: "array", params: [], results: [] };
  }
  if (form !== 0x5f) reader.fail(`a type of unknown form 0x${form.toString(16)}`, reader.pos - 1);
  const count = reader.u32();
  checkLimit(limits, "parameters", count);
  for (let index = 0; index < count; index++) readField(reader);
  return { kind: "struct", params: [], results: [] };
}

function readSubType(reader: Reader, limits: ModuleLimits): TypeEntry {
  const form = reader.bytes[reader.pos];
  if (form === 0x50 || form === 0x4f) {
    reader.u8();
    const supers = reader.u32();
    if (supers > 1) reader.fail("a type with more than one supertype");
    if (supers === 1) reader.u32();
  }
  return readCompositeType(reader, limits);
}

/** Reads one entry of the type section, a single type or a recursion group, and appends it to `types`. */
export function readTypes(reader: Reader, limits: ModuleLimits, types: TypeEntry[]): void {
  let count = 1;
  if (reader.bytes[reader.pos] === 0x4e) {
    reader.u8();
    count = reader.u32();
  }
  checkLimit(limits, "types", types.length + count);
  let parameters = 0;
  for (let index = 0; index < count; index++) {
    const type = readSubType(reader, limits);
    types.push(type);
    parameters += type.params.length + type.results.length;
    checkLimit(limits, "allParameters", parameters);
  }
}

/** Limits of a memory or table (5.3.7): flag 1 has a maximum, 2 shared, 4 addresses of 64 bits. */
export function readLimits(reader: Reader): Limits {
  const flags = reader.u8();
  if (flags & 8)
    throw new WardianError("wasm-unsupported", "the WebAssembly module uses custom page sizes, which Wardian does not support");
  if (flags > 7) reader.fail("unknown flags of a memory or table", reader.pos - 1);
  const is64 = (flags & 4) !== 0;
  const read = (): bigint => (is64 ? reader.u64() : BigInt(reader.u32()));
  const min = read();
  const max = flags & 1 ? read() : undefined;
  if (max !== undefined && max < min) reader.fail("a memory or table whose maximum is below its minimum");
  if (max === undefined && flags & 2) reader.fail("a shared memory without a maximum");
  return { min, max, shared: (flags & 2) !== 0, is64 };
}
