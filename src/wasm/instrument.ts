// Makes a module count what it executes: fuel. A private global counts down at function entries, loop heads and long stretches of
// code; below zero, a function of the host is called through a table of one element, and gives more or ends the program. All that
// is added stands at the end of its index space, so that no index of the module's own changes. The same module and input use the same
// fuel in each run, whatever the portions in which the host gives it. Depends on src/errors.ts only.
import { WardianError } from "../errors.js";
import { editSections, namesPlaces, type Addition } from "./append.js";
import { readBodies, type Body } from "./bodies.js";
import { inspect, type ModuleInfo } from "./inspect.js";
import { checkLimit, MODULE_LIMITS, type ModuleLimits } from "./limits.js";
import { Meter, type Appended } from "./meter.js";
import { OP } from "./opcodes.js";
import { EXPORT, freeExportName, writeExport } from "./own-export.js";
import { planFunction } from "./plan.js";
import { SECTION } from "./sections.js";
import { measureCosts, type Costs } from "./weights.js";
import { Writer } from "./writer.js";

/** Small functions up to this weight, with all that they call, are paid for by their callers. */
const MAX_INLINE_WEIGHT = 48;
/** By how much the charge at one place may exceed what then runs. */
const FOLD_WEIGHT = 16;
/** Bytes (or elements) that a bulk operation moves for one unit of fuel: 2 to this power. */
const BULK_SHIFT = 6;

const GROWN = " once it counts its fuel";

export interface MeteredModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names of what the module exports for src/wasm/fuel.ts; `start` where the module had a start function. */
  readonly fuelExport: string;
  readonly tableExport: string;
  readonly startExport: string | undefined;
}

/** Throws `wasm-invalid` where V8 does not accept the module: only of a valid one it is certain that it reaches nothing added. */
export function instrument(module: Uint8Array, limits: ModuleLimits = MODULE_LIMITS, tuning = TUNING): MeteredModule {
  const source = new Uint8Array(module.buffer, module.byteOffset, module.length); // A Buffer would be slower.
  const info = inspect(source, limits);
  checkValid(source);
  const bodies = readBodies(source, info, limits);
  const costs = measureCosts(source, info, bodies, tuning.maxInlineWeight, limits);
  const appended = appendedIndices(info);
  const code = meterBodies(source, info, bodies, costs, appended, limits, tuning);
  const names = exportNames(info);
  const append = new Map<number, Addition>([
    [SECTION.type, { count: 4, entries: Uint8Array.of(...TYPE_HOST, ...TYPE_VOID, ...TYPE_I32, ...TYPE_HOST) }],
    [SECTION.function, functionEntries(info)],
    [SECTION.table, { count: 1, entries: Uint8Array.of(0x70, 1, 1, 1) }],
    [SECTION.global, { count: 1, entries: Uint8Array.of(0x7e, 1, OP.i64Const, 0, OP.end) }],
    [SECTION.export, exportEntries(info, names, appended)],
    [SECTION.code, { count: 4, entries: appendedFunctions(appended) }],
  ]);
  const replace = new Map(code === undefined ? [] : [[SECTION.code, code] as const]);
  const drop = (section: (typeof info.sections)[number]): boolean => section.id === SECTION.start || namesPlaces(source, section);
  const bytes = editSections(source, info.sections, { append, replace, drop });
  checkLimit(limits, "moduleBytes", bytes.length, GROWN);
  return { bytes, ...names };
}

export const TUNING = { maxInlineWeight: MAX_INLINE_WEIGHT, foldWeight: FOLD_WEIGHT };

function checkValid(source: Uint8Array): void {
  if (WebAssembly.validate(source as Uint8Array<ArrayBuffer>)) return;
  let reason = "";
  try {
    void new WebAssembly.Module(source as Uint8Array<ArrayBuffer>);
  } catch (error) {
    reason = String(error instanceof Error ? error.message : error).replace(/[^\x20-\x7e]+/g, "?");
  }
  throw new WardianError("wasm-invalid", `not a valid WebAssembly module: ${reason}`);
}

function appendedIndices(info: ModuleInfo): Appended & { types: number; table: number } {
  const first = info.functionTypes.length;
  const fuelGlobal = info.counts.importedGlobals + info.counts.globals;
  return {
    fuelGlobal,
    refill: first,
    refillLocal: first + 1,
    bulk32: first + 2,
    bulk64: first + 3,
    types: info.types.length,
    table: info.tables.length,
  };
}

function meterBodies(
  source: Uint8Array, info: ModuleInfo, bodies: readonly Body[], costs: Costs, appended: Appended, limits: ModuleLimits, tuning: typeof TUNING,
): Uint8Array | undefined {
  if (bodies.length === 0) return undefined;
  const meter = new Meter(source, info, appended, limits);
  const writer = new Writer(info.counts.codeBytes * 2);
  writer.u32(bodies.length);
  const grown = { ...limits, functionBytes: 2 * limits.functionBytes };
  for (const body of bodies) {
    const isInline = (costs.calls.direct[info.counts.importedFunctions + body.index] as number) >= 0;
    const metered = isInline
      ? source.subarray(body.start, body.end)
      : meter.write(body, planFunction(source, body, costs, tuning.foldWeight, limits));
    checkLimit(grown, "functionBytes", metered.length, ` (function ${info.counts.importedFunctions + body.index}, once it counts its fuel)`);
    writer.sized(metered);
    checkLimit(limits, "moduleBytes", writer.size, GROWN);
  }
  return writer.take();
} // prettier-ignore

// --- what is appended

const TYPE_HOST = [0x60, 1, 0x7e, 1, 0x7e]; // i64 -> i64
const TYPE_VOID = [0x60, 0, 0];
const TYPE_I32 = [0x60, 1, 0x7f, 1, 0x7f];

const leb = (value: number): number[] => {
  const writer = new Writer(16);
  writer.u32(value);
  return [...writer.take()];
};

function functionEntries(info: ModuleInfo): Addition {
  const first = info.types.length;
  return { count: 4, entries: Uint8Array.of(...leb(first + 1), ...leb(first), ...leb(first + 2), ...leb(first + 3)) };
}

function appendedFunctions({ fuelGlobal, refill, types, table }: ReturnType<typeof appendedIndices>): Uint8Array {
  const fuel = leb(fuelGlobal);
  const callRefill = [OP.call, ...leb(refill)];
  const ifNegative = [OP.globalGet, ...fuel, OP.i64Const, 0, OP.i64LtS, OP.if, 0x40];
  const pay = [OP.i64Const, BULK_SHIFT, OP.i64ShrU, OP.i64Sub, OP.globalSet, ...fuel, ...ifNegative, ...callRefill, OP.end, OP.localGet, 0];
  const askHost = [OP.globalGet, ...fuel, OP.i32Const, 0, OP.callIndirect, ...leb(types), ...leb(table), OP.globalSet, ...fuel];
  const functions = [
    [...askHost, ...ifNegative, OP.unreachable, OP.end],
    [OP.localGet, 0, OP.globalSet, ...fuel, ...callRefill, OP.globalGet, ...fuel],
    [OP.globalGet, ...fuel, OP.localGet, 0, OP.i64ExtendI32U, ...pay],
    [OP.globalGet, ...fuel, OP.localGet, 0, ...pay],
  ];
  const writer = new Writer();
  for (const code of functions) writer.sized(Uint8Array.of(0, ...code, OP.end));
  return writer.take();
}

function exportNames(info: ModuleInfo): { fuelExport: string; tableExport: string; startExport: string | undefined } {
  const startExport = info.startFunction === undefined ? undefined : freeExportName(info, "wardian start");
  return { fuelExport: freeExportName(info, "wardian fuel"), tableExport: freeExportName(info, "wardian refill"), startExport };
}

function exportEntries(
  info: ModuleInfo,
  names: ReturnType<typeof exportNames>,
  { fuelGlobal, table }: { fuelGlobal: number; table: number },
): Addition {
  const writer = new Writer();
  writeExport(writer, names.fuelExport, EXPORT.global, fuelGlobal);
  writeExport(writer, names.tableExport, EXPORT.table, table);
  if (names.startExport !== undefined) writeExport(writer, names.startExport, EXPORT.function, info.startFunction as number);
  return { count: names.startExport === undefined ? 2 : 3, entries: writer.take() };
}
