// What the registers of both transports mean: feature negotiation, status, queue set-up. Depends on virtio/{device,model,queue}.
// Virtio 1.2, sections 2.1 to 2.3 and 3.1.
import {
  acknowledge,
  CONFIG_BYTES,
  configPtr,
  F_VERSION_1,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  VirtioDevice,
} from "./device";
import { forgetDriver, startDevice } from "./model";
import { enableQueue, queueAt, sizeQueue, Virtqueue } from "./queue";

/** The three areas of a queue, in the order of the transports' registers. */
export const AREA_DESC: u32 = 0;
export const AREA_DRIVER: u32 = 1;
export const AREA_DEVICE: u32 = 2;

export function featureWord(features: u64, selector: u32): u32 {
  return selector == 0 ? <u32>features : selector == 1 ? <u32>(features >>> 32) : 0;
}

export function acceptFeatures(d: VirtioDevice, value: u32): void {
  if ((d.status & STATUS_FEATURES_OK) != 0) return;
  if (d.driverFeaturesSel == 0) d.accepted = (d.accepted & ~(<u64>u32.MAX_VALUE)) | value;
  else if (d.driverFeaturesSel == 1) d.accepted = (d.accepted & u32.MAX_VALUE) | ((<u64>value) << 32);
}

/** Writing 0 resets; FEATURES_OK sticks only if the device can live with what was chosen. */
export function setStatus(d: VirtioDevice, value: u32): void {
  value &= 0xff;
  if (value == 0) {
    forgetDriver(d);
    acknowledge(d, u32.MAX_VALUE);
    return;
  }
  const before = d.status;
  let after = before | (value & ~STATUS_NEEDS_RESET);
  const agreed = (d.accepted & ~d.offered) == 0 && (d.accepted & F_VERSION_1) != 0;
  if (!agreed) after &= ~STATUS_FEATURES_OK;
  if ((after & STATUS_FEATURES_OK) == 0) after &= ~STATUS_DRIVER_OK;
  d.status = after;
  if ((after & ~before & STATUS_DRIVER_OK) != 0) startDevice(d);
}

/** The queue that the driver selected; null where the device has no such queue. */
export function selectedQueue(d: VirtioDevice): Virtqueue | null {
  return d.queueSel < d.queueCount ? queueAt(d, d.queueSel) : null;
}

/** A queue in use cannot be changed. */
export function setQueueSize(d: VirtioDevice, size: u32): void {
  const queue = selectedQueue(d);
  if (queue != null && queue.ready == 0) sizeQueue(d, d.queueSel, size);
}

export function setQueueReady(d: VirtioDevice): void {
  const queue = selectedQueue(d);
  if (queue != null && queue.ready == 0) enableQueue(d, d.queueSel);
}

export function queueArea(d: VirtioDevice, area: u32): u64 {
  const queue = selectedQueue(d);
  if (queue == null) return 0;
  return area == AREA_DESC ? queue.desc : area == AREA_DRIVER ? queue.driver : queue.device;
}

/** Sets the low or the high half of an area's address. */
export function setQueueArea(d: VirtioDevice, area: u32, high: bool, value: u32): void {
  const queue = selectedQueue(d);
  if (queue == null || queue.ready != 0) return;
  const old = queueArea(d, area);
  const pa = high ? (old & u32.MAX_VALUE) | ((<u64>value) << 32) : (old & ~(<u64>u32.MAX_VALUE)) | value;
  if (area == AREA_DESC) queue.desc = pa;
  else if (area == AREA_DRIVER) queue.driver = pa;
  else queue.device = pa;
}

/** Configuration space: `size` is 1, 2, 4 or 8; beyond its end are zeros. No kind here has a field the driver may write. */
export function loadConfig(d: VirtioDevice, offset: u32, size: u32): u64 {
  if (offset > CONFIG_BYTES - size) return 0;
  const ptr = configPtr(d) + offset;
  switch (size) {
    case 1:
      return load<u8>(ptr);
    case 2:
      return load<u16>(ptr);
    case 4:
      return load<u32>(ptr);
    default:
      return load<u64>(ptr);
  }
}
