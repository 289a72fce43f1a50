// A virtio driver for tests, as a guest would write one, over PCI and over MMIO. Runs in Node, not in the machine.
import { RAM, type TestBoard } from "./harness.js";

export const ECAM = 0x30000000;
export const PCI_WINDOW = 0x40000000;
const MMIO = 0x10001000;

export const VERSION_1 = 1n << 32n;
export const EVENT_IDX = 1n << 29n;
export const INDIRECT = 1n << 28n;

export const ACKNOWLEDGE = 1;
export const DRIVER = 2;
export const DRIVER_OK = 4;
export const FEATURES_OK = 8;
export const NEEDS_RESET = 64;

/** What a driver does with the registers of either transport. */
export interface Transport {
  readonly irq: number;
  deviceId(): number;
  features(): bigint;
  accept(features: bigint): void;
  status(): number;
  setStatus(value: number): void;
  queueSizeMax(queue: number): number;
  setQueue(queue: number, size: number, desc: bigint, driver: bigint, device: bigint): void;
  notify(queue: number): void;
  takeIsr(): number;
  config(offset: number, size: number): number;
  generation(): number;
}

export class MmioTransport implements Transport {
  readonly irq: number;
  private readonly base: number;
  constructor(
    private readonly b: TestBoard,
    slot: number,
  ) {
    this.base = MMIO + slot * 0x1000;
    this.irq = 1 + slot;
  }
  reg(offset: number): number {
    return this.b.read(this.base + offset, 4);
  }
  set(offset: number, value: bigint | number): void {
    this.b.write(this.base + offset, 4, value);
  }
  deviceId() {
    return this.reg(0x08);
  }
  features() {
    this.set(0x14, 1);
    const high = BigInt(this.reg(0x10));
    this.set(0x14, 0);
    return (high << 32n) | BigInt(this.reg(0x10));
  }
  accept(features: bigint) {
    for (const word of [0, 1]) {
      this.set(0x24, word);
      this.set(0x20, (features >> BigInt(32 * word)) & 0xffffffffn);
    }
  }
  status() {
    return this.reg(0x70);
  }
  setStatus(value: number) {
    this.set(0x70, value);
  }
  queueSizeMax(queue: number) {
    this.set(0x30, queue);
    return this.reg(0x34);
  }
  setQueue(queue: number, size: number, desc: bigint, driver: bigint, device: bigint) {
    this.set(0x30, queue);
    this.set(0x38, size);
    for (const [offset, pa] of [
      [0x80, desc],
      [0x90, driver],
      [0xa0, device],
    ] as const) {
      this.set(offset, pa & 0xffffffffn);
      this.set(offset + 4, pa >> 32n);
    }
    this.set(0x44, 1);
  }
  notify(queue: number) {
    this.set(0x50, queue);
  }
  takeIsr() {
    const isr = this.reg(0x60);
    this.set(0x64, isr);
    return isr;
  }
  config(offset: number, size: number) {
    return this.b.read(this.base + 0x100 + offset, size);
  }
  generation() {
    return this.reg(0xfc);
  }
}

/** Finds its structures through the capability list, as a modern driver does. */
export class PciTransport implements Transport {
  readonly irq: number;
  readonly regions = new Map<number, number>();
  readonly config0: number;
  multiplier = 0;
  constructor(
    private readonly b: TestBoard,
    slot: number,
    bar: number,
  ) {
    this.config0 = ECAM + (slot << 15);
    this.irq = 32 + ((slot + b.read(this.config0 + 0x3d, 1) - 1) & 3);
    b.write(this.config0 + 0x10, 4, bar);
    b.write(this.config0 + 4, 2, 6);
    let cap = b.read(this.config0 + 0x34, 1);
    for (let n = 0; cap !== 0 && n < 16; n++) {
      const type = b.read(this.config0 + cap + 3, 1);
      if (type !== 5) this.regions.set(type, bar + b.read(this.config0 + cap + 8, 4));
      if (type === 2) this.multiplier = b.read(this.config0 + cap + 16, 4);
      cap = b.read(this.config0 + cap + 1, 1);
    }
  }
  private common(offset: number): number {
    return (this.regions.get(1) ?? 0) + offset;
  }
  deviceId() {
    return this.b.read(this.config0 + 2, 2) - 0x1040;
  }
  features() {
    this.b.write(this.common(0), 4, 1);
    const high = BigInt(this.b.read(this.common(4), 4));
    this.b.write(this.common(0), 4, 0);
    return (high << 32n) | BigInt(this.b.read(this.common(4), 4));
  }
  accept(features: bigint) {
    for (const word of [0, 1]) {
      this.b.write(this.common(8), 4, word);
      this.b.write(this.common(12), 4, (features >> BigInt(32 * word)) & 0xffffffffn);
    }
  }
  status() {
    return this.b.read(this.common(0x14), 1);
  }
  setStatus(value: number) {
    this.b.write(this.common(0x14), 1, value);
  }
  queueSizeMax(queue: number) {
    this.b.write(this.common(0x16), 2, queue);
    return this.b.read(this.common(0x18), 2);
  }
  setQueue(queue: number, size: number, desc: bigint, driver: bigint, device: bigint) {
    this.b.write(this.common(0x16), 2, queue);
    this.b.write(this.common(0x18), 2, size);
    this.b.write(this.common(0x20), 8, desc);
    this.b.write(this.common(0x28), 4, driver & 0xffffffffn);
    this.b.write(this.common(0x2c), 4, driver >> 32n);
    this.b.write(this.common(0x30), 8, device);
    this.b.write(this.common(0x1c), 2, 1);
  }
  notify(queue: number) {
    this.b.write(this.common(0x16), 2, queue);
    const at = (this.regions.get(2) ?? 0) + this.b.read(this.common(0x1e), 2) * this.multiplier;
    this.b.write(at, 2, queue);
  }
  takeIsr() {
    return this.b.read(this.regions.get(3) ?? 0, 1);
  }
  config(offset: number, size: number) {
    return this.b.read((this.regions.get(4) ?? 0) + offset, size);
  }
  generation() {
    return this.b.read(this.common(0x15), 1);
  }
}

/** The device that was attached as number `place` to a transport (0 PCI, 1 MMIO). */
export function connect(b: TestBoard, transport: number, place = 0): Transport {
  return transport === 0 ? new PciTransport(b, place + 1, PCI_WINDOW + 0x10000 * place) : new MmioTransport(b, place);
}

/** A piece of a chain: bytes for the device to read, or how many it may write. */
export type Piece = Uint8Array | number;

/** The driver's side of one split queue, with buffers of its own in a region of guest RAM. */
export class DriverQueue {
  private avail = 0;
  private used = 0;
  private nextDesc = 0;
  private buffers: bigint;
  readonly desc: bigint;
  readonly driver: bigint;
  readonly device: bigint;
  private readonly writable = new Map<number, { pa: bigint; len: number }[]>();
  /** `region` is 1 MiB of RAM. */
  constructor(
    readonly b: TestBoard,
    readonly t: Transport,
    readonly index: number,
    readonly size: number,
    region: number,
    private readonly indirect = false,
  ) {
    this.desc = RAM + BigInt(region);
    this.driver = this.desc + 0x2000n;
    this.device = this.desc + 0x3000n;
    this.buffers = this.desc + 0x4000n;
    b.poke(this.driver, new Uint8Array(6 + 2 * size));
    b.poke(this.device, new Uint8Array(6 + 8 * size));
    t.setQueue(index, size, this.desc, this.driver, this.device);
  }

  /** Makes a chain available; gives its head. */
  add(...pieces: Piece[]): number {
    const at = pieces.map((piece) => this.place(piece));
    const head = this.nextDesc;
    const table = this.indirect ? this.buffers : this.desc;
    const first = this.indirect ? 0 : head;
    at.forEach(({ pa, len, write }, i) => {
      const last = i === at.length - 1;
      const entry = this.indirect ? i : (first + i) % this.size;
      this.describe(
        table + 16n * BigInt(entry),
        pa,
        len,
        (write ? 2 : 0) | (last ? 0 : 1),
        this.indirect ? i + 1 : (entry + 1) % this.size,
      );
    });
    if (this.indirect) {
      this.buffers += BigInt(16 * at.length);
      this.describe(this.desc + 16n * BigInt(head), table, 16 * at.length, 4, 0);
    }
    this.nextDesc = (head + (this.indirect ? 1 : at.length)) % this.size;
    this.writable.set(
      head,
      at.filter((p) => p.write),
    );
    this.b.pokeInt(this.driver + 4n + 2n * BigInt(this.avail % this.size), 2, head);
    this.avail = (this.avail + 1) & 0xffff;
    this.b.pokeInt(this.driver + 2n, 2, this.avail);
    return head;
  }

  kick(): void {
    this.t.notify(this.index);
  }

  /** What the device returned since the last call: the bytes it wrote. */
  collect(): { head: number; len: number; data: Uint8Array }[] {
    const done = [];
    const end = this.b.peekInt(this.device + 2n, 2);
    while (this.used !== end) {
      const element = this.device + 4n + 8n * BigInt(this.used % this.size);
      const head = this.b.peekInt(element, 4);
      const len = this.b.peekInt(element + 4n, 4);
      const data = (this.writable.get(head) ?? []).flatMap(({ pa, len: n }) => [...this.b.peek(pa, n)]);
      done.push({ head, len, data: Uint8Array.from(data) });
      this.used = (this.used + 1) & 0xffff;
    }
    return done;
  }

  /** Adds, kicks, and gives what came back for it. */
  exchange(...pieces: Piece[]): Uint8Array {
    this.add(...pieces);
    this.kick();
    const done = this.collect();
    if (done.length !== 1) throw new Error(`expected one used chain, got ${done.length}`);
    return done[0]?.data ?? new Uint8Array();
  }

  describe(ptr: bigint, pa: bigint, len: number, flags: number, next: number): void {
    this.b.pokeInt(ptr, 8, pa);
    this.b.pokeInt(ptr + 8n, 4, len);
    this.b.pokeInt(ptr + 12n, 2, flags);
    this.b.pokeInt(ptr + 14n, 2, next);
  }

  private place(piece: Piece): { pa: bigint; len: number; write: boolean } {
    const pa = this.buffers;
    const len = typeof piece === "number" ? piece : piece.length;
    if (typeof piece !== "number") this.b.poke(pa, piece);
    this.buffers += BigInt((len + 15) & ~15);
    return { pa, len, write: typeof piece === "number" };
  }
}

/** Brings a device up to FEATURES_OK with all it offers but `without`. */
export function negotiate(t: Transport, without = 0n): bigint {
  t.setStatus(0);
  t.setStatus(ACKNOWLEDGE | DRIVER);
  const features = t.features() & ~without;
  t.accept(features);
  t.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
  return features;
}

export function driverOk(t: Transport): void {
  t.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

export function text(data: string): Uint8Array {
  return new TextEncoder().encode(data);
}
