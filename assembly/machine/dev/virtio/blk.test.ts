// The block device, driven as a guest driver would, over both transports.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connect, DriverQueue, driverOk, NEEDS_RESET, negotiate, text } from "../testing/driver.js";
import { TestBoard } from "../testing/harness.js";

const MIB = 1 << 20;

let b: TestBoard;
beforeAll(async () => void (await TestBoard.create()), 120_000);
beforeEach(async () => void (b = await TestBoard.create(64 * MIB)));

describe.each([
  ["PCI", 0],
  ["MMIO", 1],
])("over %s", (_name, transport) => {
  const header = (type: number, sector: bigint) => {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, true);
    view.setBigUint64(8, sector, true);
    return bytes;
  };
  const disk = (readOnly = 0, sectors = 64) => {
    b.disks[2] = Uint8Array.from({ length: sectors * 512 }, (_, i) => (i >> 9) ^ i);
    expect(b.e.attachDisk(2, BigInt(sectors), readOnly, transport)).toBe(1);
    const t = connect(b, transport);
    const features = negotiate(t);
    const q = new DriverQueue(b, t, 0, 16, MIB);
    driverOk(t);
    return { t, q, features, data: b.disks[2] };
  };

  it("shows its configuration", () => {
    const { t, features } = disk();
    expect([t.config(0, 4), t.config(8, 4), t.config(12, 4), t.config(20, 4)]).toEqual([64, 65536, 126, 512]);
    expect([t.config(128, 4), t.config(124, 8), t.config(0xe00, 4)]).toEqual([0, 0, 0]);
    expect(features & (1n << 9n)).not.toBe(0n);
    expect(features & (1n << 5n)).toBe(0n);
  });

  it("reads and writes, however the chain is cut", () => {
    const { q, data } = disk();
    expect(q.exchange(header(0, 3n), 1024, 1)).toEqual(Uint8Array.from([...data.subarray(1536, 2560), 0]));
    expect(q.exchange(header(0, 3n), 7, 1000, 18)).toEqual(Uint8Array.from([...data.subarray(1536, 2560), 0]));
    const bytes = Uint8Array.from({ length: 12288 }, (_, i) => i * 7);
    expect(q.exchange(header(1, 10n), bytes, 1)).toEqual(Uint8Array.of(0));
    expect(data.subarray(5120, 5120 + 12288)).toEqual(bytes);
    const joined = Uint8Array.from([...header(1, 40n), ...bytes.subarray(0, 600)]);
    expect(q.exchange(joined, bytes.subarray(600, 1024), 1)).toEqual(Uint8Array.of(0));
    expect(data.subarray(20480, 20480 + 1024)).toEqual(bytes.subarray(0, 1024));
  });

  it("flushes, identifies itself, and does not know the rest", () => {
    const { q } = disk();
    expect(q.exchange(header(4, 0n), 1)).toEqual(Uint8Array.of(0));
    expect(b.diskCalls).toEqual(["flush"]);
    expect(q.exchange(header(8, 0n), 20, 1)).toEqual(Uint8Array.from([...text("wardian-2"), ...new Uint8Array(12)]));
    expect(q.exchange(header(8, 0n), 4, 1)).toEqual(Uint8Array.from([...text("ward"), 0]));
    expect(q.exchange(header(77, 0n), 1)).toEqual(Uint8Array.of(2));
  });

  it("answers out-of-range and odd-sized requests with an error", () => {
    const { t, q } = disk();
    const sector = new Uint8Array(512);
    for (const at of [64n, 1n << 32n, (1n << 55n) - 1n, (1n << 64n) - 1n]) {
      expect(q.exchange(header(0, at), 512, 1).at(-1)).toBe(1);
      expect(q.exchange(header(1, at), sector, 1)).toEqual(Uint8Array.of(1));
    }
    expect(q.exchange(header(0, 63n), 1024, 1).at(-1)).toBe(1);
    expect(q.exchange(header(0, 0n), 511, 1).at(-1)).toBe(1);
    expect(q.exchange(header(1, 0n), sector.subarray(1), 1)).toEqual(Uint8Array.of(1));
    expect(q.exchange(header(0, 63n), 512, 1).at(-1)).toBe(0);
    expect(t.status() & NEEDS_RESET).toBe(0);
  });

  it("reports the host's I/O errors", () => {
    const { q } = disk();
    b.diskFails = true;
    expect(q.exchange(header(0, 0n), 512, 1).at(-1)).toBe(1);
    expect(q.exchange(header(1, 0n), new Uint8Array(512), 1)).toEqual(Uint8Array.of(1));
    expect(q.exchange(header(4, 0n), 1)).toEqual(Uint8Array.of(1));
  });

  it("enforces read-only", () => {
    const { q, features, data } = disk(1);
    const before = data.slice();
    expect(features & (1n << 5n)).not.toBe(0n);
    expect(q.exchange(header(1, 0n), new Uint8Array(512), 1)).toEqual(Uint8Array.of(1));
    expect(q.exchange(header(0, 0n), 512, 1).at(-1)).toBe(0);
    expect(q.exchange(header(4, 0n), 1)).toEqual(Uint8Array.of(0));
    expect(data).toEqual(before);
    expect(b.diskCalls).toEqual([]);
  });

  it("needs a reset after a request without header or answer", () => {
    const { t, q } = disk();
    q.add(header(0, 0n));
    q.kick();
    expect([t.status() & NEEDS_RESET, t.takeIsr()]).toEqual([NEEDS_RESET, 2]);
    q.add(header(4, 0n), 1);
    q.kick();
    expect(q.collect()).toEqual([]);
  });

  it("lets the guest run on after a burst and continues at the next tick", () => {
    const { t, q } = disk(0, 16384);
    // eight chains of 4 MiB onto one 64 KiB buffer
    const buffer = 0x80000000n + BigInt(8 * MIB);
    b.poke(buffer + 65536n, header(0, 0n));
    for (let i = 0; i < 8; i++) {
      const table = buffer + 0x20000n + BigInt(i * 0x1000);
      q.describe(table, buffer + 65536n, 16, 1, 1);
      for (let s = 1; s <= 64; s++) q.describe(table + BigInt(16 * s), buffer, 65536, 3, s + 1);
      q.describe(table + 16n * 65n, buffer + 0x11000n, 1, 2, 0);
      q.describe(q.desc + BigInt(16 * i), table, 66 * 16, 4, 0);
      b.pokeInt(q.driver + 4n + BigInt(2 * i), 2, i);
    }
    b.pokeInt(q.driver + 2n, 2, 8);
    q.kick();
    expect(t.status() & NEEDS_RESET).toBe(0);
    expect(b.peekInt(q.device + 2n, 2)).toBe(4);
    expect(b.e.nextDeviceDeadline()).toBe(b.nowTicks);
    b.e.deviceTick();
    b.e.deviceTick();
    expect(b.peekInt(q.device + 2n, 2)).toBe(8);
    expect(b.e.nextDeviceDeadline()).not.toBe(b.nowTicks);
  });
});
