// What the host may call: exports only.
import { DEVICES_PTR, HOST_BUFFER_PTR } from "./layout";
import { hartAt } from "./hart/state";
import { keptPages } from "./bus/code";
import { residentPages, ramWritePtr } from "./bus/ram";

export { touchedPage } from "./bus/ram";
export { writeState } from "./snapshot";

export { fmaD as helper5, fmaS as helper6 } from "./translate/imports";
export {
  comeBack,
  enterAt,
  exitsToInterpreter,
  exitsWithoutRegion,
  instructionsTranslated,
  jumpMisses,
  jumpTo,
  linkTo,
  timesEntered,
} from "./translate/jumps";
export { bundleIsOver, bundlesMade, placeMember } from "./translate/bundles";
export { writeCrossings } from "./translate/crossing";
export { modulePtr } from "./translate/module";
export { setFused } from "./translate/float";
export { liveRegions, regionsEvicted } from "./translate/regions";
export {
  bytesEmitted,
  insnsTranslated,
  modulesRefused,
  regionIsCompiled,
  regionIsReady,
  regionIsRefused,
  regionsTranslated,
  setEngine,
} from "./translate/translate";
export { mulh as helper2, mulhsu as helper4, mulhu as helper3 } from "./hart/wide";
export { exitStatus, machineInit, machineRun, machineSleepTicks, machineStart } from "./machine";
export {
  addPort,
  attachConsole,
  attachDisk,
  attachRng,
  portClose,
  portDrained,
  portInput,
  portOpen,
  setConsoleSize,
  uartInput,
} from "./dev/board";

/** Where input functions take their bytes from (HOST_BUFFER_BYTES of them). */
export function hostBufferPtr(): usize {
  return HOST_BUFFER_PTR;
}

/** Where RAM byte `pa` stands in linear memory, good to the end of its page; 0 where there is no RAM. */
export function guestPtr(pa: u64): usize {
  return ramWritePtr(pa);
}

/** The registers and queues of every device (DEVICES_BYTES). */
export function devicesPtr(): usize {
  return DEVICES_PTR;
}

/** Guest pages in use. */
export function residentPageCount(): u32 {
  return residentPages();
}

/** Instructions retired since power-on. */
export function instructionsRetired(): u64 {
  return hartAt(0).retired;
}

export function trapsTaken(): u64 {
  return hartAt(0).traps;
}

export function interruptsTaken(): u64 {
  return hartAt(0).interrupts;
}

/** Address translations that walked the page tables. */
export function pageTableWalks(): u64 {
  return hartAt(0).walks;
}

/** Times all translations were dropped. */
export function translationFlushes(): u64 {
  return hartAt(0).flushes;
}

/** Instruction slots decoded. */
export function slotsDecoded(): u64 {
  return hartAt(0).decodes;
}

/** Guest pages whose instructions are kept decoded. */
export function keptPageCount(): u32 {
  return keptPages();
}

export function programCounter(): u64 {
  return hartAt(0).pc;
}

export function integerRegister(n: u32): u64 {
  return hartAt(0).reg(n & 31);
}
