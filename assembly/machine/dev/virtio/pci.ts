// Virtio over PCI: capabilities, the structures behind BAR 0, and the window to them through configuration space.
// Depends on dev/pcie, virtio/{registers,model,device}. Virtio 1.2, section 4.1. No MSI-X: INTx only.
//
//   BAR 0:   0x0000 common configuration     0x1000 ISR     0x2000 device configuration     0x3000 + 4q doorbell of queue q
import { MAX_VIRTIO_DEVICES, TRANSPORT_PCI, VIRTIO_ID_BLOCK, VIRTIO_ID_CONSOLE, VIRTIO_ID_NET, VIRTIO_ID_RNG } from "../../abi";
import { PCI_BAR_BYTES, pcieAttach, pcieConfigLoad, pcieConfigPtr, pcieConfigStore, pcieWritable } from "../pcie";
import { acknowledge, CONFIG_BYTES, deviceInSlot, VirtioDevice } from "./device";
import { notifyDevice } from "./model";
import {
  acceptFeatures,
  featureWord,
  loadConfig,
  queueArea,
  selectedQueue,
  setQueueArea,
  setQueueReady,
  setQueueSize,
  setStatus,
} from "./registers";

const VENDOR: u32 = 0x1af4;
const DEVICE_BASE: u32 = 0x1040;

const REGION_SHIFT: u32 = 12;
const REGION_COMMON: u32 = 0;
const REGION_ISR: u32 = 1;
const REGION_DEVICE: u32 = 2;
const REGION_NOTIFY: u32 = 3;
const COMMON_BYTES: u32 = 56;
const NOTIFY_MULTIPLIER: u32 = 4;

const DEVICE_FEATURE_SELECT: u32 = 0x00;
const DEVICE_FEATURE: u32 = 0x04;
const DRIVER_FEATURE_SELECT: u32 = 0x08;
const DRIVER_FEATURE: u32 = 0x0c;
const NUM_QUEUES: u32 = 0x10; // config_msix_vector in the low half
const DEVICE_STATUS: u32 = 0x14; // then u8 config_generation, u16 queue_select
const QUEUE_SELECT: u32 = 0x16;
const QUEUE_SIZE: u32 = 0x18; // queue_msix_vector in the high half
const QUEUE_ENABLE: u32 = 0x1c; // queue_notify_off in the high half
const QUEUE_AREAS: u32 = 0x20; // u64 desc, driver, device
const NO_VECTOR: u32 = 0xffff;

const CAP_VENDOR: u32 = 0x09;
const CAP_COMMON: u32 = 0x40;
const CAP_ISR: u32 = 0x50;
const CAP_DEVICE: u32 = 0x60;
const CAP_NOTIFY: u32 = 0x70;
const CAP_PCI: u32 = 0x84;
const CAP_PCI_DATA: u32 = CAP_PCI + 16;
const CFG_COMMON: u32 = 1;
const CFG_NOTIFY: u32 = 2;
const CFG_ISR: u32 = 3;
const CFG_DEVICE: u32 = 4;
const CFG_PCI: u32 = 5;

/** Gives `d` its function in slot d.slot. */
export function attachFunction(d: VirtioDevice): void {
  const slot = d.slot;
  pcieAttach(slot, VENDOR, DEVICE_BASE + d.kind, classOf(d.kind), CAP_COMMON);
  capability(slot, CAP_COMMON, CAP_ISR, 16, CFG_COMMON, REGION_COMMON, COMMON_BYTES);
  capability(slot, CAP_ISR, CAP_DEVICE, 16, CFG_ISR, REGION_ISR, 1);
  capability(slot, CAP_DEVICE, CAP_NOTIFY, 16, CFG_DEVICE, REGION_DEVICE, CONFIG_BYTES);
  capability(slot, CAP_NOTIFY, CAP_PCI, 20, CFG_NOTIFY, REGION_NOTIFY, 1 << REGION_SHIFT);
  store<u32>(pcieConfigPtr(slot, CAP_NOTIFY), NOTIFY_MULTIPLIER, 16);
  capability(slot, CAP_PCI, 0, 20, CFG_PCI, 0, 0);
  pcieWritable(slot, CAP_PCI + 4, 0xff); // bar
  pcieWritable(slot, CAP_PCI + 8, u32.MAX_VALUE); // offset
  pcieWritable(slot, CAP_PCI + 12, u32.MAX_VALUE); // length
}

/** A configuration read of the function in `slot`; its pci-cfg window reaches into BAR 0. */
export function functionLoad(slot: u32, register: u32, size: u32): u32 {
  const offset = windowOffset(slot, register);
  if (offset != u32.MAX_VALUE) return <u32>barLoad(slot, offset, load<u32>(pcieConfigPtr(slot, CAP_PCI), 12));
  return pcieConfigLoad(slot, register, size);
}

export function functionStore(slot: u32, register: u32, size: u32, value: u32): void {
  const offset = windowOffset(slot, register);
  if (offset != u32.MAX_VALUE) barStore(slot, offset, load<u32>(pcieConfigPtr(slot, CAP_PCI), 12), value);
  else pcieConfigStore(slot, register, size, value);
}

/** A read of BAR 0 at `offset`, which is aligned to `size`. */
export function barLoad(slot: u32, offset: u32, size: u32): u64 {
  const d = deviceInSlot(TRANSPORT_PCI, slot);
  if (d == null) return u64.MAX_VALUE;
  const at = offset & ((1 << REGION_SHIFT) - 1);
  switch (offset >> REGION_SHIFT) {
    case REGION_COMMON: {
      const word = <u64>commonWord(d, at & ~3);
      const value = size == 8 ? word | ((<u64>commonWord(d, at + 4)) << 32) : word >>> ((at & 3) << 3);
      return size == 8 ? value : value & (((<u64>1) << (size << 3)) - 1);
    }
    case REGION_ISR:
      return at == 0 ? acknowledge(d, u32.MAX_VALUE) : 0;
    case REGION_DEVICE:
      return loadConfig(d, at, size);
    default:
      return 0;
  }
}

/** A write to BAR 0; one whose width is not its register's is ignored, as the specification allows. */
export function barStore(slot: u32, offset: u32, size: u32, value: u64): void {
  const d = deviceInSlot(TRANSPORT_PCI, slot);
  if (d == null) return;
  const at = offset & ((1 << REGION_SHIFT) - 1);
  switch (offset >> REGION_SHIFT) {
    case REGION_COMMON:
      if (at >= QUEUE_AREAS) storeArea(d, at, size, value);
      else storeCommon(d, at, size, <u32>value);
      break;
    case REGION_NOTIFY:
      notifyDevice(d, at / NOTIFY_MULTIPLIER);
      break;
    default:
      break;
  }
}

function commonWord(d: VirtioDevice, at: u32): u32 {
  const queue = selectedQueue(d);
  switch (at) {
    case DEVICE_FEATURE_SELECT:
      return d.deviceFeaturesSel;
    case DEVICE_FEATURE:
      return featureWord(d.offered, d.deviceFeaturesSel);
    case DRIVER_FEATURE_SELECT:
      return d.driverFeaturesSel;
    case DRIVER_FEATURE:
      return featureWord(d.accepted, d.driverFeaturesSel);
    case NUM_QUEUES:
      return NO_VECTOR | (d.queueCount << 16);
    case DEVICE_STATUS:
      return d.status | (d.configGeneration << 8) | (d.queueSel << 16);
    case QUEUE_SIZE:
      return (NO_VECTOR << 16) | (queue != null ? queue.size : 0);
    case QUEUE_ENABLE:
      return queue != null ? queue.ready | (d.queueSel << 16) : 0;
    default: {
      const area = (at - QUEUE_AREAS) >> 3;
      if (area > 2) return 0;
      const pa = queueArea(d, area);
      return (at & 4) != 0 ? <u32>(pa >>> 32) : <u32>pa;
    }
  }
}

function storeCommon(d: VirtioDevice, at: u32, size: u32, value: u32): void {
  switch ((at << 4) | size) {
    case (DEVICE_FEATURE_SELECT << 4) | 4:
      d.deviceFeaturesSel = value;
      break;
    case (DRIVER_FEATURE_SELECT << 4) | 4:
      d.driverFeaturesSel = value;
      break;
    case (DRIVER_FEATURE << 4) | 4:
      acceptFeatures(d, value);
      break;
    case (DEVICE_STATUS << 4) | 1:
      setStatus(d, value);
      break;
    case (QUEUE_SELECT << 4) | 2:
      d.queueSel = value & 0xffff;
      break;
    case (QUEUE_SIZE << 4) | 2:
      setQueueSize(d, value & 0xffff);
      break;
    case (QUEUE_ENABLE << 4) | 2:
      if ((value & 0xffff) == 1) setQueueReady(d);
      break;
    default:
      break;
  }
}

function storeArea(d: VirtioDevice, at: u32, size: u32, value: u64): void {
  const area = (at - QUEUE_AREAS) >> 3;
  if (area > 2 || size < 4) return;
  setQueueArea(d, area, (at & 4) != 0, <u32>value);
  if (size == 8) setQueueArea(d, area, true, <u32>(value >>> 32));
}

/** Where in BAR 0 an access to pci_cfg_data goes; u32.MAX_VALUE where `register` is not that, or the window is not valid. */
function windowOffset(slot: u32, register: u32): u32 {
  if (slot == 0 || slot > <u32>MAX_VIRTIO_DEVICES || register != CAP_PCI_DATA) return u32.MAX_VALUE;
  const cap = pcieConfigPtr(slot, CAP_PCI);
  const offset = load<u32>(cap, 8);
  const length = load<u32>(cap, 12);
  const valid = load<u8>(cap, 4) == 0 && (length == 1 || length == 2 || length == 4);
  return valid && offset < PCI_BAR_BYTES && (offset & (length - 1)) == 0 ? offset : u32.MAX_VALUE;
}

function capability(slot: u32, at: u32, next: u32, length: u32, cfgType: u32, region: u32, regionBytes: u32): void {
  const cap = pcieConfigPtr(slot, at);
  store<u32>(cap, CAP_VENDOR | (next << 8) | (length << 16) | (cfgType << 24));
  store<u32>(cap, region << REGION_SHIFT, 8);
  store<u32>(cap, regionBytes, 12);
}

function classOf(kind: u32): u32 {
  switch (kind) {
    case VIRTIO_ID_NET:
      return 0x020000;
    case VIRTIO_ID_BLOCK:
      return 0x010000;
    case VIRTIO_ID_CONSOLE:
      return 0x078000;
    case VIRTIO_ID_RNG:
      return 0x00ff00;
    default:
      return 0x018000;
  }
}
