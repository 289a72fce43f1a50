// The host's part in run-time translation: compiles the modules that a machine hands it and puts their functions into the machine's table.
// What they mean is the machine's business (assembly/machine/translate). May depend on errors.
import { WardianError } from "../errors.js";
import type { MachineExports } from "./module.js";

/** Places of the table that translated functions may take; as many as regions.ts has records. */
const TABLE_ENTRIES = 8192;
/** The smallest module there is: the magic number and the version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
/** How V8, Chrome, Firefox and Safari say that a host or a page's policy forbids compiling. */
const FORBIDDEN = /disallowed by embedder|Content Security Policy|blocked by CSP|unsafe-eval/i;

export class Linker {
  readonly #wasm: MachineExports;
  readonly #imports: WebAssembly.Imports;
  #compileMs = 0;

  constructor(wasm: MachineExports) {
    this.#wasm = wasm;
    this.#imports = { machine: { memory: wasm.memory, helpers: helpersOf(wasm) } };
    wasm.table.grow(TABLE_ENTRIES - wasm.table.length);
  }

  /** Host time that link() took. */
  get compileSeconds(): number {
    return this.#compileMs / 1000;
  }

  /**
   * Compiles `bytes` and puts its functions, named 00, 01, ..., at `indexes`; false where the host does not compile. A module that is wrong
   * throws `translator-fault`: going on without it would hide that the translator cannot be trusted.
   */
  link(bytes: Uint8Array, indexes: Uint32Array): boolean {
    const beganMs = performance.now();
    try {
      const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
      const { exports } = new WebAssembly.Instance(module, this.#imports);
      for (const [k, index] of indexes.entries()) this.#wasm.table.set(index, exports[String(k).padStart(2, "0")]);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      const reason = String(error instanceof Error ? error.message : error).split("\n")[0];
      throw new WardianError("translator-fault", `the host cannot run translated code (${reason}); this is a bug in Wardian`, {
        cause: error,
      });
    } finally {
      this.#compileMs += performance.now() - beganMs;
    }
  }

  unlink(index: number): void {
    this.#wasm.table.set(index, null);
  }
}

/** True where the host lets WebAssembly be compiled at run time. */
export function canCompile(): boolean {
  try {
    return new WebAssembly.Module(EMPTY_MODULE) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

/** True where the module is not to blame: its host compiles none, or has no room for more. */
function isRefusal(error: unknown): boolean {
  if (error instanceof EvalError || error instanceof RangeError) return true;
  return error instanceof WebAssembly.CompileError && FORBIDDEN.test(error.message);
}

/** The functions that translated code calls: the machine exports them as helper0, helper1, ... */
function helpersOf(wasm: MachineExports): WebAssembly.Table {
  const names = Object.keys(wasm).filter((name) => /^helper\d+$/.test(name));
  const helpers = new WebAssembly.Table({ initial: names.length, element: "anyfunc" });
  for (const name of names) helpers.set(Number(name.slice("helper".length)), wasm[name]);
  return helpers;
}
