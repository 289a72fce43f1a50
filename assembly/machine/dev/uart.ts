// UART 16550A: the serial console. Sending is instant; what arrives waits in a ring that plays the receive FIFO.
// Depends on bus. PC16550D data sheet; registers are one byte apart.
import { HOST_BUFFER_BYTES, UART_IRQ } from "../abi";
import { setLine } from "../bus/irq";
import { serialWrite } from "../bus/serial";
import { HOST_BUFFER_PTR } from "../layout";
import { UART_RING_BYTES, UART_RING_PTR, UART_STATE_PTR } from "./layout";

const RBR_THR_DLL: u32 = 0;
const IER_DLM: u32 = 1;
const IIR_FCR: u32 = 2;
const LCR: u32 = 3;
const MCR: u32 = 4;
const LSR: u32 = 5;
const MSR: u32 = 6;
const SCR: u32 = 7;

const IER_RDI: u32 = 0x01;
const IER_THRI: u32 = 0x02;
const IER_RLSI: u32 = 0x04;
const IER_MSI: u32 = 0x08;
const IIR_NONE: u32 = 0x01;
const IIR_MSI: u32 = 0x00;
const IIR_THRI: u32 = 0x02;
const IIR_RDI: u32 = 0x04;
const IIR_RLSI: u32 = 0x06;
const IIR_TIMEOUT: u32 = 0x0c;
const IIR_FIFO: u32 = 0xc0;
const FCR_ENABLE: u32 = 0x01;
const FCR_CLEAR_RX: u32 = 0x02;
const LCR_DLAB: u32 = 0x80;
const MCR_LOOP: u32 = 0x10;
const LSR_DR: u32 = 0x01;
const LSR_OE: u32 = 0x02;
const LSR_ERRORS: u32 = 0x1e;
const LSR_THRE_TEMT: u32 = 0x60;
const MSR_TERI: u32 = 0x04;
const MSR_CONNECTED: u32 = 0xb0; // DCD, DSR, CTS
const FIFO_BYTES: u32 = 16;

const IER_PTR: usize = UART_STATE_PTR;
const FCR_PTR: usize = UART_STATE_PTR + 1;
const LCR_PTR: usize = UART_STATE_PTR + 2;
const MCR_PTR: usize = UART_STATE_PTR + 3;
const SCR_PTR: usize = UART_STATE_PTR + 4;
const DLL_PTR: usize = UART_STATE_PTR + 5;
const DLM_PTR: usize = UART_STATE_PTR + 6;
const ERRORS_PTR: usize = UART_STATE_PTR + 7; // LSR error bits since LSR was last read
const MSR_DELTA_PTR: usize = UART_STATE_PTR + 8;
const THRI_PTR: usize = UART_STATE_PTR + 9; // "transmitter empty" not yet acknowledged
const LOOP_COUNT_PTR: usize = UART_STATE_PTR + 10;
const LOOP_PTR: usize = UART_STATE_PTR + 16; // FIFO_BYTES bytes received through the loopback
// The ring is host input, which a guest's reset of the device does not drop.
const RING_HEAD_PTR: usize = UART_STATE_PTR + 32; // u32, free-running
const RING_TAIL_PTR: usize = UART_STATE_PTR + 36; // u32, free-running

export function uartReset(): void {
  memory.fill(UART_STATE_PTR, 0, 32);
  store<u8>(DLL_PTR, 12);
  store<u8>(MCR_PTR, 0x08);
  drive();
}

/** Takes up to `len` bytes of HOST_BUFFER_PTR as received; gives how many fitted. */
export function uartReceive(len: u32): u32 {
  const tail = load<u32>(RING_TAIL_PTR);
  const room = UART_RING_BYTES - (tail - load<u32>(RING_HEAD_PTR));
  const count = min(min(len, room), HOST_BUFFER_BYTES);
  for (let i: u32 = 0; i < count; i++) {
    store<u8>(UART_RING_PTR + ((tail + i) & (UART_RING_BYTES - 1)), load<u8>(HOST_BUFFER_PTR + i));
  }
  store<u32>(RING_TAIL_PTR, tail + count);
  drive();
  return count;
}

/** Any access size: as on QEMU's board, only the low byte counts. */
export function uartLoad(offset: u32): u32 {
  let value: u32 = 0;
  switch (offset) {
    case RBR_THR_DLL:
      value = dlab() ? load<u8>(DLL_PTR) : takeByte();
      break;
    case IER_DLM:
      return dlab() ? load<u8>(DLM_PTR) : load<u8>(IER_PTR);
    case IIR_FCR:
      value = interruptId();
      if (value == IIR_THRI) store<u8>(THRI_PTR, 0);
      if ((load<u8>(FCR_PTR) & FCR_ENABLE) != 0) value |= IIR_FIFO;
      break;
    case LCR:
      return load<u8>(LCR_PTR);
    case MCR:
      return load<u8>(MCR_PTR);
    case LSR:
      value = load<u8>(ERRORS_PTR) | LSR_THRE_TEMT | (received() != 0 ? LSR_DR : 0);
      store<u8>(ERRORS_PTR, 0);
      break;
    case MSR:
      value = modemLines() | load<u8>(MSR_DELTA_PTR);
      store<u8>(MSR_DELTA_PTR, 0);
      break;
    case SCR:
      return load<u8>(SCR_PTR);
    default:
      return 0;
  }
  drive();
  return value;
}

export function uartStore(offset: u32, value: u32): void {
  value &= 0xff;
  switch (offset) {
    case RBR_THR_DLL:
      if (dlab()) store<u8>(DLL_PTR, value);
      else send(value);
      break;
    case IER_DLM:
      if (dlab()) store<u8>(DLM_PTR, value);
      else {
        // Enabling it raises it at once: the transmitter is always empty.
        if ((value & ~load<u8>(IER_PTR) & IER_THRI) != 0) store<u8>(THRI_PTR, 1);
        store<u8>(IER_PTR, value & 0x0f);
      }
      break;
    case IIR_FCR:
      // Bytes from the host stay: it is as though they arrived just after the FIFO was cleared.
      if ((value & FCR_CLEAR_RX) != 0) store<u8>(LOOP_COUNT_PTR, 0);
      store<u8>(FCR_PTR, value & 0xc9);
      break;
    case LCR:
      store<u8>(LCR_PTR, value);
      break;
    case MCR:
      setModemControl(value & 0x1f);
      break;
    case SCR:
      store<u8>(SCR_PTR, value);
      break;
    default:
      break;
  }
  drive();
}


@inline
function dlab(): bool {
  return (load<u8>(LCR_PTR) & LCR_DLAB) != 0;
}


@inline
function looped(): bool {
  return (load<u8>(MCR_PTR) & MCR_LOOP) != 0;
}

/** Bytes the guest can read; while looped, the outside does not reach the receiver. */
function received(): u32 {
  const fromLoop = <u32>load<u8>(LOOP_COUNT_PTR);
  return looped() ? fromLoop : fromLoop + load<u32>(RING_TAIL_PTR) - load<u32>(RING_HEAD_PTR);
}

function takeByte(): u32 {
  const count = <u32>load<u8>(LOOP_COUNT_PTR);
  if (count != 0) {
    const byte = load<u8>(LOOP_PTR);
    memory.copy(LOOP_PTR, LOOP_PTR + 1, FIFO_BYTES - 1);
    store<u8>(LOOP_COUNT_PTR, count - 1);
    return byte;
  }
  if (received() == 0) return 0;
  const head = load<u32>(RING_HEAD_PTR);
  store<u32>(RING_HEAD_PTR, head + 1);
  return load<u8>(UART_RING_PTR + (head & (UART_RING_BYTES - 1)));
}

function send(byte: u32): void {
  if (looped()) {
    const capacity: u32 = (load<u8>(FCR_PTR) & FCR_ENABLE) != 0 ? FIFO_BYTES : 1;
    const count = <u32>load<u8>(LOOP_COUNT_PTR);
    if (count < capacity) {
      store<u8>(LOOP_PTR + count, byte);
      store<u8>(LOOP_COUNT_PTR, count + 1);
    } else store<u8>(ERRORS_PTR, load<u8>(ERRORS_PTR) | LSR_OE);
  } else serialWrite(byte);
  store<u8>(THRI_PTR, 1);
}

/** The upper half of MSR; looped, MCR's DTR, RTS, OUT1, OUT2 appear as DSR, CTS, RI, DCD. */
function modemLines(): u32 {
  if (!looped()) return MSR_CONNECTED;
  const mcr = <u32>load<u8>(MCR_PTR);
  return ((mcr & 0x0c) << 4) | ((mcr & 0x01) << 5) | ((mcr & 0x02) << 3);
}

function setModemControl(value: u32): void {
  const before = modemLines();
  store<u8>(MCR_PTR, value);
  const after = modemLines();
  // RI reports only its trailing edge; the other three report any change.
  const deltas = (((before ^ after) >> 4) & 0x0b) | (((before & ~after) >> 4) & MSR_TERI);
  store<u8>(MSR_DELTA_PTR, load<u8>(MSR_DELTA_PTR) | deltas);
}

function interruptId(): u32 {
  const ier = <u32>load<u8>(IER_PTR);
  if ((ier & IER_RLSI) != 0 && (load<u8>(ERRORS_PTR) & LSR_ERRORS) != 0) return IIR_RLSI;
  const count = received();
  if ((ier & IER_RDI) != 0 && count != 0) return count >= trigger() ? IIR_RDI : IIR_TIMEOUT;
  if ((ier & IER_THRI) != 0 && load<u8>(THRI_PTR) != 0) return IIR_THRI;
  if ((ier & IER_MSI) != 0 && load<u8>(MSR_DELTA_PTR) != 0) return IIR_MSI;
  return IIR_NONE;
}

function trigger(): u32 {
  const fcr = <u32>load<u8>(FCR_PTR);
  if ((fcr & FCR_ENABLE) == 0) return 1;
  switch (fcr >> 6) {
    case 0:
      return 1;
    case 1:
      return 4;
    case 2:
      return 8;
    default:
      return 14;
  }
}

function drive(): void {
  setLine(UART_IRQ, interruptId() != IIR_NONE);
}
