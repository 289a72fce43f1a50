// One port of the console device: its state, its name, and the ring of bytes on their way from the host to the guest.
// Depends on host, dev/layout. Rings are free-running: head and tail count all bytes that ever passed.
import { HOST_BUFFER_BYTES, MAX_PORTS } from "../../abi";
import { portOpen } from "../../host";
import { HOST_BUFFER_PTR } from "../../layout";
import { PORT_RING_BYTES, PORT_RINGS_PTR, PORTS_STATE_PTR } from "../layout";

export const PORT_NAME_MAX_BYTES: u32 = 63;
const PORT_STATE_BYTES: u32 = 128;

/** Control messages the guest still has to get about a port, sent in the order of their bits. */
export const SEND_ADD: u32 = 1;
export const SEND_NAME: u32 = 2;
export const SEND_CONSOLE: u32 = 4;
export const SEND_RESIZE: u32 = 8;
export const SEND_CLOSE: u32 = 16;
export const SEND_OPEN: u32 = 32;


@final
@unmanaged
export class Port {
  added: u32;
  nameBytes: u32;
  hostOpen: u32;
  head: u32;
  tail: u32;
  closeAt: u32; // where in the ring the host hung up, while SEND_CLOSE waits
  // --- from here on a reset of the device clears
  known: u32; // the guest said PORT_READY
  guestOpen: u32;
  sends: u32; // SEND_ bits
}


@inline
export function portAt(port: u32): Port {
  return changetype<Port>(PORTS_STATE_PTR + port * PORT_STATE_BYTES);
}


@inline
export function portExists(port: u32): bool {
  return port < <u32>MAX_PORTS && portAt(port).added != 0;
}

/** The name's bytes stand behind the state. */
@inline
export function portNamePtr(port: u32): usize {
  return changetype<usize>(portAt(port)) + (PORT_STATE_BYTES - 64);
}

/** What the guest said of its end; the host hears of changes. */
export function setGuestOpen(port: u32, open: u32): void {
  const p = portAt(port);
  if (p.guestOpen == open) return;
  p.guestOpen = open;
  portOpen(port, open);
}

/** Takes up to `len` bytes of HOST_BUFFER_PTR; gives how many fitted. */
export function fillRing(port: u32, len: u32): u32 {
  const p = portAt(port);
  const count = min(min(len, HOST_BUFFER_BYTES), ringRoom(port));
  const start = p.tail & (PORT_RING_BYTES - 1);
  const first = min(count, PORT_RING_BYTES - start);
  const ring = PORT_RINGS_PTR + port * PORT_RING_BYTES;
  memory.copy(ring + start, HOST_BUFFER_PTR, first);
  memory.copy(ring, HOST_BUFFER_PTR + first, count - first);
  p.tail += count;
  return count;
}


@inline
export function ringRoom(port: u32): u32 {
  const p = portAt(port);
  return PORT_RING_BYTES - (p.tail - p.head);
}

/** Bytes that may go to the guest now; those behind a hang-up wait until the guest has been told of it. */
export function ringReady(port: u32): u32 {
  const p = portAt(port);
  return ((p.sends & SEND_CLOSE) != 0 ? p.closeAt : p.tail) - p.head;
}

/** The front of the ring in one piece: at most `limit` bytes. */
export function ringSpan(port: u32, limit: u32): u32 {
  return min(min(limit, ringReady(port)), PORT_RING_BYTES - (portAt(port).head & (PORT_RING_BYTES - 1)));
}


@inline
export function ringFrontPtr(port: u32): usize {
  return PORT_RINGS_PTR + port * PORT_RING_BYTES + (portAt(port).head & (PORT_RING_BYTES - 1));
}
