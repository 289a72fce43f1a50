// Virtio over MMIO: a page of registers a slot. Depends on virtio/{registers,model,device}. Virtio 1.2, section 4.2.
// Registers are 32 bits wide; from 0x100 on the device's configuration space, of any width. A slot without a device
// answers with device id 0, which tells a driver to pass on.
import { TRANSPORT_MMIO } from "../../abi";
import { acknowledge, deviceInSlot, VirtioDevice } from "./device";
import { notifyDevice } from "./model";
import { resetQueue } from "./queue";
import {
  acceptFeatures,
  AREA_DESC,
  AREA_DEVICE,
  AREA_DRIVER,
  featureWord,
  loadConfig,
  selectedQueue,
  setQueueArea,
  setQueueReady,
  setQueueSize,
  setStatus,
} from "./registers";

const MAGIC_VALUE: u32 = 0x000;
const VERSION: u32 = 0x004;
const DEVICE_ID: u32 = 0x008;
const VENDOR_ID: u32 = 0x00c;
const DEVICE_FEATURES: u32 = 0x010;
const DEVICE_FEATURES_SEL: u32 = 0x014;
const DRIVER_FEATURES: u32 = 0x020;
const DRIVER_FEATURES_SEL: u32 = 0x024;
const QUEUE_SEL: u32 = 0x030;
const QUEUE_NUM_MAX: u32 = 0x034;
const QUEUE_NUM: u32 = 0x038;
const QUEUE_READY: u32 = 0x044;
const QUEUE_NOTIFY: u32 = 0x050;
const INTERRUPT_STATUS: u32 = 0x060;
const INTERRUPT_ACK: u32 = 0x064;
const STATUS: u32 = 0x070;
const QUEUE_DESC_LOW: u32 = 0x080;
const QUEUE_DESC_HIGH: u32 = 0x084;
const QUEUE_DRIVER_LOW: u32 = 0x090;
const QUEUE_DRIVER_HIGH: u32 = 0x094;
const QUEUE_DEVICE_LOW: u32 = 0x0a0;
const QUEUE_DEVICE_HIGH: u32 = 0x0a4;
const SHM_LEN_LOW: u32 = 0x0b0;
const SHM_BASE_HIGH: u32 = 0x0bc;
const CONFIG_GENERATION: u32 = 0x0fc;
export const MMIO_CONFIG: u32 = 0x100;

const MAGIC: u32 = 0x74726976; // "virt"
const MODERN: u32 = 2;
const VENDOR: u32 = 0x44524157; // "WARD"

export function mmioLoad(slot: u32, offset: u32, size: u32): u64 {
  const d = deviceInSlot(TRANSPORT_MMIO, slot);
  if (offset >= MMIO_CONFIG) return d != null ? loadConfig(d, offset - MMIO_CONFIG, size) : 0;
  switch (offset) {
    case MAGIC_VALUE:
      return MAGIC;
    case VERSION:
      return MODERN;
    case VENDOR_ID:
      return VENDOR;
    default:
      return d != null ? loadRegister(d, offset) : 0;
  }
}

export function mmioStore(slot: u32, offset: u32, value: u32): void {
  const d = deviceInSlot(TRANSPORT_MMIO, slot);
  if (d == null || offset >= MMIO_CONFIG) return;
  switch (offset) {
    case DEVICE_FEATURES_SEL:
      d.deviceFeaturesSel = value;
      break;
    case DRIVER_FEATURES:
      acceptFeatures(d, value);
      break;
    case DRIVER_FEATURES_SEL:
      d.driverFeaturesSel = value;
      break;
    case QUEUE_SEL:
      d.queueSel = value;
      break;
    case QUEUE_NUM:
      setQueueSize(d, value);
      break;
    case QUEUE_READY:
      if (value == 1) setQueueReady(d);
      else if (value == 0 && d.queueSel < d.queueCount) resetQueue(d, d.queueSel);
      break;
    case QUEUE_NOTIFY:
      notifyDevice(d, value);
      break;
    case INTERRUPT_ACK:
      acknowledge(d, value);
      break;
    case STATUS:
      setStatus(d, value);
      break;
    default:
      storeArea(d, offset, value);
      break;
  }
}

function storeArea(d: VirtioDevice, offset: u32, value: u32): void {
  switch (offset) {
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
      setQueueArea(d, AREA_DESC, offset == QUEUE_DESC_HIGH, value);
      break;
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
      setQueueArea(d, AREA_DRIVER, offset == QUEUE_DRIVER_HIGH, value);
      break;
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH:
      setQueueArea(d, AREA_DEVICE, offset == QUEUE_DEVICE_HIGH, value);
      break;
    default:
      break;
  }
}

function loadRegister(d: VirtioDevice, offset: u32): u32 {
  const queue = selectedQueue(d);
  switch (offset) {
    case DEVICE_ID:
      return d.kind;
    case DEVICE_FEATURES:
      return featureWord(d.offered, d.deviceFeaturesSel);
    case QUEUE_NUM_MAX:
      return queue != null ? d.queueSizeMax : 0;
    case QUEUE_READY:
      return queue != null ? queue.ready : 0;
    case INTERRUPT_STATUS:
      return d.isr;
    case STATUS:
      return d.status;
    case CONFIG_GENERATION:
      return d.configGeneration;
    default:
      // No shared memory regions: length and base read as all ones.
      return offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH ? u32.MAX_VALUE : 0;
  }
}
