// PCIe: configuration space of bus 0 behind ECAM, the host bridge in slot 0, memory BAR 0 and INTx of every function.
// Depends on bus/irq. PCI Local Bus 3.0, chapter 6; PCI Express base specification, section 7.2.2 (ECAM).
// Functions are type 0, one a slot; who answers behind a BAR is the caller's business (see virtio/pci.ts).
//
//   slot (512 bytes):   +0  configuration header and capabilities (256)     +256  which of those bits a guest may write (256)
import { MAX_VIRTIO_DEVICES, PCIE_IRQ, PCIE_MMIO_BASE, PCIE_MMIO_SIZE } from "../abi";
import { setLine } from "../bus/irq";
import { PCI_STATE_PTR } from "./layout";

export const PCI_BAR_BYTES: u32 = 0x4000;
/** The address no BAR claims, or no function at all: reads give all ones. */
export const PCI_NOBODY: u32 = 0xffff_ffff;

const SLOTS: u32 = MAX_VIRTIO_DEVICES + 1;
const SLOT_SHIFT: u32 = 9;
const WRITABLE: usize = 256;
const CONFIG_BYTES: u32 = 256;

const VENDOR_ID: usize = 0x00;
const DEVICE_ID: usize = 0x02;
const COMMAND: usize = 0x04;
const STATUS: usize = 0x06;
const REVISION: usize = 0x08; // u8 revision, then u24 class code
const CACHE_LINE: usize = 0x0c;
const LATENCY_TIMER: usize = 0x0d;
const BAR0: usize = 0x10;
const SUBSYSTEM_VENDOR_ID: usize = 0x2c;
const SUBSYSTEM_ID: usize = 0x2e;
const CAPABILITIES: usize = 0x34;
const INTERRUPT_LINE: usize = 0x3c;
const INTERRUPT_PIN: usize = 0x3d;

const COMMAND_MEMORY: u32 = 0x0002;
const COMMAND_INTX_DISABLE: u32 = 0x0400;
const COMMAND_WRITABLE: u32 = 0x0546; // memory, bus master, parity, SERR, INTx disable
const STATUS_INTERRUPT: u32 = 0x0008;
const STATUS_CAPABILITIES: u32 = 0x0010;

const HOST_BRIDGE_VENDOR: u32 = 0x1b36;
const HOST_BRIDGE_DEVICE: u32 = 0x0008;
const HOST_BRIDGE_CLASS: u32 = 0x060000;

export function pcieInit(): void {
  const bridge = slotPtr(0);
  store<u16>(bridge, HOST_BRIDGE_VENDOR, VENDOR_ID);
  store<u16>(bridge, HOST_BRIDGE_DEVICE, DEVICE_ID);
  store<u32>(bridge, HOST_BRIDGE_CLASS << 8, REVISION);
  store<u16>(bridge, HOST_BRIDGE_VENDOR, SUBSYSTEM_VENDOR_ID);
  store<u16>(bridge, 0x1100, SUBSYSTEM_ID);
  store<u16>(bridge, COMMAND_WRITABLE, WRITABLE + COMMAND);
}

/** Makes the function of `slot`: memory BAR 0 of PCI_BAR_BYTES, pin INTA. `firstCapability` is 0 for none. */
export function pcieAttach(slot: u32, vendor: u32, device: u32, classCode: u32, firstCapability: u32): void {
  const at = slotPtr(slot);
  store<u16>(at, vendor, VENDOR_ID);
  store<u16>(at, device, DEVICE_ID);
  store<u32>(at, (classCode << 8) | 1, REVISION);
  store<u16>(at, vendor, SUBSYSTEM_VENDOR_ID);
  store<u16>(at, 0x1100, SUBSYSTEM_ID);
  store<u8>(at, 1, INTERRUPT_PIN);
  store<u8>(at, firstCapability, CAPABILITIES);
  store<u16>(at, firstCapability != 0 ? STATUS_CAPABILITIES : 0, STATUS);
  store<u16>(at, COMMAND_WRITABLE, WRITABLE + COMMAND);
  store<u8>(at, 0xff, WRITABLE + CACHE_LINE);
  store<u8>(at, 0xff, WRITABLE + LATENCY_TIMER);
  store<u32>(at, ~(PCI_BAR_BYTES - 1), WRITABLE + BAR0); // sizing falls out of the bits that cannot be written
  store<u8>(at, 0xff, WRITABLE + INTERRUPT_LINE);
}

/** Clears what the guest wrote. */
export function pcieReset(): void {
  for (let slot: u32 = 0; slot < SLOTS; slot++) {
    const at = slotPtr(slot);
    for (let i: u32 = 0; i < CONFIG_BYTES; i += 4) {
      store<u32>(at + i, load<u32>(at + i) & ~load<u32>(at + i, WRITABLE));
    }
    pcieInterrupt(slot, false);
  }
}

/** Where byte `offset` of a slot's configuration space stands, for its owner to fill in capabilities. */
export function pcieConfigPtr(slot: u32, offset: u32): usize {
  return slotPtr(slot) + offset;
}

/** Lets the guest write the bits of `mask` in the word at `offset`. */
export function pcieWritable(slot: u32, offset: u32, mask: u32): void {
  store<u32>(slotPtr(slot) + offset, mask, WRITABLE);
}

/** The slot that an offset into the ECAM window names, PCI_NOBODY where there is no function. */
export function pcieSlotOf(ecamOffset: u32): u32 {
  // bus (bits 20-27) and function (bits 12-14) are 0 in all that exists here
  const slot = (ecamOffset >> 15) & 31;
  if (ecamOffset >> 20 != 0 || ((ecamOffset >> 12) & 7) != 0 || slot >= SLOTS) return PCI_NOBODY;
  return load<u16>(slotPtr(slot), VENDOR_ID) == 0 ? PCI_NOBODY : slot;
}

/** `size` is 1, 2 or 4 and `register` aligned to it; the extended space above 256 reads as 0. */
export function pcieConfigLoad(slot: u32, register: u32, size: u32): u32 {
  if (register >= CONFIG_BYTES) return 0;
  const ptr = slotPtr(slot) + register;
  return size == 1 ? load<u8>(ptr) : size == 2 ? load<u16>(ptr) : load<u32>(ptr);
}

export function pcieConfigStore(slot: u32, register: u32, size: u32, value: u32): void {
  if (register >= CONFIG_BYTES) return;
  const ptr = slotPtr(slot) + register;
  for (let i: u32 = 0; i < size; i++) {
    const mask = <u32>load<u8>(ptr + i, WRITABLE);
    store<u8>(ptr + i, (load<u8>(ptr + i) & ~mask) | ((value >> (i << 3)) & mask));
  }
  drive(slot);
}

/** The slot whose BAR 0 holds `pa`, PCI_NOBODY for none. */
export function pcieClaim(pa: u64): u32 {
  for (let slot: u32 = 1; slot < SLOTS; slot++) {
    const at = slotPtr(slot);
    const bar = load<u32>(at, BAR0);
    if ((load<u16>(at, COMMAND) & COMMAND_MEMORY) == 0 || bar < <u32>PCIE_MMIO_BASE) continue;
    if (pa - bar < PCI_BAR_BYTES && pa - PCIE_MMIO_BASE < <u64>PCIE_MMIO_SIZE) return slot;
  }
  return PCI_NOBODY;
}

/** Sets the INTx level that the function of `slot` asks for. */
export function pcieInterrupt(slot: u32, level: bool): void {
  const at = slotPtr(slot);
  const status = <u32>load<u16>(at, STATUS);
  store<u16>(at, level ? status | STATUS_INTERRUPT : status & ~STATUS_INTERRUPT, STATUS);
  drive(slot);
}


@inline
function slotPtr(slot: u32): usize {
  return PCI_STATE_PTR + (slot << SLOT_SHIFT);
}

/** Four lines are shared by all slots: a line is high while any function on it asks. */
function drive(slot: u32): void {
  let level = false;
  for (let other = slot & 3; other < SLOTS; other += 4) {
    const at = slotPtr(other);
    const asks = (load<u16>(at, STATUS) & STATUS_INTERRUPT) != 0;
    level = level || (asks && (load<u16>(at, COMMAND) & COMMAND_INTX_DISABLE) == 0);
  }
  setLine(PCIE_IRQ + (slot & 3), level);
}
