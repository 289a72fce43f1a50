// The board: which device answers at which physical address, and what it does as time goes by.
// Depends on every device in this row. RAM is not here: callers look there first.
import {
  CLINT_BASE,
  CLINT_SIZE,
  FINISHER_BASE,
  FINISHER_SIZE,
  PCIE_ECAM_BASE,
  PCIE_ECAM_SIZE,
  PCIE_MMIO_BASE,
  PCIE_MMIO_SIZE,
  PLIC_BASE,
  PLIC_SIZE,
  RTC_BASE,
  RTC_SIZE,
  UART_BASE,
  UART_SIZE,
  VIRTIO_MMIO_BASE,
  VIRTIO_MMIO_SLOTS,
  VIRTIO_MMIO_STRIDE,
} from "../abi";
import { takeDirty } from "../bus/irq";
import { mtime } from "../hart/time";
import { resetAttached } from "./attachment";
import { clintLoad, clintReset, clintStore } from "./clint";
import { finisherReset, finisherStore } from "./finisher";
import { PCI_NOBODY, pcieClaim, pcieInit, pcieReset, pcieSlotOf, PCI_BAR_BYTES } from "./pcie";
import { plicLoad, plicReset, plicStore, plicUpdate } from "./plic";
import { rtcDeadline, rtcLoad, rtcReset, rtcStore, rtcTick } from "./rtc";
import { uartLoad, uartReceive, uartReset, uartStore } from "./uart";
import { connectPort, drainPort, inputPort, resizeConsole } from "./virtio/console";
import { MMIO_CONFIG, mmioLoad, mmioStore } from "./virtio/mmio";
import { continueDevices, hasUnfinished } from "./virtio/model";
import { barLoad, barStore, functionLoad, functionStore } from "./virtio/pci";

export { addPort, attachConsole, attachDisk, attachFs, attachNet, attachRng } from "./attachment";

/** Whether the last ioLoad or ioStore reached no device, or one that has no access of that size. */
export let ioFault: bool = false;

const CLINT_TIMER: u32 = 0x4000; // below it are the 32-bit msip registers
const ECAM_REGISTER_MASK: u32 = 0xfff;

/** Makes an empty board; called once, before anything is attached. */
export function boardInit(): void {
  pcieInit();
  boardReset();
}

/** Every device back to power-on, as the guest sees it. What the host attached stays, and so does typed-ahead input. */
export function boardReset(): void {
  finisherReset();
  uartReset();
  rtcReset();
  resetAttached();
  pcieReset();
  clintReset();
  plicReset();
  takeDirty();
}

/** Reads `size` (1, 2, 4, 8) bytes at `pa`; see ioFault. */
export function ioLoad(pa: u64, size: u32): u64 {
  ioFault = false;
  const value = (pa & (size - 1)) != 0 ? fault() : route(pa, size);
  settle();
  return value;
}

/** Writes the low `size` (1, 2, 4, 8) bytes of `value` at `pa`; see ioFault. */
export function ioStore(pa: u64, size: u32, value: u64): void {
  ioFault = false;
  if ((pa & (size - 1)) != 0) fault();
  else routeStore(pa, size, value);
  settle();
}

/** Lets time pass: alarms fire, queues left in the middle go on. */
export function deviceTick(): void {
  rtcTick();
  continueDevices();
  settle();
}

/** When deviceTick() has something to do, in mtime ticks; u64.MAX_VALUE for never. */
export function nextDeviceDeadline(): u64 {
  return hasUnfinished() ? mtime() : rtcDeadline();
}

/** `len` bytes of HOST_BUFFER_PTR arrive at the UART; gives how many were taken. */
export function uartInput(len: u32): u32 {
  const taken = uartReceive(len);
  settle();
  return taken;
}

/** `len` bytes of HOST_BUFFER_PTR for the guest's end of console port `port`; gives how many were taken. */
export function portInput(port: u32, len: u32): u32 {
  const taken = inputPort(port, len);
  settle();
  return taken;
}

/** The host can take output of `port` again, after host.portWrite took less than it was given. */
export function portDrained(port: u32): void {
  drainPort(port);
  settle();
}

/** The host's end of `port` opens (as it is from the start). */
export function portOpen(port: u32): void {
  connectPort(port, true);
  settle();
}

/** The host's end hangs up: the guest reads to the end of what was sent, then sees end of file. */
export function portClose(port: u32): void {
  connectPort(port, false);
  settle();
}

export function setConsoleSize(cols: u32, rows: u32): void {
  resizeConsole(cols, rows);
  settle();
}

function settle(): void {
  if (takeDirty()) plicUpdate();
}

function fault(): u64 {
  ioFault = true;
  return 0;
}


@inline
function within(pa: u64, base: u64, size: u64): bool {
  return pa - base < size;
}

function route(pa: u64, size: u32): u64 {
  if (within(pa, PLIC_BASE, PLIC_SIZE)) return size == 4 ? plicLoad(<u32>(pa - PLIC_BASE)) : fault();
  if (within(pa, CLINT_BASE, CLINT_SIZE)) {
    const offset = <u32>(pa - CLINT_BASE);
    return size == 4 || (size == 8 && offset >= CLINT_TIMER) ? clintLoad(offset, size) : fault();
  }
  if (within(pa, UART_BASE, UART_SIZE)) return uartLoad(<u32>(pa - UART_BASE));
  if (within(pa, PCIE_MMIO_BASE, PCIE_MMIO_SIZE)) {
    const slot = pcieClaim(pa);
    return slot == PCI_NOBODY ? ones(size) : barLoad(slot, (<u32>pa) & (PCI_BAR_BYTES - 1), size);
  }
  if (within(pa, VIRTIO_MMIO_BASE, VIRTIO_MMIO_STRIDE * VIRTIO_MMIO_SLOTS)) {
    const at = <u32>(pa - VIRTIO_MMIO_BASE);
    const offset = at % VIRTIO_MMIO_STRIDE;
    return size == 4 || offset >= MMIO_CONFIG ? mmioLoad(at / VIRTIO_MMIO_STRIDE, offset, size) : fault();
  }
  if (within(pa, PCIE_ECAM_BASE, PCIE_ECAM_SIZE)) {
    if (size == 8) return fault();
    const offset = <u32>(pa - PCIE_ECAM_BASE);
    const slot = pcieSlotOf(offset);
    return slot == PCI_NOBODY ? ones(size) : functionLoad(slot, offset & ECAM_REGISTER_MASK, size);
  }
  if (within(pa, RTC_BASE, RTC_SIZE)) return size == 4 ? rtcLoad(<u32>(pa - RTC_BASE)) : fault();
  if (within(pa, FINISHER_BASE, FINISHER_SIZE)) return size == 2 || size == 4 ? 0 : fault();
  return fault();
}

function routeStore(pa: u64, size: u32, value: u64): void {
  if (within(pa, PLIC_BASE, PLIC_SIZE)) {
    if (size == 4) plicStore(<u32>(pa - PLIC_BASE), <u32>value);
    else fault();
  } else if (within(pa, CLINT_BASE, CLINT_SIZE)) {
    const offset = <u32>(pa - CLINT_BASE);
    if (size == 4 || (size == 8 && offset >= CLINT_TIMER)) clintStore(offset, size, value);
    else fault();
  } else if (within(pa, UART_BASE, UART_SIZE)) {
    uartStore(<u32>(pa - UART_BASE), <u32>value);
  } else if (within(pa, PCIE_MMIO_BASE, PCIE_MMIO_SIZE)) {
    const slot = pcieClaim(pa);
    if (slot != PCI_NOBODY) barStore(slot, (<u32>pa) & (PCI_BAR_BYTES - 1), size, value);
  } else if (within(pa, VIRTIO_MMIO_BASE, VIRTIO_MMIO_STRIDE * VIRTIO_MMIO_SLOTS)) {
    const at = <u32>(pa - VIRTIO_MMIO_BASE);
    const offset = at % VIRTIO_MMIO_STRIDE;
    if (size == 4 || offset >= MMIO_CONFIG) mmioStore(at / VIRTIO_MMIO_STRIDE, offset, <u32>value);
    else fault();
  } else if (within(pa, PCIE_ECAM_BASE, PCIE_ECAM_SIZE) && size != 8) {
    const offset = <u32>(pa - PCIE_ECAM_BASE);
    const slot = pcieSlotOf(offset);
    if (slot != PCI_NOBODY) functionStore(slot, offset & ECAM_REGISTER_MASK, size, <u32>value);
  } else if (within(pa, RTC_BASE, RTC_SIZE) && size == 4) {
    rtcStore(<u32>(pa - RTC_BASE), <u32>value);
  } else if (within(pa, FINISHER_BASE, FINISHER_SIZE) && (size == 2 || size == 4)) {
    finisherStore(<u32>(pa - FINISHER_BASE), <u32>value);
  } else fault();
}

/** What a PCI read gives where no function answers. */
function ones(size: u32): u64 {
  return size == 8 ? u64.MAX_VALUE : ((<u64>1) << (size << 3)) - 1;
}
