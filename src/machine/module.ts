// machine.wasm: compiled once a process (its worker threads are handed the module), and the types of what it exports. May depend on nothing of ours.
// The exports' meanings stand in assembly/machine/index.ts, the imports' in assembly/machine/host.ts.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ASUtil, instantiateSync } from "@assemblyscript/loader";

export interface MachineExports extends Record<string, unknown> {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  /** Stands in the table's place 0: says that a pc has no region. */
  readonly comeBack: CallableFunction;
  /** Writes the module of crossing.ts where modulePtr() says; gives its length. */
  writeCrossings(): number;
  modulePtr(): number;
  setEngine(engine: number): void;
  setFused(fused: number): void;
  regionIsCompiled(index: number, serial: number): number;
  regionIsReady(index: number): void;
  regionIsRefused(index: number): void;
  placeMember(k: number): number;
  bundleIsOver(isPlaced: number): void;
  bundlesMade(): number;
  machineInit(ramBytes: bigint): void;
  machineStart(pc: bigint, a0: bigint, a1: bigint, a2: bigint, supervisor: number, tohostPa: bigint, fromhostPa: bigint): void;
  machineRun(budgetInsns: number, untilTicks: bigint): number;
  machineSleepTicks(): bigint;
  exitStatus(): number;
  hostBufferPtr(): number;
  guestPtr(pa: bigint): number;
  writeState(): number;
  devicesPtr(): number;
  touchedPage(index: number): number;
  residentPageCount(): number;
  instructionsRetired(): bigint;
  trapsTaken(): bigint;
  interruptsTaken(): bigint;
  pageTableWalks(): bigint;
  translationFlushes(): bigint;
  slotsDecoded(): bigint;
  keptPageCount(): number;
  instructionsTranslated(): bigint;
  timesEntered(): bigint;
  exitsToInterpreter(): bigint;
  exitsWithoutRegion(): bigint;
  jumpMisses(): bigint;
  regionsTranslated(): bigint;
  liveRegions(): number;
  regionsEvicted(): bigint;
  modulesRefused(): bigint;
  insnsTranslated(): bigint;
  bytesEmitted(): bigint;
  programCounter(): bigint;
  integerRegister(n: number): bigint;
  attachConsole(transport: number): number;
  attachDisk(disk: number, sectors: bigint, readOnly: number, transport: number): number;
  attachRng(transport: number): number;
  addPort(port: number, nameBytes: number): number;
  portInput(port: number, len: number): number;
  portDrained(port: number): void;
  portOpen(port: number): void;
  portClose(port: number): void;
  setConsoleSize(cols: number, rows: number): void;
  uartInput(len: number): number;
}

export interface MachineImports {
  now(): bigint;
  wallClock(): bigint;
  random(ptr: number, len: number): void;
  uartWrite(byte: number): number;
  portWrite(port: number, ptr: number, len: number): number;
  portOpen(port: number, open: number): void;
  diskRead(disk: number, offset: bigint, ptr: number, len: number): number;
  diskWrite(disk: number, offset: bigint, ptr: number, len: number): number;
  diskFlush(disk: number): number;
  link(ptr: number, len: number, index: number, serial: number): number;
  join(ptr: number, len: number, members: number, count: number): void;
  unlink(index: number): void;
  panic(code: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** build/machine.wasm, found from both src/ and dist/src/. */
function moduleBytes(): Uint8Array {
  for (const up of ["../../", "../../../"]) {
    try {
      return readFileSync(fileURLToPath(new URL(`${up}build/machine.wasm`, import.meta.url)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error("build/machine.wasm is missing: run `npm run build`");
}

/** The module; the first time this takes some 2 ms, for V8 compiles a function when it is first called. */
export function compileMachine(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(moduleBytes() as Uint8Array<ArrayBuffer>);
  return compiled;
}

/** Takes the module that another thread has compiled: its code is shared, and so is what V8 goes on to optimize. */
export function adoptMachine(module: WebAssembly.Module): void {
  compiled = module;
}

/** A fresh machine in a memory of its own. */
export function instantiateMachine(imports: MachineImports): MachineExports {
  const { instance } = instantiateSync<ASUtil & MachineExports>(compileMachine(), {
    host: imports as unknown as Record<string, WebAssembly.ImportValue>,
  });
  // Not the loader's own exports: those are JavaScript functions around these, and translated code is to call these straight.
  return instance.exports as unknown as MachineExports;
}
