// The host's part in run-time translation: compiles the modules that a machine hands it and puts their functions into the machine's table.
// What they mean is the machine's business (assembly/machine/translate). May depend on nothing of ours.
import type { MachineExports } from "./module.js";

/** Places of the table that translated functions may take; as many as regions.ts has records. */
const TABLE_ENTRIES = 8192;

export class Linker {
  readonly #wasm: MachineExports;
  readonly #imports: WebAssembly.Imports;

  constructor(wasm: MachineExports) {
    this.#wasm = wasm;
    this.#imports = { machine: { memory: wasm.memory, helpers: helpersOf(wasm) } };
    wasm.table.grow(TABLE_ENTRIES - wasm.table.length);
  }

  /** Compiles `bytes` and puts its functions, named 00, 01, ..., at `indexes`; false where the host does not compile. */
  link(bytes: Uint8Array, indexes: Uint32Array): boolean {
    let exports: WebAssembly.Exports;
    try {
      const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
      exports = new WebAssembly.Instance(module, this.#imports).exports;
    } catch (error) {
      if (process.env["WARDIAN_TRACE_LINK"]) console.error(error);
      return false;
    }
    for (const [k, index] of indexes.entries()) this.#wasm.table.set(index, exports[String(k).padStart(2, "0")]);
    return true;
  }

  unlink(index: number): void {
    this.#wasm.table.set(index, null);
  }
}

/** The functions that translated code calls: the machine exports them as helper0, helper1, ... */
function helpersOf(wasm: MachineExports): WebAssembly.Table {
  const names = Object.keys(wasm).filter((name) => /^helper\d+$/.test(name));
  const helpers = new WebAssembly.Table({ initial: names.length, element: "anyfunc" });
  for (const name of names) helpers.set(Number(name.slice("helper".length)), wasm[name]);
  return helpers;
}
