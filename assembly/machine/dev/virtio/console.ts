// Virtio console device with several ports; port 0 is the console itself. Depends on host, virtio/{queue,chain,port}.
// Virtio 1.2, section 5.3. Queues: 0 and 1 receive and transmit of port 0, 2 and 3 control, 2n+2 and 2n+3 those of port n.
// Back-pressure both ways: what the host does not take stays in the guest's buffer, what the guest has no room for in a ring.
import { MAX_PORTS, VIRTIO_ID_CONSOLE } from "../../abi";
import { portWrite } from "../../host";
import { nextReadSpan, nextWriteSpan, skipRead, spanPtr } from "./chain";
import { flushControl, receiveControl } from "./control";
import { configChanged, configPtr, findDevice, hasFeature, VirtioDevice } from "./device";
import {
  fillRing,
  portAt,
  portExists,
  ringFrontPtr,
  ringReady,
  ringSpan,
  SEND_ADD,
  SEND_CLOSE,
  SEND_OPEN,
  SEND_RESIZE,
  setGuestOpen,
} from "./port";
import { finishChain, queueAt, signalDriver, takeChain, VISIT_CHAINS } from "./queue";

export const CONSOLE_F_SIZE: u64 = 1;
export const CONSOLE_F_MULTIPORT: u64 = 2;
export const CONSOLE_QUEUES: u32 = 2 * (MAX_PORTS + 1);

const CONTROL_RECEIVEQ: u32 = 2;
const CONTROL_TRANSMITQ: u32 = 3;
const MAX_NR_PORTS_OFFSET: usize = 4;
/** After this much from one port the guest runs on; deviceTick() continues. */
const BURST_BYTES: u32 = 1 << 20;

/** config: u16 cols | u16 rows | u32 max_nr_ports. */
export function initConsoleConfig(config: usize): void {
  store<u32>(config, MAX_PORTS, MAX_NR_PORTS_OFFSET);
}

/** The driver is up. One that knows no ports means port 0, and that port is open. */
export function startConsole(d: VirtioDevice): void {
  if (!hasFeature(d, CONSOLE_F_MULTIPORT)) setGuestOpen(0, 1);
}

/** The guest forgot all it knew; the host hears of ports that closed by it. */
export function resetConsole(): void {
  for (let port: u32 = 0; port < <u32>MAX_PORTS; port++) {
    const p = portAt(port);
    setGuestOpen(port, 0);
    p.known = 0;
    // A hang-up the guest was not told of yet is moot, and so are the bytes before it.
    if ((p.sends & SEND_CLOSE) != 0) p.head = p.closeAt;
    p.sends = 0;
  }
}

/** The whole machine was reset: bytes for a program of the old run are dropped, what was typed at the console is kept. */
export function dropPortInput(): void {
  for (let port: u32 = 1; port < <u32>MAX_PORTS; port++) portAt(port).head = portAt(port).tail;
}

export function notifyConsole(d: VirtioDevice, queue: u32): void {
  if (queue == CONTROL_RECEIVEQ) flushControl(d, CONTROL_RECEIVEQ);
  else if (queue == CONTROL_TRANSMITQ) {
    receiveControl(d, CONTROL_TRANSMITQ);
    flushAll(d);
  } else {
    const port = queue < 2 ? 0 : (queue - 2) >> 1;
    if ((queue & 1) != 0) transmit(d, port, queue);
    else receive(d, port, queue);
  }
}

/** The host can take bytes of `port` again. */
export function drainPort(port: u32): void {
  const d = findDevice(VIRTIO_ID_CONSOLE, 0);
  if (d != null && portExists(port)) transmit(d, port, receiveq(port) + 1);
}

/** Bytes for the guest, from HOST_BUFFER_PTR; gives how many were taken. */
export function inputPort(port: u32, len: u32): u32 {
  const d = findDevice(VIRTIO_ID_CONSOLE, 0);
  if (d == null || !portExists(port)) return 0;
  const count = fillRing(port, len);
  receive(d, port, receiveq(port));
  return count;
}

/** The host opened or hung up its end. */
export function connectPort(port: u32, open: bool): void {
  const d = findDevice(VIRTIO_ID_CONSOLE, 0);
  if (d == null || !portExists(port)) return;
  const p = portAt(port);
  if ((p.hostOpen != 0) == open) return;
  p.hostOpen = open ? 1 : 0;
  if (p.known == 0) return;
  if (open) p.sends |= SEND_OPEN;
  else {
    p.closeAt = p.tail;
    p.sends = (p.sends & ~SEND_OPEN) | SEND_CLOSE;
  }
  flushControl(d, CONTROL_RECEIVEQ);
  receive(d, port, receiveq(port));
}

/** A port was added to the device: a guest that is up already gets to know. */
export function announcePort(d: VirtioDevice, port: u32): void {
  portAt(port).sends |= SEND_ADD;
  flushControl(d, CONTROL_RECEIVEQ);
}

export function resizeConsole(cols: u32, rows: u32): void {
  const d = findDevice(VIRTIO_ID_CONSOLE, 0);
  if (d == null) return;
  const size = (cols & 0xffff) | (rows << 16);
  if (load<u32>(configPtr(d)) == size) return;
  store<u32>(configPtr(d), size);
  configChanged(d);
  if (portAt(0).known != 0) portAt(0).sends |= SEND_RESIZE;
  flushControl(d, CONTROL_RECEIVEQ);
}


@inline
function receiveq(port: u32): u32 {
  return port == 0 ? 0 : 2 + 2 * port;
}

/** A control message may have opened ports or answered a wait: offer everything that stands ready. */
function flushAll(d: VirtioDevice): void {
  flushControl(d, CONTROL_RECEIVEQ);
  for (let port: u32 = 0; port < <u32>MAX_PORTS; port++) receive(d, port, receiveq(port));
}

/** Ring to guest; then, where the ring is empty up to a hang-up, the word of it, and what came after. */
function receive(d: VirtioDevice, port: u32, queue: u32): void {
  if (!portExists(port)) return;
  deliver(d, port, queue);
  if ((portAt(port).sends & SEND_CLOSE) == 0) return;
  flushControl(d, CONTROL_RECEIVEQ);
  deliver(d, port, queue);
}

function deliver(d: VirtioDevice, port: u32, queue: u32): void {
  const p = portAt(port);
  for (let n: u32 = 0; n < VISIT_CHAINS && p.guestOpen != 0 && ringReady(port) != 0 && takeChain(d, queue); n++) {
    let done: u32 = 0;
    while (ringReady(port) != 0) {
      const count = nextWriteSpan(ringSpan(port, u32.MAX_VALUE));
      if (count == 0) break;
      memory.copy(spanPtr, ringFrontPtr(port), count);
      p.head += count;
      done += count;
    }
    finishChain(d, queue, done);
  }
  signalDriver(d, queue);
}

/** Guest to host, until the host takes no more or the burst is used up. */
function transmit(d: VirtioDevice, port: u32, queue: u32): void {
  if (!portExists(port)) return;
  let burst: u32 = 0;
  while (burst < BURST_BYTES && takeChain(d, queue)) {
    const held = queueAt(d, queue).heldBytes;
    skipRead(held);
    const sent = sendChain(port, BURST_BYTES - burst);
    burst += sent + 1; // empty chains count too
    if (!chainEmptied) {
      queueAt(d, queue).heldBytes = held + sent;
      break;
    }
    finishChain(d, queue, 0);
  }
  if (burst >= BURST_BYTES) d.unfinished |= 1 << queue;
  signalDriver(d, queue);
}

let chainEmptied = false;

/** Sends at most `limit` bytes of the rest of the chain at hand; chainEmptied says whether that was all. */
function sendChain(port: u32, limit: u32): u32 {
  let sent: u32 = 0;
  chainEmptied = false;
  while (sent < limit) {
    const count = nextReadSpan(limit - sent);
    if (count == 0) {
      chainEmptied = true;
      break;
    }
    const taken = min(portWrite(port, spanPtr, count), count);
    sent += taken;
    if (taken < count) break;
  }
  return sent;
}
