// Hostile rings: whatever a guest writes into queues and descriptors, the board neither traps, spins nor leaves its bounds.
// Seeds are printed when a case fails; WARDIAN_FUZZ_RINGS sets how many rings are tried.
import { beforeAll, describe, expect, it } from "vitest";
import { DriverQueue, driverOk, MmioTransport, NEEDS_RESET, negotiate, PCI_WINDOW, PciTransport } from "../testing/driver.js";
import { RAM, TestBoard } from "../testing/harness.js";

const RINGS = Number(process.env.WARDIAN_FUZZ_RINGS ?? 24_000);
const RAM_BYTES = 16 << 20;
const MIB = 1 << 20;

beforeAll(async () => void (await TestBoard.create()), 120_000);

describe("a broken ring sets DEVICE_NEEDS_RESET", () => {
  const NEXT = 1;
  const WRITE = 2;
  const INDIRECT = 4;
  const table = RAM + BigInt(4 * MIB);
  const buffer = RAM + BigInt(5 * MIB);

  it.each<[string, (q: DriverQueue, b: TestBoard) => void]>([
    ["a loop of two", (q) => (q.describe(q.desc, buffer, 4, WRITE | NEXT, 1), q.describe(q.desc + 16n, buffer, 4, WRITE | NEXT, 0))],
    ["a loop of one, empty", (q) => q.describe(q.desc, buffer, 0, NEXT, 0)],
    ["next beyond the table", (q) => q.describe(q.desc, buffer, 4, WRITE | NEXT, 8)],
    ["head beyond the table", (q, b) => b.pokeInt(q.driver + 4n, 2, 8)],
    ["a buffer below RAM", (q) => q.describe(q.desc, 0x1000n, 4, WRITE, 0)],
    ["a buffer that runs past RAM", (q) => q.describe(q.desc, RAM + BigInt(RAM_BYTES) - 4n, 5, WRITE, 0)],
    ["a buffer that wraps around", (q) => q.describe(q.desc, 0xfffffffffffffff0n, 0xffffffff, WRITE, 0)],
    ["a huge length", (q) => q.describe(q.desc, buffer, 0xffffffff, WRITE, 0)],
    ["readable after writable", (q) => (q.describe(q.desc, buffer, 4, WRITE | NEXT, 1), q.describe(q.desc + 16n, buffer, 4, 0, 0))],
    ["an indirect table outside RAM", (q) => q.describe(q.desc, 0x40000000n, 16, INDIRECT, 0)],
    ["an indirect table of odd size", (q) => q.describe(q.desc, table, 24, INDIRECT, 0)],
    ["an empty indirect table", (q) => q.describe(q.desc, table, 0, INDIRECT, 0)],
    ["indirect with next", (q) => q.describe(q.desc, table, 16, INDIRECT | NEXT, 1)],
    ["indirect in indirect", (q) => (q.describe(q.desc, table, 16, INDIRECT, 0), q.describe(table, table, 16, INDIRECT, 0))],
    ["a loop in an indirect table", (q) => (q.describe(q.desc, table, 32, INDIRECT, 0), q.describe(table, buffer, 4, WRITE | NEXT, 0))],
    [
      "an endless indirect table",
      (q) => {
        q.describe(q.desc, table, 16 * 1000, INDIRECT, 0);
        for (let i = 0; i < 1000; i++) q.describe(table + BigInt(16 * i), buffer, 4, WRITE | NEXT, i + 1);
      },
    ],
    ["an index that jumps ahead", (q, b) => b.pokeInt(q.driver + 2n, 2, 9)],
    ["an index that goes back", (q, b) => b.pokeInt(q.driver + 2n, 2, 0xffff)],
  ])("%s", async (_name, spoil) => {
    const b = await TestBoard.create(RAM_BYTES);
    b.e.attachRng(1);
    const t = new MmioTransport(b, 0);
    negotiate(t);
    const q = new DriverQueue(b, t, 0, 8, MIB);
    driverOk(t);
    q.describe(q.desc, buffer, 4, WRITE, 0);
    b.pokeInt(q.driver + 4n, 2, 0);
    b.pokeInt(q.driver + 2n, 2, 1);
    spoil(q, b);
    q.kick();
    expect([t.status() & NEEDS_RESET, t.takeIsr(), b.peekInt(q.device + 2n, 2)]).toEqual([NEEDS_RESET, 2, 0]);
    q.kick();
    t.setStatus(15); // only a reset helps
    expect(t.status() & NEEDS_RESET).toBe(NEEDS_RESET);
    negotiate(t);
    const fresh = new DriverQueue(b, t, 0, 8, MIB);
    driverOk(t);
    expect(fresh.exchange(16).length).toBe(16);
  });

  it("INDIRECT that was not negotiated", async () => {
    const b = await TestBoard.create(RAM_BYTES);
    b.e.attachRng(1);
    const t = new MmioTransport(b, 0);
    negotiate(t, 1n << 28n);
    const q = new DriverQueue(b, t, 0, 8, MIB, true);
    driverOk(t);
    q.add(16);
    q.kick();
    expect(t.status() & NEEDS_RESET).toBe(NEEDS_RESET);
  });
});

/** A small generator whose state is the seed. */
class Dice {
  constructor(private state: number) {}
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  }
  pick<T>(...from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }
}

/** An address that is usually near something interesting: the queue's own areas, page and RAM ends, devices. */
function anyPa(dice: Dice, q: DriverQueue): bigint {
  const near = dice.pick(
    q.desc,
    q.driver,
    q.device,
    RAM,
    RAM + BigInt(RAM_BYTES),
    RAM + BigInt(6 * MIB),
    RAM + 0x3fff000n,
    0x10000000n,
    0n,
    1n << 63n,
  );
  return BigInt.asUintN(64, near + BigInt(dice.pick(0, 16, 4090, 4096, dice.below(70000)) - dice.pick(0, 0, 8, 4096)));
}

function anyLength(dice: Dice): number {
  return dice.pick(0, 1, 8, 16, 16, 20, 40, 512, 513, 1024, 4096, 65536, 1 << 20, 0x7fffffff, 0xffffffff, dice.below(9000));
}

const HEADERS = RAM + BigInt(6 * MIB);
const DATA = RAM + BigInt(7 * MIB);

/** Requests and messages that a sound chain begins with: block headers, control messages, something like FUSE. */
function writeHeaders(dice: Dice, b: TestBoard): void {
  for (let i = 0; i < 8; i++) {
    const first = dice.pick(0, 1, 4, 8, 0, 1, 3, 0xff, dice.below(1 << 30));
    const words = [
      first,
      dice.below(8) | (dice.below(2) << 16),
      dice.pick(dice.below(70), dice.below(1 << 30)),
      dice.below(30) === 0 ? 1 : 0,
    ];
    words.forEach((word, at) => b.pokeInt(HEADERS + BigInt(64 * i + 4 * at), 4, word));
  }
}

/** Chains as a driver would make them: a header, perhaps data, perhaps room for an answer; now and then a table of such. */
function writeSound(dice: Dice, b: TestBoard, q: DriverQueue): void {
  for (let at = 0, entry = 0; entry < q.size; entry++) {
    const head = at;
    const pieces = Math.min(2 + dice.below(3), q.size - at);
    const readable = dice.below(30) === 0 ? dice.below(pieces + 1) : Math.min(pieces, 1 + dice.below(Math.max(1, pieces - 1)));
    const table = dice.below(5) === 0 ? DATA + BigInt(0x80000 + 0x100 * entry) : undefined;
    for (let i = 0; i < pieces; i++) {
      const [pa, len] =
        i === 0 && readable > 0
          ? [HEADERS + BigInt(64 * dice.below(8)), dice.pick(16, 16, 16, 16, 16, 40, dice.below(64))]
          : [DATA + BigInt(dice.below(0x40000)), i === pieces - 1 ? dice.pick(1, 1, 513) : dice.pick(512, 1024, 4096, 511)];
      const flags = (i < readable ? 0 : 2) | (i === pieces - 1 ? 0 : 1);
      if (table === undefined) q.describe(q.desc + BigInt(16 * (at + i)), pa, len, flags, at + i + 1);
      else q.describe(table + BigInt(16 * i), pa, len, flags, i + 1);
    }
    if (table !== undefined) q.describe(q.desc + BigInt(16 * at), table, 16 * pieces, 4, 0);
    b.pokeInt(q.driver + BigInt(4 + 2 * entry), 2, head);
    at = at + pieces + 2 > q.size ? 0 : at + pieces;
  }
}

/** A sound ring, of which up to three things are then spoilt; one in five is noise throughout. */
function mutate(dice: Dice, b: TestBoard, q: DriverQueue): void {
  const noise = dice.below(5) === 0;
  const describe = (pa: bigint) =>
    q.describe(
      pa,
      anyPa(dice, q),
      anyLength(dice),
      dice.below(8) | (dice.below(20) === 0 ? 0xfff8 : 0),
      dice.below(20) === 0 ? dice.below(65536) : dice.below(q.size),
    );
  writeHeaders(dice, b);
  writeSound(dice, b, q);
  b.pokeInt(q.driver + 2n, 2, (b.peekInt(q.device + 2n, 2) + 1 + dice.below(q.size)) & 0xffff);
  b.pokeInt(q.driver, 2, dice.below(2));
  for (let spoils = noise ? 4 * q.size : dice.below(4); spoils > 0; spoils--) {
    const at = dice.below(q.size);
    switch (dice.below(noise ? 4 : 7)) {
      case 0:
        b.pokeInt(q.driver + BigInt(4 + 2 * at), 2, dice.pick(dice.below(65536), dice.below(q.size)));
        break;
      case 1:
        describe(DATA + BigInt(0x80000 + 0x100 * at + 16 * dice.below(4)));
        break;
      case 2:
      case 3:
        describe(q.desc + BigInt(16 * at));
        break;
      case 4:
        b.pokeInt(q.driver + 2n, 2, dice.below(65536));
        break;
      case 5:
        b.pokeInt(q.desc + BigInt(16 * at + dice.below(16)), 1, dice.below(256));
        break;
      default:
        b.pokeInt(HEADERS + BigInt(dice.below(512)), 1, dice.below(256));
        break;
    }
  }
}

describe("random rings", () => {
  const kinds = ["rng", "disk", "read-only disk", "console", "net", "fs"] as const;
  const share = Math.ceil(RINGS / (kinds.length * 2));

  describe.each(kinds)("%s", (kind) => {
    it.each([
      ["PCI", 0],
      ["MMIO", 1],
    ])(
      `survives ${share} over %s`,
      async (_name, transport) => {
        const b = await TestBoard.create(RAM_BYTES);
        b.disks[0] = Uint8Array.from({ length: 64 * 512 }, (_, i) => i * 31);
        const kept = b.disks[0].slice();
        if (kind === "rng") b.e.attachRng(transport);
        else if (kind === "console") for (let p = b.e.attachConsole(transport); p < 4; p++) b.e.addPort(p, b.handIn(`port${p}`));
        else if (kind === "net") b.e.attachNet(0, transport);
        else if (kind === "fs") b.e.attachFs(0, 4, transport);
        else b.e.attachDisk(0, 64n, kind === "disk" ? 0 : 1, transport);
        const t = transport === 0 ? new PciTransport(b, 1, PCI_WINDOW) : new MmioTransport(b, 0);
        const memoryPages = b.e.memory.buffer.byteLength;
        let broken = 0;
        let served = 0;
        for (let ring = 0; ring < share; ring++) {
          const seed = (ring * 2 + transport) * 7 + kinds.indexOf(kind) * 1_000_003;
          const dice = new Dice(seed);
          try {
            negotiate(t, dice.pick(0n, 0n, 1n << 29n, 2n));
            const queues = kind === "console" ? [0, 1, 2, 3, 4, 5] : [0, 1];
            const driven = queues.map((i) => new DriverQueue(b, t, i, dice.pick(1, 2, 8, 16), (1 + i) * 0x20000));
            driverOk(t);
            b.hostBytes = 0;
            for (const q of driven) mutate(dice, b, q);
            if (dice.below(4) === 0) for (const port of [0, 1]) b.e.portInput(port, dice.below(100));
            if (dice.below(3) === 0) b.portRoom[dice.below(4)] = dice.below(600);
            for (const q of driven) q.kick();
            b.portRoom.fill(Number.MAX_SAFE_INTEGER);
            if (dice.below(2) === 0) b.e.portDrained(dice.below(4));
            if (dice.below(8) === 0) b.e.portClose(dice.below(4));
            b.e.deviceTick();
            if (dice.below(8) === 0) b.e.portOpen(dice.below(4));
            if (dice.below(50) === 0) b.e.boardReset();
            if ((t.status() & NEEDS_RESET) !== 0) broken++;
            served += driven.reduce((sum, q) => sum + b.peekInt(q.device + 2n, 2), 0);
            if (b.hostBytes > 256 * MIB) throw new Error(`the host moved ${b.hostBytes} bytes`);
            if (transport === 0) new PciTransport(b, 1, PCI_WINDOW); // a reset took its BAR away
          } catch (error) {
            throw new Error(`ring with seed ${seed}`, { cause: error });
          }
        }
        expect(b.panics).toEqual([]);
        // the rings are a mix: some are served, some break the device
        expect(broken).toBeGreaterThan(share / 10);
        expect(served).toBeGreaterThan(share / 10);
        expect(b.e.memory.buffer.byteLength - memoryPages).toBeLessThanOrEqual(RAM_BYTES + 32 * MIB);
        if (kind === "read-only disk") expect(b.disks[0]).toEqual(kept);
      },
      300_000,
    );
  });
});
