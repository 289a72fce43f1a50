// What a module says about itself without being compiled: imports, exports, memories, tables, counts. A module is not validated
// here (V8 does that); everything that is read is bounded by src/wasm/limits.ts, in one pass. Depends on src/errors.ts only.
import { checkBodies } from "./bodies.js";
import { Instruction, skipConstant } from "./instruction.js";
import { checkLimit, MODULE_LIMITS, type ModuleLimits } from "./limits.js";
import { Reader } from "./reader.js";
import { readSections, readVector, SECTION, type Section } from "./sections.js";
import { readLimits, readTypes, readValueType, typeText, type Limits, type TypeEntry } from "./types.js";

export type ExternalKind = "function" | "table" | "memory" | "global" | "tag";
const KINDS: readonly ExternalKind[] = ["function", "table", "memory", "global", "tag"];

export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** As in the specification's text: `(i32, i64) -> i32`, `memory 1..16`, `mut i32`. */
  readonly type: string;
}

export interface ModuleExport {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
}

/** A memory (sizes in 64 KiB pages) or a table (sizes in elements), with where its limits are written. */
export interface Sized {
  readonly imported: boolean;
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly shared: boolean;
  readonly is64: boolean;
  /** Offset of the limits' flags, and behind the limits. */
  readonly at: number;
  readonly end: number;
}

export interface ModuleCounts {
  types: number;
  importedFunctions: number;
  functions: number;
  globals: number;
  importedGlobals: number;
  tags: number;
  elementSegments: number;
  dataSegments: number;
  codeBytes: number;
  dataBytes: number;
  customBytes: number;
}

export interface ModuleInfo {
  readonly sizeBytes: number;
  readonly sections: readonly Section[];
  readonly types: readonly TypeEntry[];
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  readonly memories: readonly Sized[];
  readonly tables: readonly Sized[];
  /** Types of all functions, imported ones first: indices into `types`. */
  readonly functionTypes: Uint32Array;
  readonly startFunction: number | undefined;
  readonly counts: Readonly<ModuleCounts>;
}

/** Reads a module's sections, of its code and data no more than limits need. Throws WardianError: wasm-not-wasm, wasm-component, wasm-invalid, ... */
export function inspect(bytes: Uint8Array, limits: ModuleLimits = MODULE_LIMITS): ModuleInfo {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length); // A Buffer would be slower.
  const info = new Inspection(plain, limits).run();
  checkBodies(plain, info, limits);
  return info;
}

class Inspection {
  private readonly types: TypeEntry[] = [];
  private readonly imports: ModuleImport[] = [];
  private readonly exports: ModuleExport[] = [];
  private readonly memories: Sized[] = [];
  private readonly tables: Sized[] = [];
  private readonly importedFunctionTypes: number[] = [];
  private functionTypes = new Uint32Array(0);
  private startFunction: number | undefined;
  private readonly counts: ModuleCounts = {
    types: 0, importedFunctions: 0, functions: 0, globals: 0, importedGlobals: 0, tags: 0, elementSegments: 0, dataSegments: 0,
    codeBytes: 0, dataBytes: 0, customBytes: 0,
  }; // prettier-ignore
  private readonly bytes: Uint8Array;
  private readonly limits: ModuleLimits;

  constructor(bytes: Uint8Array, limits: ModuleLimits) {
    this.bytes = bytes;
    this.limits = limits;
  }

  run(): ModuleInfo {
    const sections = readSections(this.bytes, this.limits);
    for (const section of sections) this.readSection(section);
    this.counts.types = this.types.length;
    this.counts.importedFunctions = this.importedFunctionTypes.length;
    const { types, imports, exports, memories, tables, startFunction, counts } = this;
    const functionTypes = new Uint32Array(counts.importedFunctions + counts.functions);
    functionTypes.set(this.importedFunctionTypes);
    functionTypes.set(this.functionTypes, counts.importedFunctions);
    return { sizeBytes: this.bytes.length, sections, types, imports, exports, memories, tables, functionTypes, startFunction, counts };
  }

  private readSection(section: Section): void {
    const reader = new Reader(this.bytes, section.start, section.end);
    const { counts } = this;
    const size = section.end - section.start;
    switch (section.id) {
      case SECTION.custom:
        counts.customBytes += size;
        return;
      case SECTION.type:
        return this.readTypeSection(reader);
      case SECTION.import:
        return readVector(reader, this.limit("imports"), () => this.readImport(reader));
      case SECTION.function:
        return this.readFunctions(reader);
      case SECTION.table:
        return readVector(reader, this.limit("tables", this.tables.length), () => this.readTable(reader));
      case SECTION.memory:
        return readVector(reader, this.limit("memories", this.memories.length), () => void this.readSized(reader, this.memories, false));
      case SECTION.export:
        return readVector(reader, this.limit("exports"), () => this.readExport(reader));
      case SECTION.start:
        this.startFunction = reader.u32();
        return;
      case SECTION.code:
        counts.codeBytes = size;
        if (reader.u32() !== counts.functions) reader.fail("function and code sections of different length", section.start);
        return;
      default:
        return this.countEntries(reader, section.id, size);
    }
  }

  private readTypeSection(reader: Reader): void {
    let parameters = 0;
    readVector(reader, this.limit("types"), () => {
      const before = this.types.length;
      readTypes(reader, this.limits, this.types);
      for (const { params, results } of this.types.slice(before)) parameters += params.length + results.length;
      checkLimit(this.limits, "allParameters", parameters);
    });
  }

  /** Sections of which only the number of entries is wanted. */
  private countEntries(reader: Reader, id: number, size: number): void {
    const { counts, limits } = this;
    const count = reader.u32();
    if (id === SECTION.global) checkLimit(limits, "globals", (counts.globals = count) + counts.importedGlobals);
    if (id === SECTION.tag) checkLimit(limits, "tags", (counts.tags += count));
    if (id === SECTION.element) checkLimit(limits, "elementSegments", (counts.elementSegments = count));
    if (id === SECTION.data) {
      checkLimit(limits, "dataSegments", (counts.dataSegments = count));
      counts.dataBytes = size;
    }
  }

  private limit(name: keyof ModuleLimits, already = 0): (count: number) => void {
    return (count) => checkLimit(this.limits, name, count + already);
  }

  private readFunctions(reader: Reader): void {
    let types = new Uint32Array(0);
    const allocate = (count: number): void => {
      checkLimit(this.limits, "functions", count + this.importedFunctionTypes.length);
      if (count <= reader.end - reader.pos) types = new Uint32Array(count);
    };
    readVector(reader, allocate, (index) => void (types[index] = this.typeIndex(reader)));
    this.counts.functions = types.length;
    this.functionTypes = types;
  }

  private typeIndex(reader: Reader): number {
    const at = reader.pos;
    const index = reader.u32();
    if (this.types[index]?.kind !== "func") reader.fail(`type ${index}, which is not a function type`, at);
    return index;
  }

  private readImport(reader: Reader): void {
    const module = reader.name(this.limits.nameBytes);
    const name = reader.name(this.limits.nameBytes);
    const at = reader.pos;
    const kind = KINDS[reader.u8()] ?? reader.fail("an import of unknown kind", at);
    this.imports.push({ module, name, kind, type: this.readImportType(reader, kind) });
  }

  private readImportType(reader: Reader, kind: ExternalKind): string {
    switch (kind) {
      case "function": {
        const index = this.typeIndex(reader);
        this.importedFunctionTypes.push(index);
        return typeText(this.types[index] as TypeEntry);
      }
      case "table": {
        const type = readValueType(reader);
        return `table ${limitsText(this.readSized(reader, this.tables, true))} ${type}`;
      }
      case "memory":
        return `memory ${limitsText(this.readSized(reader, this.memories, true))}`;
      case "global": {
        this.counts.importedGlobals++;
        const type = readValueType(reader);
        return reader.u8() === 1 ? `mut ${type}` : type;
      }
      case "tag":
        this.counts.tags++;
        reader.skip(1);
        return `tag ${typeText(this.types[this.typeIndex(reader)] as TypeEntry)}`;
    }
  }

  private readTable(reader: Reader): void {
    const hasInit = this.bytes[reader.pos] === 0x40;
    if (hasInit) reader.skip(2);
    readValueType(reader);
    this.readSized(reader, this.tables, false);
    if (hasInit) skipConstant(reader, new Instruction(this.limits));
  }

  private readSized(reader: Reader, list: Sized[], imported: boolean): Limits {
    const at = reader.pos;
    const limits = readLimits(reader);
    list.push({ ...limits, imported, at, end: reader.pos });
    checkLimit(this.limits, list === this.memories ? "memories" : "tables", list.length);
    return limits;
  }

  private readExport(reader: Reader): void {
    const name = reader.name(this.limits.nameBytes);
    const at = reader.pos;
    const kind = KINDS[reader.u8()] ?? reader.fail("an export of unknown kind", at);
    this.exports.push({ name, kind, index: reader.u32() });
  }
}

const limitsText = ({ min, max, shared }: Limits): string => `${min}${max === undefined ? "" : `..${max}`}${shared ? " shared" : ""}`;
