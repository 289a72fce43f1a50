// What the host attaches before the guest starts: disks, console, ports, random numbers.
// Depends on dev/virtio and dev/layout. Attachments survive a reset; a function says false where it found no room.
import {
  MAX_DISKS,
  MAX_PORTS,
  MAX_VIRTIO_DEVICES,
  TRANSPORT_MMIO,
  TRANSPORT_PCI,
  VIRTIO_ID_BLOCK,
  VIRTIO_ID_CONSOLE,
  VIRTIO_ID_FS,
  VIRTIO_ID_NET,
  VIRTIO_ID_RNG,
  VIRTIO_MMIO_SLOTS,
} from "../abi";
import { HOST_BUFFER_PTR } from "../layout";
import { BOARD_STATE_PTR } from "./layout";
import { BLK_F_RO, initBlkConfig } from "./virtio/blk";
import { announcePort, dropPortInput, initConsoleConfig } from "./virtio/console";
import { acknowledge, configPtr, deviceAt, findDevice, VirtioDevice } from "./virtio/device";
import { FS_TAG_BYTES, initFsConfig } from "./virtio/fs";
import { forgetDriver, shapeDevice } from "./virtio/model";
import { initNetConfig } from "./virtio/net";
import { attachFunction } from "./virtio/pci";
import { PORT_NAME_MAX_BYTES, portAt, portNamePtr } from "./virtio/port";

const DEVICES_PTR: usize = BOARD_STATE_PTR; // u32, virtio devices attached
const NEXT_PCI_PTR: usize = BOARD_STATE_PTR + 4; // u32, of them on PCI
const NEXT_MMIO_PTR: usize = BOARD_STATE_PTR + 8; // u32, of them on MMIO

/** Disk `disk` (0 to MAX_DISKS - 1) of `sectors` times 512 bytes. */
export function attachDisk(disk: u32, sectors: u64, readOnly: bool, transport: u32): bool {
  if (disk >= <u32>MAX_DISKS || sectors > (<u64>1) << 54) return false;
  const d = attach(VIRTIO_ID_BLOCK, disk, transport);
  if (d == null) return false;
  d.capacitySectors = sectors;
  d.readOnly = readOnly ? 1 : 0;
  if (readOnly) d.offered |= BLK_F_RO;
  initBlkConfig(configPtr(d), sectors);
  return true;
}

/** The console device with its port 0. */
export function attachConsole(transport: u32): bool {
  const d = attach(VIRTIO_ID_CONSOLE, 0, transport);
  if (d == null) return false;
  initConsoleConfig(configPtr(d));
  return addPort(0, 0);
}

export function attachRng(transport: u32): bool {
  return attach(VIRTIO_ID_RNG, 0, transport) != null;
}

export function attachNet(unit: u32, transport: u32): bool {
  const d = attach(VIRTIO_ID_NET, unit, transport);
  if (d == null) return false;
  initNetConfig(configPtr(d), unit);
  return true;
}

/** A file system; its tag is the first `tagBytes` (at most 36) bytes of HOST_BUFFER_PTR. */
export function attachFs(unit: u32, tagBytes: u32, transport: u32): bool {
  if (tagBytes > FS_TAG_BYTES) return false;
  const d = attach(VIRTIO_ID_FS, unit, transport);
  if (d == null) return false;
  initFsConfig(configPtr(d), HOST_BUFFER_PTR, tagBytes);
  return true;
}

/** Adds a port, the host's end open; its name is the first `nameBytes` (at most 63) bytes of HOST_BUFFER_PTR. */
export function addPort(port: u32, nameBytes: u32): bool {
  const d = findDevice(VIRTIO_ID_CONSOLE, 0);
  if (d == null || port >= <u32>MAX_PORTS || nameBytes > PORT_NAME_MAX_BYTES || (port != 0 && portAt(port).added != 0)) return false;
  const p = portAt(port);
  p.added = 1;
  p.hostOpen = 1;
  p.nameBytes = nameBytes;
  memory.copy(portNamePtr(port), HOST_BUFFER_PTR, nameBytes);
  announcePort(d, port);
  return true;
}

/** Takes every driver's work back; called at the reset of the machine. */
export function resetAttached(): void {
  for (let i: u32 = 0; i < load<u32>(DEVICES_PTR); i++) {
    const d = deviceAt(i);
    forgetDriver(d);
    acknowledge(d, u32.MAX_VALUE);
    d.configGeneration = 0;
  }
  dropPortInput();
}

/** Gives the device the next free place of its transport; null where it is taken or there is none. */
function attach(kind: u32, unit: u32, transport: u32): VirtioDevice | null {
  const index = load<u32>(DEVICES_PTR);
  if (index == MAX_VIRTIO_DEVICES || findDevice(kind, unit) != null) return null;
  const next = transport == TRANSPORT_PCI ? NEXT_PCI_PTR : NEXT_MMIO_PTR;
  const place = load<u32>(next);
  if (transport > <u32>TRANSPORT_MMIO || (transport == TRANSPORT_MMIO && place == VIRTIO_MMIO_SLOTS)) return null;
  const d = deviceAt(index);
  d.kind = kind;
  d.unit = unit;
  d.transport = transport;
  d.slot = transport == TRANSPORT_PCI ? place + 1 : place; // the host bridge has slot 0 of PCI
  shapeDevice(d);
  if (transport == TRANSPORT_PCI) attachFunction(d);
  forgetDriver(d);
  store<u32>(DEVICES_PTR, index + 1);
  store<u32>(next, place + 1);
  return d;
}
