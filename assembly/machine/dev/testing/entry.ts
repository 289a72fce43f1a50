// What the device tests drive: the board's functions and a little RAM, as one module without a CPU. Not part of the machine.
import { isRam, ramInit, ramLoad, ramStore } from "../../bus/ram";
import { hartAt } from "../../hart/state";
import { setHarts } from "../../hart/lines";
import { HOST_BUFFER_PTR } from "../../layout";
import { boardInit, ioFault as lastFault } from "../board";

export {
  addPort,
  attachConsole,
  attachDisk,
  attachFs,
  attachNet,
  attachRng,
  boardReset,
  deviceTick,
  ioLoad,
  ioStore,
  nextDeviceDeadline,
  portClose,
  portDrained,
  portInput,
  portOpen,
  setConsoleSize,
  uartInput,
} from "../board";
export { clintDeadline, clintTick } from "../clint";
export { finisherCode, finisherExit } from "../finisher";

export function init(ramBytes: u64, hartCount: u32): void {
  setHarts(hartCount);
  ramInit(ramBytes);
  boardInit();
}

export function ioFault(): bool {
  return lastFault;
}

export function hostBuffer(): usize {
  return HOST_BUFFER_PTR;
}

/** The device-driven bits of mip. */
export function hartLines(hart: u32): u64 {
  return hartAt(hart).lines;
}

export function load8(pa: u64): u32 {
  return ramLoad<u8>(pa);
}

export function store8(pa: u64, value: u32): void {
  if (isRam(pa)) ramStore<u8>(pa, <u8>value);
}
