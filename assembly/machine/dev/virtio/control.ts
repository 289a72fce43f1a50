// The control queues of the console device: how driver and device tell each other about ports.
// Depends on virtio/{queue,chain,port}. Virtio 1.2, section 5.3.6.2. What the guest must hear is kept as bits a port, so
// nothing queues up without bound while the guest offers no buffer.
//
//   message (8 bytes):  u32 port id | u16 event | u16 value     then a name, or u16 cols | u16 rows
import { MAX_PORTS } from "../../abi";
import { MESSAGE_PTR } from "../layout";
import { readChain, writeChain } from "./chain";
import { configPtr, VirtioDevice } from "./device";
import {
  portAt,
  portExists,
  portNamePtr,
  SEND_ADD,
  SEND_CLOSE,
  SEND_CONSOLE,
  SEND_NAME,
  SEND_OPEN,
  SEND_RESIZE,
  setGuestOpen,
} from "./port";
import { finishChain, signalDriver, takeChain, VISIT_CHAINS } from "./queue";

const DEVICE_READY: u32 = 0;
const PORT_ADD: u32 = 1;
const PORT_READY: u32 = 3;
const CONSOLE_PORT: u32 = 4;
const RESIZE: u32 = 5;
const PORT_OPEN: u32 = 6;
const PORT_NAME: u32 = 7;

const HEADER_BYTES: u32 = 8;

/** Takes in all messages of the guest. */
export function receiveControl(d: VirtioDevice, queue: u32): void {
  for (let n: u32 = 0; n < VISIT_CHAINS && takeChain(d, queue); n++) {
    if (readChain(MESSAGE_PTR, HEADER_BYTES) == HEADER_BYTES) {
      accept(d, load<u32>(MESSAGE_PTR), load<u16>(MESSAGE_PTR, 4), load<u16>(MESSAGE_PTR, 6));
    }
    finishChain(d, queue, 0);
  }
  signalDriver(d, queue);
}

/** Sends what waits, as far as the guest offers buffers. */
export function flushControl(d: VirtioDevice, queue: u32): void {
  for (let port: u32 = 0; port < <u32>MAX_PORTS; port++) {
    const p = portAt(port);
    while (p.added != 0) {
      const message = firstSend(port);
      if (message == 0 || !takeChain(d, queue)) break;
      p.sends &= ~message;
      finishChain(d, queue, writeChain(MESSAGE_PTR, compose(d, port, message)));
    }
  }
  signalDriver(d, queue);
}

/** The lowest bit due; a hang-up is not due before the guest has what came ahead of it. */
function firstSend(port: u32): u32 {
  const p = portAt(port);
  const first = p.sends & -p.sends;
  return first == SEND_CLOSE && p.head != p.closeAt ? 0 : first;
}

function accept(d: VirtioDevice, port: u32, event: u32, value: u32): void {
  if (event == DEVICE_READY) {
    for (let i: u32 = 0; value != 0 && i < <u32>MAX_PORTS; i++) portAt(i).sends |= SEND_ADD;
    return;
  }
  if (!portExists(port)) return;
  const p = portAt(port);
  if (event == PORT_READY && value != 0) {
    p.known = 1;
    if (p.nameBytes != 0) p.sends |= SEND_NAME;
    if (port == 0) p.sends |= load<u32>(configPtr(d)) != 0 ? SEND_CONSOLE | SEND_RESIZE : SEND_CONSOLE;
    if (p.hostOpen != 0) p.sends |= SEND_OPEN;
  } else if (event == PORT_OPEN) {
    setGuestOpen(port, value != 0 ? 1 : 0);
  }
}

/** Writes one message to MESSAGE_PTR; gives its length. */
function compose(d: VirtioDevice, port: u32, message: u32): u32 {
  switch (message) {
    case SEND_ADD:
      return header(port, PORT_ADD, 1);
    case SEND_NAME: {
      const bytes = portAt(port).nameBytes;
      memory.copy(MESSAGE_PTR + HEADER_BYTES, portNamePtr(port), bytes);
      return header(port, PORT_NAME, 1) + bytes;
    }
    case SEND_CONSOLE:
      return header(port, CONSOLE_PORT, 1);
    case SEND_RESIZE:
      // cols, then rows: Linux before 6.16 (and older stable releases) took them the other way round.
      store<u32>(MESSAGE_PTR, load<u32>(configPtr(d)), HEADER_BYTES);
      return header(port, RESIZE, 0) + 4;
    case SEND_CLOSE:
      return header(port, PORT_OPEN, 0);
    default:
      return header(port, PORT_OPEN, 1);
  }
}

function header(port: u32, event: u32, value: u32): u32 {
  store<u32>(MESSAGE_PTR, port);
  store<u16>(MESSAGE_PTR, event, 4);
  store<u16>(MESSAGE_PTR, value, 6);
  return HEADER_BYTES;
}
