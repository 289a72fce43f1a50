// How much memory an instance may have: the RAM of a machine, or what a program's memory may grow to. May depend on machine/ and
// machine-instance.ts.
import { parseSize } from "../machine/size.js";
import { parseMemory } from "./machine-instance.js";
import type { InstanceSpec } from "./spec.js";

const WASM_PAGE_BYTES = 65_536;
/** Of a program's memory, for parseSize. */
export const PROGRAM_MEMORY_BOUNDS = { what: "memory size", minBytes: WASM_PAGE_BYTES, maxBytes: 2 ** 32 } as const;

export function parseProgramMemory(memory: string | number): number {
  const bytes = parseSize(String(memory), PROGRAM_MEMORY_BOUNDS);
  return bytes - (bytes % WASM_PAGE_BYTES);
}

/** Throws `bad-size`. */
export function memoryBytesOf({ kind, limits }: Pick<InstanceSpec, "kind" | "limits">): number {
  return kind === "container" ? parseProgramMemory(limits.memory) : parseMemory(limits.memory);
}
