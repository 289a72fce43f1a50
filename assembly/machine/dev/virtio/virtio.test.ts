// Virtio devices over both transports, driven as a guest driver would: negotiation, queues, interrupts, rng, the seats.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  connect,
  DRIVER_OK,
  DriverQueue,
  driverOk,
  EVENT_IDX,
  FEATURES_OK,
  INDIRECT,
  MmioTransport,
  NEEDS_RESET,
  negotiate,
  VERSION_1,
} from "../testing/driver.js";
import { TestBoard } from "../testing/harness.js";

const PCI = 0;
const MMIO = 1;
const MIB = 1 << 20;

let b: TestBoard;
beforeAll(async () => void (await TestBoard.create()), 120_000);
beforeEach(async () => void (b = await TestBoard.create(64 * MIB)));

describe.each([
  ["PCI", PCI],
  ["MMIO", MMIO],
])("over %s", (_name, transport) => {
  it("negotiates", () => {
    b.e.attachRng(transport);
    const t = connect(b, transport);
    expect(t.deviceId()).toBe(4);
    expect(t.features()).toBe(VERSION_1 | EVENT_IDX | INDIRECT);
    t.setStatus(3);
    t.accept(EVENT_IDX); // no VERSION_1
    t.setStatus(3 | FEATURES_OK);
    expect(t.status()).toBe(3);
    t.accept(VERSION_1 | 1n); // a bit that was not offered
    t.setStatus(3 | FEATURES_OK);
    expect(t.status()).toBe(3);
    t.setStatus(3 | DRIVER_OK); // not without FEATURES_OK
    expect(t.status()).toBe(3);
    t.accept(VERSION_1);
    t.setStatus(3 | FEATURES_OK);
    expect(t.status()).toBe(3 | FEATURES_OK);
    driverOk(t);
    expect(t.status()).toBe(15);
    expect([t.queueSizeMax(0), t.queueSizeMax(1)]).toEqual([16, 0]);
    t.setStatus(0);
    expect(t.status()).toBe(0);
  });

  it("interrupts through its line, and stops at the acknowledgement", () => {
    b.e.attachRng(transport);
    const t = connect(b, transport);
    b.write(0x0c000000 + 4 * t.irq, 4, 1);
    b.write(0x0c002000 + 4 * (t.irq >> 5), 4, 2 ** (t.irq & 31));
    negotiate(t);
    const q = new DriverQueue(b, t, 0, 16, 0);
    q.add(32);
    q.kick();
    expect(q.collect()).toEqual([]); // not before DRIVER_OK
    driverOk(t);
    expect(new Set(q.collect()[0]?.data).size).toBeGreaterThan(8);
    expect(b.line(11)).toBe(true);
    expect(b.read(0x0c200004, 4)).toBe(t.irq);
    expect(t.takeIsr()).toBe(1);
    b.write(0x0c200004, 4, t.irq);
    expect([b.line(11), t.takeIsr()]).toEqual([false, 0]);
  });

  it.each([
    ["direct", false],
    ["indirect", true],
  ])("serves the queue round and round, %s", (_kind, indirect) => {
    b.e.attachRng(transport);
    const t = connect(b, transport);
    negotiate(t);
    const q = new DriverQueue(b, t, 0, 4, 0, indirect);
    driverOk(t);
    for (let i = 0; i < 300; i++) expect(q.exchange(5, 11).length).toBe(16);
    expect(t.status()).toBe(15);
  });

  it("refuses a queue that is not in RAM, misaligned or of a wrong size", () => {
    b.e.attachRng(transport);
    const t = connect(b, transport);
    const good = 0x80000000n;
    for (const [size, desc, driver, device] of [
      [3, good, good, good],
      [32, good, good, good],
      [0, good, good, good],
      [16, good + 8n, good, good],
      [16, good, good + 1n, good],
      [16, good, good, good + 2n],
      [16, 0x1000n, good, good],
      [16, good + BigInt(64 * MIB) - 16n, good, good],
      [16, good, 0xfffffffffffffffen, good],
      [16, good, good, 0xfffffffffffffffcn],
    ] as const) {
      negotiate(t);
      t.setQueue(0, size, desc, driver, device);
      expect(t.status() & NEEDS_RESET).toBe(NEEDS_RESET);
    }
    negotiate(t);
    expect(t.status() & NEEDS_RESET).toBe(0);
  });

  it("suppresses interrupts as the driver asks", () => {
    b.e.attachRng(transport);
    const t = connect(b, transport);
    negotiate(t, EVENT_IDX);
    let q = new DriverQueue(b, t, 0, 8, 0);
    driverOk(t);
    b.pokeInt(q.driver, 2, 1); // NO_INTERRUPT
    q.exchange(4);
    expect(t.takeIsr()).toBe(0);
    b.pokeInt(q.driver, 2, 0);
    q.exchange(4);
    expect(t.takeIsr()).toBe(1);

    negotiate(t);
    q = new DriverQueue(b, t, 0, 8, 0);
    driverOk(t);
    const usedEvent = q.driver + 4n + 16n;
    q.exchange(4);
    expect(t.takeIsr()).toBe(1); // the first is never suppressed
    b.pokeInt(usedEvent, 2, 3);
    q.exchange(4);
    q.exchange(4);
    expect(t.takeIsr()).toBe(0);
    q.exchange(4);
    expect(t.takeIsr()).toBe(1);
    expect(b.peekInt(q.device + 4n + 64n, 2)).toBe(4); // avail_event
  });

  it("has a seat for net: a link that is up and drops every frame", () => {
    b.e.attachNet(0, transport);
    const t = connect(b, transport);
    expect([t.deviceId(), t.config(0, 1) & 3, t.config(6, 2)]).toEqual([1, 2, 1]);
    negotiate(t);
    const rx = new DriverQueue(b, t, 0, 8, MIB);
    const tx = new DriverQueue(b, t, 1, 8, 2 * MIB);
    driverOk(t);
    rx.add(2048);
    rx.kick();
    tx.exchange(new Uint8Array(12), new Uint8Array(60));
    expect(rx.collect()).toEqual([]);
  });

  it("has a seat for fs: a tag, and ENOSYS to every request", () => {
    b.e.attachFs(0, b.handIn("root"), transport);
    const t = connect(b, transport);
    expect([t.deviceId(), t.config(0, 4), t.config(4, 1), t.config(36, 4)]).toEqual([26, 0x746f6f72, 0, 1]);
    negotiate(t);
    const q = new DriverQueue(b, t, 1, 8, MIB);
    driverOk(t);
    const init = Uint8Array.from({ length: 56 }, (_, i) => i);
    expect([...q.exchange(init, 80).subarray(0, 16)]).toEqual([16, 0, 0, 0, 0xda, 255, 255, 255, 8, 9, 10, 11, 12, 13, 14, 15]);
    q.exchange(init); // FORGET: nothing to answer into
  });
});

describe("attaching", () => {
  it("fills the slots of each transport and no more", () => {
    expect([0, 1, 2, 3, 4].map((disk) => b.e.attachDisk(disk, 1n, 0, MMIO))).toEqual([1, 1, 1, 1, 0]);
    expect(b.e.attachDisk(0, 1n, 0, PCI)).toBe(0);
    for (let unit = 0; unit < 4; unit++) expect(b.e.attachNet(unit, MMIO)).toBe(1);
    expect(b.e.attachRng(MMIO)).toBe(0);
    for (let unit = 4; unit < 12; unit++) expect(b.e.attachNet(unit, PCI)).toBe(1);
    expect(b.e.attachRng(PCI)).toBe(0);
    expect(b.e.addPort(1, 0)).toBe(0);
  });

  it("answers in an empty MMIO slot with device id 0", () => {
    const t = new MmioTransport(b, 7);
    expect([t.reg(0), t.reg(4), t.deviceId()]).toEqual([0x74726976, 2, 0]);
    t.setStatus(15);
    t.notify(0);
    expect(t.status()).toBe(0);
  });
});
