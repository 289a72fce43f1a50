// The kinds of parameters that WASI's calls have: which numbers carry them, what of the guest's memory they name, how a trace shows them.
// May depend on guest-memory.ts.
import type { GuestMemory } from "./guest-memory.js";

type Wasm = "i32" | "i64";
type NumberOf<W extends Wasm> = W extends "i32" ? number : bigint;
/** What a function is given for them. */
export type NumbersOf<W extends readonly Wasm[]> = { [K in keyof W]: NumberOf<W[K]> };

export interface Param<W extends readonly Wasm[] = readonly Wasm[]> {
  readonly name: string;
  readonly wasm: W;
  /** Whether what it names lies in the guest's memory. */
  holds?(memory: GuestMemory, first: number, second: number): boolean;
  show(memory: GuestMemory, first: number | bigint, second: number | bigint): string;
}

export const IOV_BYTES = 8;
/** Some are shown in full. */
const SHOWN_BYTES = 48;

const u32 = (value: number | bigint): number => Number(value) >>> 0;
const plain = (_memory: GuestMemory, value: number | bigint): string => String(value);

/** A number, a set of flags, a descriptor. */
export const int = (name: string): Param<readonly ["i32"]> => ({ name, wasm: ["i32"], show: plain });
export const long = (name: string): Param<readonly ["i64"]> => ({ name, wasm: ["i64"], show: plain });

/** Where a result of fixed size goes. */
export const out = (name: string, sizeBytes: number): Param<readonly ["i32"]> => ({
  name,
  wasm: ["i32"],
  holds: (memory, ptr) => memory.holds(ptr >>> 0, sizeBytes),
  show: () => `&${name}`,
});

/** A pointer whose extent only the call itself knows. */
export const pointer = (name: string): Param<readonly ["i32"]> => ({
  name,
  wasm: ["i32"],
  show: (_memory, ptr) => `0x${u32(ptr).toString(16)}`,
});

/** Pointer and length. */
export const buffer = (name: string): Param<readonly ["i32", "i32"]> => ({
  name,
  wasm: ["i32", "i32"],
  holds: (memory, ptr, len) => memory.holds(ptr >>> 0, len >>> 0),
  show: (_memory, _ptr, len) => `[${u32(len)}]`,
});

export const path = (name: string): Param<readonly ["i32", "i32"]> => ({
  ...buffer(name),
  show: (memory, ptr, len) => showText(memory, u32(ptr), u32(len)),
});

/** An array of iovec or ciovec; a call reads it piece by piece. */
export const iovs = (name: string): Param<readonly ["i32", "i32"]> => ({
  name,
  wasm: ["i32", "i32"],
  holds: (memory, ptr, count) => memory.holds(ptr >>> 0, (count >>> 0) * IOV_BYTES),
  show: (_memory, _ptr, count) => `${name} x ${u32(count)}`,
});

function showText(memory: GuestMemory, ptr: number, len: number): string {
  if (!memory.holds(ptr, len)) return "(out of bounds)";
  const text = Buffer.from(memory.bytes.subarray(ptr, ptr + Math.min(len, SHOWN_BYTES))).toString();
  return JSON.stringify(text) + (len > SHOWN_BYTES ? "..." : "");
}
