// Literal constants that both compilers read: the address map, interrupt numbers, exit codes.
// AssemblyScript and TypeScript both compile this file, so it holds plain `export const` numbers and nothing else.
// The address map is that of QEMU's `virt` board.

// ------------------------------------------------------------------------------------------- physical address map
//   0x0010_0000  test finisher          0x1000_0000  UART 16550A            0x4000_0000  PCI memory window (32 bit)
//   0x0010_1000  goldfish RTC           0x1000_1000  virtio-mmio x 8        0x8000_0000  RAM
//   0x0200_0000  CLINT                  0x3000_0000  PCIe ECAM
//   0x0c00_0000  PLIC
export const FINISHER_BASE = 0x100000;
export const FINISHER_SIZE = 0x1000;
export const RTC_BASE = 0x101000;
export const RTC_SIZE = 0x1000;
export const RTC_IRQ = 11;
export const CLINT_BASE = 0x2000000;
export const CLINT_SIZE = 0x10000;
export const PLIC_BASE = 0xc000000;
export const PLIC_SIZE = 0x600000;
export const PLIC_SOURCES = 96; // source numbers run from 1 to PLIC_SOURCES - 1
export const UART_BASE = 0x10000000;
export const UART_SIZE = 0x100;
export const UART_IRQ = 10;
export const UART_CLOCK_HZ = 3686400;
export const VIRTIO_MMIO_BASE = 0x10001000;
export const VIRTIO_MMIO_STRIDE = 0x1000;
export const VIRTIO_MMIO_SLOTS = 8;
export const VIRTIO_MMIO_IRQ = 1; // slot n interrupts on VIRTIO_MMIO_IRQ + n
export const PCIE_ECAM_BASE = 0x30000000;
export const PCIE_ECAM_SIZE = 0x10000000;
export const PCIE_MMIO_BASE = 0x40000000;
export const PCIE_MMIO_SIZE = 0x40000000;
export const PCIE_IRQ = 32; // INTx pin p (0 = A) of slot s interrupts on PCIE_IRQ + ((s + p) & 3)
export const PCIE_SLOTS = 32;
export const RAM_BASE = 0x80000000;
export const RAM_MIN_BYTES = 0x1000000; // 16 MiB
export const RAM_MAX_BYTES = 0xc0000000; // 3 GiB

export const TIMEBASE_HZ = 10000000; // mtime ticks a second
export const PAGE_BYTES = 4096;
export const CACHE_BLOCK_BYTES = 64; // cbo.* block size
export const MAX_HARTS = 8;

// ------------------------------------------------------------------------------------- what run() came back with
export const EXIT_BUDGET = 0; // the budget is used up: call again
export const EXIT_IDLE = 1; // every hart waits for an interrupt: sleep until the deadline or an input, call again
export const EXIT_POWEROFF = 2; // the guest powered off; exitStatus() holds its code
export const EXIT_REBOOT = 3; // the guest asked for a reset
export const EXIT_CRASH = 4; // the guest's SBI reset request named a system failure
export const EXIT_HTIF = 5; // a write to `tohost` ended the run; exitStatus() holds code >> 1

// --------------------------------------------------------------------------------------------- how a guest is run
export const ENGINE_INTERPRET = 0; // instruction by instruction
export const ENGINE_TRANSLATE = 1; // hot code is translated to WebAssembly
export const ENGINE_EAGER = 2; // all code is, at first sight

// -------------------------------------------------------------- what the host did with a module of translated code
export const LINK_REFUSED = 0; // it cannot compile
export const LINK_DONE = 1; // the function is in the table
export const LINK_PENDING = 2; // it will be, some time: then the host calls regionIsReady()

// ---------------------------------------------------------------------------------------------- kinds of devices
export const VIRTIO_ID_NET = 1;
export const VIRTIO_ID_BLOCK = 2;
export const VIRTIO_ID_CONSOLE = 3;
export const VIRTIO_ID_RNG = 4;
export const VIRTIO_ID_FS = 26;
export const TRANSPORT_PCI = 0;
export const TRANSPORT_MMIO = 1;
export const MAX_VIRTIO_DEVICES = 16;
export const MAX_DISKS = 4;
export const MAX_PORTS = 8; // ports of the console device; port 0 is the console itself

export const HOST_BUFFER_BYTES = 65536; // the buffer through which the host hands bytes to input functions

export const DEVICES_BYTES = 0x10000; // the registers and queues of all devices

// -------------------------------------------------------------------------------- why the machine cannot go on
export const PANIC_MEMORY = 1; // the host refused to grow the linear memory
export const PANIC_INVARIANT = 2; // a broken invariant of the machine itself
