// What every virtio device has, whatever its kind and its transport. Depends on bus/irq, dev/pcie.
// Virtio 1.2, chapter 2. State of device n stands at VIRTIO_STATE_PTR + n * DEVICE_BYTES:
//
//   +0    attachment: kind, transport, slot, unit, offered features        (kept by a reset)
//   +48   negotiation: status, selectors, accepted features, interrupt     (cleared by a reset)
//   +128  configuration space of the kind                                  (CONFIG_BYTES)
//   +256  virtqueues, QUEUE_BYTES each                                     (see queue.ts)
import { MAX_VIRTIO_DEVICES, TRANSPORT_PCI, VIRTIO_MMIO_IRQ } from "../../abi";
import { setLine } from "../../bus/irq";
import { VIRTIO_STATE_PTR } from "../layout";
import { pcieInterrupt } from "../pcie";

export const DEVICE_BYTES: u32 = 2048;
export const CONFIG_OFFSET: usize = 128;
export const CONFIG_BYTES: u32 = 128;
export const QUEUES_OFFSET: usize = 256;

export const STATUS_DRIVER_OK: u32 = 4;
export const STATUS_FEATURES_OK: u32 = 8;
export const STATUS_NEEDS_RESET: u32 = 64;
export const ISR_QUEUE: u32 = 1;
export const ISR_CONFIG: u32 = 2;

export const F_INDIRECT_DESC: u64 = (<u64>1) << 28;
export const F_EVENT_IDX: u64 = (<u64>1) << 29;
export const F_VERSION_1: u64 = (<u64>1) << 32;


@final
@unmanaged
export class VirtioDevice {
  kind: u32; // VIRTIO_ID_ constant, 0 while there is no device
  transport: u32; // TRANSPORT_ constant
  slot: u32; // of PCI, or of virtio-mmio
  unit: u32; // which disk, for a block device
  offered: u64; // feature bits
  queueCount: u32;
  queueSizeMax: u32;
  capacitySectors: u64; // block device
  readOnly: u32; // block device
  reserved: u32;
  // --- from here on a reset clears
  status: u32;
  isr: u32;
  deviceFeaturesSel: u32;
  driverFeaturesSel: u32;
  queueSel: u32;
  configGeneration: u32;
  accepted: u64; // feature bits
  unfinished: u32; // bit q: queue q was left with work to do, see board's deviceTick
}

/** Device `index`; its `kind` is 0 where there is none. */
@inline
export function deviceAt(index: u32): VirtioDevice {
  return changetype<VirtioDevice>(VIRTIO_STATE_PTR + index * DEVICE_BYTES);
}


@inline
export function configPtr(d: VirtioDevice): usize {
  return changetype<usize>(d) + CONFIG_OFFSET;
}

/** The device of `kind` (and `unit`); null where there is none. */
export function findDevice(kind: u32, unit: u32): VirtioDevice | null {
  for (let i: u32 = 0; i < <u32>MAX_VIRTIO_DEVICES; i++) {
    const d = deviceAt(i);
    if (d.kind == kind && d.unit == unit) return d;
  }
  return null;
}

/** The device in `slot` of a transport; null where there is none. */
export function deviceInSlot(transport: u32, slot: u32): VirtioDevice | null {
  for (let i: u32 = 0; i < <u32>MAX_VIRTIO_DEVICES; i++) {
    const d = deviceAt(i);
    if (d.kind != 0 && d.transport == transport && d.slot == slot) return d;
  }
  return null;
}

/** True while the driver runs the device and nothing is broken. */
@inline
export function isLive(d: VirtioDevice): bool {
  return (d.status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
}


@inline
export function hasFeature(d: VirtioDevice, bit: u64): bool {
  return (d.accepted & bit) != 0;
}

/** Adds `bits` to the interrupt status. */
export function raise(d: VirtioDevice, bits: u32): void {
  d.isr |= bits;
  driveInterrupt(d);
}

/** Takes `bits` out of the interrupt status; gives what it was. */
export function acknowledge(d: VirtioDevice, bits: u32): u32 {
  const before = d.isr;
  d.isr &= ~bits;
  driveInterrupt(d);
  return before;
}

/** The guest broke a rule: the device stops until the driver resets it (virtio 1.2, section 2.1.2). */
export function breakDevice(d: VirtioDevice): void {
  if ((d.status & STATUS_NEEDS_RESET) != 0) return;
  d.status |= STATUS_NEEDS_RESET;
  if ((d.status & STATUS_DRIVER_OK) != 0) raise(d, ISR_CONFIG);
}

/** Tells the driver that the configuration space changed. */
export function configChanged(d: VirtioDevice): void {
  d.configGeneration = (d.configGeneration + 1) & 0xff;
  if ((d.status & STATUS_DRIVER_OK) != 0) raise(d, ISR_CONFIG);
}

function driveInterrupt(d: VirtioDevice): void {
  if (d.transport == TRANSPORT_PCI) pcieInterrupt(d.slot, d.isr != 0);
  else setLine(VIRTIO_MMIO_IRQ + d.slot, d.isr != 0);
}
