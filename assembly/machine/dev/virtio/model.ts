// The one place that knows all kinds of virtio devices: what each is made of and who serves it.
// Depends on the device models in this folder. To add a kind: a row in each switch here, and a constant in abi.ts.
import { MAX_VIRTIO_DEVICES, VIRTIO_ID_BLOCK, VIRTIO_ID_CONSOLE, VIRTIO_ID_FS, VIRTIO_ID_NET, VIRTIO_ID_RNG } from "../../abi";
import { BLK_F_BLK_SIZE, BLK_F_FLUSH, BLK_F_SEG_MAX, BLK_F_SIZE_MAX, BLK_QUEUE_SIZE, notifyBlk } from "./blk";
import { CONSOLE_F_MULTIPORT, CONSOLE_F_SIZE, CONSOLE_QUEUES, notifyConsole, resetConsole, startConsole } from "./console";
import { deviceAt, F_EVENT_IDX, F_INDIRECT_DESC, F_VERSION_1, isLive, VirtioDevice } from "./device";
import { FS_QUEUES, notifyFs } from "./fs";
import { NET_F_MAC, NET_F_STATUS, NET_QUEUES, notifyNet } from "./net";
import { resetQueue } from "./queue";
import { notifyRng } from "./rng";

/** Fills in what the kind decides: features, number and size of queues. */
export function shapeDevice(d: VirtioDevice): void {
  let features: u64 = 0;
  switch (d.kind) {
    case VIRTIO_ID_NET:
      features = NET_F_MAC | NET_F_STATUS;
      d.queueCount = NET_QUEUES;
      d.queueSizeMax = 256;
      break;
    case VIRTIO_ID_BLOCK:
      features = BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH;
      d.queueCount = 1;
      d.queueSizeMax = BLK_QUEUE_SIZE;
      break;
    case VIRTIO_ID_CONSOLE:
      features = CONSOLE_F_SIZE | CONSOLE_F_MULTIPORT;
      d.queueCount = CONSOLE_QUEUES;
      d.queueSizeMax = 64; // Linux fills every receive queue with pages
      break;
    case VIRTIO_ID_RNG:
      d.queueCount = 1;
      d.queueSizeMax = 16;
      break;
    case VIRTIO_ID_FS:
      d.queueCount = FS_QUEUES;
      d.queueSizeMax = 128;
      break;
    default:
      break;
  }
  d.offered = features | F_VERSION_1 | F_INDIRECT_DESC | F_EVENT_IDX;
}

/** Serves queue `queue`: the driver rang, or there is something new for it. */
export function notifyDevice(d: VirtioDevice, queue: u32): void {
  if (!isLive(d) || queue >= d.queueCount) return;
  switch (d.kind) {
    case VIRTIO_ID_NET:
      notifyNet(d, queue);
      break;
    case VIRTIO_ID_BLOCK:
      notifyBlk(d, queue);
      break;
    case VIRTIO_ID_CONSOLE:
      notifyConsole(d, queue);
      break;
    case VIRTIO_ID_RNG:
      notifyRng(d, queue);
      break;
    case VIRTIO_ID_FS:
      notifyFs(d, queue);
      break;
    default:
      break;
  }
}

/** DRIVER_OK was set: whatever the driver queued before is served now. */
export function startDevice(d: VirtioDevice): void {
  if (d.kind == VIRTIO_ID_CONSOLE) startConsole(d);
  for (let queue: u32 = 0; queue < d.queueCount; queue++) notifyDevice(d, queue);
}

/** Back to before the driver: the attachment stays. */
export function forgetDriver(d: VirtioDevice): void {
  d.status = 0;
  d.deviceFeaturesSel = 0;
  d.driverFeaturesSel = 0;
  d.queueSel = 0;
  d.accepted = 0;
  d.unfinished = 0;
  for (let queue: u32 = 0; queue < d.queueCount; queue++) resetQueue(d, queue);
  if (d.kind == VIRTIO_ID_CONSOLE) resetConsole();
}

/** Goes on with the queues that were left in the middle. */
export function continueDevices(): void {
  for (let i: u32 = 0; i < <u32>MAX_VIRTIO_DEVICES; i++) {
    const d = deviceAt(i);
    let queues = d.unfinished;
    d.unfinished = 0;
    while (queues != 0) {
      notifyDevice(d, ctz(queues));
      queues &= queues - 1;
    }
  }
}

/** True while continueDevices() has something to do. */
export function hasUnfinished(): bool {
  for (let i: u32 = 0; i < <u32>MAX_VIRTIO_DEVICES; i++) if (deviceAt(i).unfinished != 0) return true;
  return false;
}
