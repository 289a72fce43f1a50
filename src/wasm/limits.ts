// How large a module may be. V8 has limits of its own (its wasm-limits.h); ours are the same or lower and come first, with a
// message that names what is too large. Depends on src/errors.ts only.
import { WardianError } from "../errors.js";

export interface ModuleLimits {
  readonly moduleBytes: number;
  readonly types: number;
  readonly imports: number;
  readonly exports: number;
  readonly functions: number;
  readonly tables: number;
  readonly memories: number;
  readonly globals: number;
  readonly tags: number;
  readonly elementSegments: number;
  readonly dataSegments: number;
  readonly customSections: number;
  readonly nameBytes: number;
  /** Parameters, and also results, of one function type. */
  readonly parameters: number;
  /** Parameters and results of all types together. */
  readonly allParameters: number;
  /** V8's optimizing compiler is not linear: 300 KB take it 0.7 s, 1 MB 11 s (m); 0.3 MB is the most seen in real programs. */
  readonly functionBytes: number;
  /** Parameters and locals of one function. */
  readonly locals: number;
  /** Blocks within blocks in one function. */
  readonly nesting: number;
  readonly branchTableEntries: number;
  /** V8's time and memory for a function grow with this product (12-28 ns and 12-24 bytes for each); 0.7 million is the most seen in real programs. */
  readonly localsTimesBranches: number;
}

// prettier-ignore
export const MODULE_LIMITS: ModuleLimits = {
  moduleBytes:        256 * 1024 * 1024,
  types:              100_000,
  imports:            10_000,
  exports:            100_000,
  functions:          1_000_000,
  tables:             64,
  memories:           1,
  globals:            100_000,
  tags:               10_000,
  elementSegments:    100_000,
  dataSegments:       100_000,
  customSections:     10_000,
  nameBytes:          65_536,
  parameters:         1_000,
  allParameters:      1_000_000,
  functionBytes:      1024 * 1024,
  locals:             50_000,
  nesting:            50_000,
  branchTableEntries: 65_521,
  localsTimesBranches: 8_000_000,
};

// prettier-ignore
const WORDS: Record<keyof ModuleLimits, string> = {
  moduleBytes:        "bytes",
  types:              "types",
  imports:            "imports",
  exports:            "exports",
  functions:          "functions",
  tables:             "tables",
  memories:           "memories",
  globals:            "globals",
  tags:               "tags",
  elementSegments:    "element segments",
  dataSegments:       "data segments",
  customSections:     "custom sections",
  nameBytes:          "bytes in one name",
  parameters:         "parameters or results in one function type",
  allParameters:      "parameters and results in all its types",
  functionBytes:      "bytes in one function",
  locals:             "locals in one function",
  nesting:            "blocks within each other in one function",
  branchTableEntries: "targets in one br_table",
  localsTimesBranches: "locals times branches in one function",
};

/** Throws `wasm-too-large` if the module has more of something than the limit of that name. */
export function checkLimit(limits: ModuleLimits, name: keyof ModuleLimits, count: number, where = ""): void {
  if (count <= limits[name]) return;
  const message = `the WebAssembly module has ${count} ${WORDS[name]}${where}; the limit is ${limits[name]}`;
  throw new WardianError("wasm-too-large", message);
}
