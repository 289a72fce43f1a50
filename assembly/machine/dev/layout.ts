// Where each device keeps its state, and where rings and scratch space stand. Depends on layout only.
//
//   DEVICES_PTR + 0x0000  CLINT      0x0200  PLIC      0x0800  UART     0x0900  RTC    0x0980  finisher
//               + 0x0a00  board      0x1000  console ports              0x4000  PCI functions (16 KiB)
//               + 0x8000  virtio devices (32 KiB)
//   DEVICE_QUEUES_PTR + 0x00000  host-to-guest rings of the console ports, 64 KiB each (512 KiB)
//                     + 0x80000  UART receive ring (16 KiB)
//                     + 0x84000  segments of the descriptor chain at hand (scratch)      0x85000  one small message (scratch)
import { DEVICES_PTR, DEVICE_QUEUES_PTR } from "../layout";

export const CLINT_STATE_PTR: usize = DEVICES_PTR;
export const PLIC_STATE_PTR: usize = DEVICES_PTR + 0x200;
export const UART_STATE_PTR: usize = DEVICES_PTR + 0x800;
export const RTC_STATE_PTR: usize = DEVICES_PTR + 0x900;
export const FINISHER_STATE_PTR: usize = DEVICES_PTR + 0x980;
export const BOARD_STATE_PTR: usize = DEVICES_PTR + 0xa00;
export const PORTS_STATE_PTR: usize = DEVICES_PTR + 0x1000;
export const PCI_STATE_PTR: usize = DEVICES_PTR + 0x4000;
export const VIRTIO_STATE_PTR: usize = DEVICES_PTR + 0x8000;

export const PORT_RING_BYTES: u32 = 0x10000;
export const PORT_RINGS_PTR: usize = DEVICE_QUEUES_PTR;
export const UART_RING_BYTES: u32 = 0x4000;
export const UART_RING_PTR: usize = DEVICE_QUEUES_PTR + 0x80000;
export const CHAIN_PTR: usize = DEVICE_QUEUES_PTR + 0x84000;
export const MESSAGE_PTR: usize = DEVICE_QUEUES_PTR + 0x85000;
