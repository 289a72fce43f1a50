// Where everything stands in the linear memory of one machine. Depends on nothing.
// Static data of the module lies below 0x10000; RAM slots and decoded pages are handed out from HEAP_PTR upwards.
//
//   0x0001_0000  board         small state of the whole machine        (64 KiB)
//   0x0002_0000  harts         MAX_HARTS x HART_BYTES                  (64 KiB)
//   0x0003_0000  devices       clint, plic, uart, ..., virtio          (64 KiB)
//   0x0004_0000  host buffer   bytes handed in by the host             (64 KiB)
//   0x0005_0000  device queues console and UART rings, bounce buffers  (704 KiB)
//   0x0010_0000  page table    guest page -> slot, decoded page        (6 MiB)
//   0x0080_0000  translation tables of hart 0 (see hart/context.ts)
//   0x0300_0000  translator   its tables and buffers (see translate/layout.ts)  (10 MiB)
//   0x03a0_0000  heap
export const BOARD_PTR: usize = 0x10000;
export const HARTS_PTR: usize = 0x20000;
export const HART_BYTES: usize = 0x2000;
export const DEVICES_PTR: usize = 0x30000;
export const HOST_BUFFER_PTR: usize = 0x40000;
export const DEVICE_QUEUES_PTR: usize = 0x50000;
export const PAGE_TABLE_PTR: usize = 0x100000;
export const TLB_PTR: usize = 0x800000;
export const TLB_BYTES: usize = 0x2800000; // translation tables of one hart
export const TRANSLATE_PTR: usize = 0x3000000;
export const HEAP_PTR: usize = 0x3a00000;
