// What a machine has counted since power-on, read from its exports, under the catalog's names. May depend on abi, metrics/catalog and module.ts.
import { PAGE_BYTES } from "../../assembly/machine/abi.js";
import type { MachineMetric } from "../metrics/catalog.js";
import type { MachineExports } from "./module.js";

/** Of the catalog's metrics, those that the machine itself counts. */
export type MachineCounts = Readonly<Record<Exclude<MachineMetric, "up_seconds" | "paused_seconds" | `cpu_${string}`>, number>>;

/** `compileSeconds`: what the Linker says. */
export function readCounts(wasm: MachineExports, compileSeconds: number): MachineCounts {
  return {
    instructions: Number(wasm.instructionsRetired()),
    memory_resident_bytes: wasm.residentPageCount() * PAGE_BYTES,
    traps: Number(wasm.trapsTaken()),
    interrupts: Number(wasm.interruptsTaken()),
    tlb_misses: Number(wasm.pageTableWalks()),
    tlb_flushes: Number(wasm.translationFlushes()),
    decoded_instructions: Number(wasm.slotsDecoded()),
    decoded_pages: wasm.keptPageCount(),
    translated_instructions: Number(wasm.instructionsTranslated()),
    translator_entries: Number(wasm.timesEntered()),
    translator_interpreter_exits: Number(wasm.exitsToInterpreter()),
    translator_missing_exits: Number(wasm.exitsWithoutRegion()),
    translator_jump_misses: Number(wasm.jumpMisses()),
    translator_regions: Number(wasm.regionsTranslated()),
    translator_live_regions: wasm.liveRegions(),
    translator_bundles: wasm.bundlesMade(),
    translator_evicted_regions: Number(wasm.regionsEvicted()),
    translator_refused_modules: Number(wasm.modulesRefused()),
    translator_source_instructions: Number(wasm.insnsTranslated()),
    translator_code_bytes: Number(wasm.bytesEmitted()),
    translator_compile_seconds: compileSeconds,
  };
}
