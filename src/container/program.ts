// A program as a container takes it: a module that was looked at, clamped and compiled, and what it asks of us. May depend on errors,
// wasm/, wasi/ and the files beside it.
import { WardianError } from "../errors.js";
import { typeOfCall, type Wanted } from "../wasi/imports.js";
import {
  clamp,
  deferStart,
  type DeferredModule,
  inspect,
  instrument,
  type ModuleImport,
  type ModuleInfo,
  quoteName,
} from "../wasm/index.js";
import type { FuelNames, MemoryType } from "./messages.js";
import { compileModule } from "./tier.js";
import type { Tier } from "./tier-name.js";

export const WASM_PAGE_BYTES = 65_536;
/** Elements of all tables together, unless told. */
export const DEFAULT_TABLE_ELEMENTS = 1_000_000;

export interface ProgramLimits {
  readonly maxMemoryBytes: number;
  readonly maxTableElements?: number | undefined;
}

export interface LoadOptions extends ProgramLimits {
  readonly tier: Tier;
  /** It counts its fuel, so that it can be held back and paused. */
  readonly metered: boolean;
}

export interface Program {
  readonly module: WebAssembly.Module;
  readonly imports: readonly Wanted[];
  readonly memory: MemoryType | undefined;
  /** Where it was asked for. */
  readonly fuelNames: FuelNames | undefined;
  /** Its start function, where it counts no fuel. */
  readonly startExport: string | undefined;
  /** Of the file; about what the compiled module takes, too. */
  readonly sizeBytes: number;
}

/** Throws a WardianError of one line for what is not a program, wants too much, or imports what we do not have. */
export async function loadProgram(bytes: Uint8Array, options: LoadOptions): Promise<Program> {
  const info = inspect(bytes);
  checkImports(info.imports);
  checkEntry(info);
  const { maxMemoryBytes, maxTableElements = DEFAULT_TABLE_ELEMENTS, metered, tier } = options;
  const clamped = clamp(bytes, { maxMemoryPages: Math.floor(maxMemoryBytes / WASM_PAGE_BYTES), maxTableElements }, info);
  const { bytes: code, ...names } = metered ? instrument(clamped) : prepare(clamped, info);
  return {
    module: await compile(code, tier),
    imports: info.imports.filter(({ kind }) => kind === "function"),
    memory: memoryType(info, maxMemoryBytes),
    fuelNames: metered ? (names as FuelNames) : undefined,
    startExport: metered ? undefined : names.startExport,
    sizeBytes: bytes.length,
  };
}

/** Most modules have no start function, and are not looked at once more. */
function prepare(clamped: Uint8Array, { startFunction }: ModuleInfo): DeferredModule {
  return startFunction === undefined ? { bytes: clamped, startExport: undefined } : deferStart(clamped);
}

async function compile(bytes: Uint8Array, tier: Tier): Promise<WebAssembly.Module> {
  try {
    return await compileModule(bytes, tier);
  } catch (error) {
    const why = (error as Error).message.replace(/^WebAssembly\.\w+\(\): /, "").split("\n")[0];
    throw new WardianError("wasm-invalid", `the program is not valid WebAssembly: ${why}`, { cause: error });
  }
}

/** All that is missing, in one error; then all that has another type. */
function checkImports(imports: readonly ModuleImport[]): void {
  const missing = imports.filter((own) => (own.kind === "function" ? typeOfCall(own) === undefined : own.kind !== "memory"));
  if (missing.length > 0)
    throw new WardianError(
      "wasm-imports",
      `the program imports what Wardian does not have: ${missing.map(quoteImport).join(", ")}; it has WASI preview1 and wasi_unstable`,
    );
  const others = imports.filter((own) => own.kind === "function" && own.type !== typeOfCall(own));
  if (others.length === 0) return;
  const told = others.map((own) => `${quoteImport(own)} as ${own.type}, which is ${typeOfCall(own)}`);
  throw new WardianError("wasm-imports", `the program imports calls with another type than they have: ${told.join("; ")}`);
}

const quoteImport = ({ module, name }: ModuleImport): string => `${quoteName(module)}.${quoteName(name)}`;

function checkEntry({ exports, memories }: ModuleInfo): void {
  const isFunction = (name: string): boolean => exports.some((own) => own.name === name && own.kind === "function");
  if (!isFunction("_start") && !isFunction("_initialize"))
    throw new WardianError("wasm-no-start", "the module is no program: it exports neither _start nor _initialize");
  if (memories.some(({ is64 }) => is64))
    throw new WardianError("wasm-unsupported", "the program has a memory of 64 bits, which WASI preview1 does not know");
}

/** The limits that the clamped module declares. */
function memoryType({ imports, memories }: ModuleInfo, maxMemoryBytes: number): MemoryType | undefined {
  const wanted = imports.find(({ kind }) => kind === "memory");
  const declared = memories.find(({ imported }) => imported);
  if (wanted === undefined || declared === undefined) return undefined;
  const limit = Math.floor(maxMemoryBytes / WASM_PAGE_BYTES);
  const maximum = Math.min(Number(declared.max ?? limit), limit);
  return { module: wanted.module, name: wanted.name, initial: Number(declared.min), maximum, shared: declared.shared };
}
