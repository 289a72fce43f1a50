// The host's part in run-time translation: compiles the modules that a machine hands it and puts their functions into the machine's table.
// What they mean is the machine's business (assembly/machine/translate). May depend on abi, errors and compiler.ts.
import { LINK_DONE, LINK_PENDING, LINK_REFUSED } from "../../assembly/machine/abi.js";
import { WardianError } from "../errors.js";
import { type CompileAnswer, compileInBackground, drainCompiler, startCompiler } from "./compiler.js";
import { joinModules } from "./join-modules.js";
import type { MachineExports } from "./module.js";

/** Places of the table that translated functions may take; as many as regions.ts has records. */
const TABLE_ENTRIES = 8192;
/** Of a bundle's member: u32 index | u32 serial. */
export const MEMBER_BYTES = 8;
/** The smallest module there is: the magic number and the version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
/** How V8, Chrome, Firefox and Safari say that a host or a page's policy forbids compiling. */
const FORBIDDEN = /disallowed by embedder|Content Security Policy|blocked by CSP|unsafe-eval/i;

/** The same for every machine of the process. */
let crossings: WebAssembly.Module | undefined;

export class Linker {
  readonly #wasm: MachineExports;
  #helpers: readonly unknown[] | undefined; // made for the first module
  readonly #inBackground: boolean;
  /** The modules of regions, by index, until they are in a bundle. */
  readonly #linked = new Map<number, Uint8Array>();
  #waiting = 0;
  #compileMs = 0;
  #fault: WardianError | undefined;

  /** In the background, or at once: then a run can be repeated exactly. */
  constructor(wasm: MachineExports, inBackground: boolean) {
    this.#wasm = wasm;
    this.#inBackground = inBackground;
    if (inBackground) startCompiler();
    wasm.table.grow(TABLE_ENTRIES - wasm.table.length);
    wasm.table.set(0, wasm.comeBack);
  }

  /** True while a region is compiled in the background. */
  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  /** Host time that compiling took, on whichever thread. */
  get compileSeconds(): number {
    return this.#compileMs / 1000;
  }

  /**
   * Takes a module, whose function "run" is for the index `index` of the table; gives a LINK_ constant of the abi. A module that is wrong throws
   * `translator-fault`, here or out of poll(): going on without it would hide that the translator cannot be trusted.
   */
  link(bytes: Uint8Array, index: number, serial: number): number {
    this.#linked.set(index, bytes.slice());
    if (this.#inBackground) {
      this.#waiting++;
      compileInBackground(bytes.slice(), false, (answer) => this.#receive(answer, index, serial));
      return LINK_PENDING;
    }
    const beganMs = performance.now();
    try {
      this.#place(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), index);
      return LINK_DONE;
    } catch (error) {
      if (isRefusal(error)) return LINK_REFUSED;
      throw faultOf(error);
    } finally {
      this.#compileMs += performance.now() - beganMs;
    }
  }

  /**
   * Takes a bundle: the module of its dispatchers, and its members as bundles.ts has them, MEMBER_BYTES each. Their functions take the place of those that
   * they were linked with, now or later.
   */
  join(dispatchers: Uint8Array, members: Uint8Array): void {
    const beganMs = performance.now();
    try {
      const { bytes, first } = joinModules(dispatchers, this.#modulesOf(members));
      if (!this.#inBackground) return this.#placeBundle(new WebAssembly.Module(bytes), first);
      compileInBackground(bytes, true, (answer) => this.#receiveBundle(answer, first));
    } catch (error) {
      if (!isRefusal(error)) throw faultOf(error);
      this.#wasm.bundleIsOver(0);
    } finally {
      this.#compileMs += performance.now() - beganMs;
    }
  }

  #modulesOf(members: Uint8Array): Uint8Array[] {
    const view = new DataView(members.buffer, members.byteOffset, members.length);
    const modules: Uint8Array[] = [];
    for (let at = 0; at < members.length; at += MEMBER_BYTES) {
      const bytes = this.#linked.get(view.getUint32(at, true));
      if (bytes === undefined) throw new Error("a region of a bundle was never linked");
      modules.push(bytes);
    }
    return modules;
  }

  #receiveBundle({ module, error, ms }: CompileAnswer, first: number): void {
    this.#compileMs += ms;
    try {
      if (module === undefined || error !== undefined) throw error;
      this.#placeBundle(module, first);
    } catch (reason) {
      if (!isRefusal(reason)) this.#fault = faultOf(reason);
      this.#wasm.bundleIsOver(0);
    }
  }

  /** The function of member k has the number `first` + k. */
  #placeBundle(module: WebAssembly.Module, first: number): void {
    const functions = Object.entries(new WebAssembly.Instance(module, this.#imports()).exports).slice(first);
    for (const [k, [, run]] of functions.entries()) {
      const index = this.#wasm.placeMember(k);
      if (index === 0) continue;
      this.#wasm.table.set(index, run);
      this.#linked.delete(index);
    }
    this.#wasm.bundleIsOver(1);
  }

  /** Puts what has been compiled in the background into the table. The machine must not be running. */
  poll(): void {
    if (this.#inBackground) drainCompiler();
    if (this.#fault !== undefined) throw this.#fault;
  }

  #receive({ module, error, ms }: CompileAnswer, index: number, serial: number): void {
    this.#waiting--;
    this.#compileMs += ms;
    if (!this.#wasm.regionIsCompiled(index, serial)) return;
    try {
      if (module === undefined || error !== undefined) throw error;
      this.#place(module, index);
    } catch (reason) {
      if (isRefusal(reason)) this.#wasm.regionIsRefused(index);
      else this.#fault = faultOf(reason);
      return;
    }
    this.#wasm.regionIsReady(index);
  }

  #place(module: WebAssembly.Module, index: number): void {
    this.#wasm.table.set(index, new WebAssembly.Instance(module, this.#imports()).exports["run"]);
  }

  /** With a table of its own for each instance: of those that import one table none is ever freed (V8 of Node 20 keeps a list). */
  #imports(): WebAssembly.Imports {
    this.#helpers ??= helpersOf(this.#wasm);
    const helpers = new WebAssembly.Table({ initial: this.#helpers.length, element: "anyfunc" });
    for (const [n, helper] of this.#helpers.entries()) helpers.set(n, helper);
    return { machine: { memory: this.#wasm.memory, helpers } };
  }

  unlink(index: number): void {
    this.#wasm.table.set(index, null);
    this.#linked.delete(index);
  }
}

function faultOf(error: unknown): WardianError {
  const reason = String(error instanceof Error ? error.message : error).split("\n")[0];
  return new WardianError("translator-fault", `the host cannot run translated code (${reason}); this is a bug in Wardian`, {
    cause: error,
  });
}

/** True where the host lets WebAssembly be compiled at run time. */
export function canCompile(): boolean {
  try {
    return new WebAssembly.Module(EMPTY_MODULE) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

/** True where the module is not to blame: its host compiles none, or has no room for more. A CompileError of another thread comes as an Error. */
function isRefusal(error: unknown): boolean {
  if (error instanceof EvalError || error instanceof RangeError) return true;
  return error instanceof Error && FORBIDDEN.test(error.message);
}

/** The functions that translated code calls, helper0, helper1, ...: some the machine exports, some a module that it writes. */
function helpersOf(wasm: MachineExports): readonly unknown[] {
  crossings ??= new WebAssembly.Module(new Uint8Array(wasm.memory.buffer, wasm.modulePtr(), wasm.writeCrossings()));
  const functions: Record<string, unknown> = { ...wasm, ...new WebAssembly.Instance(crossings, { machine: wasm as never }).exports };
  const names = Object.keys(functions).filter((name) => /^helper\d+$/.test(name));
  return names.map((_, n) => functions[`helper${n}`]);
}
