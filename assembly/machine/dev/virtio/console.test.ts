// The console device and its ports, driven as a guest driver would, over both transports.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connect, DriverQueue, driverOk, negotiate, text } from "../testing/driver.js";
import { TestBoard } from "../testing/harness.js";

const MIB = 1 << 20;

let b: TestBoard;
beforeAll(async () => void (await TestBoard.create()), 120_000);
beforeEach(async () => void (b = await TestBoard.create(64 * MIB)));

describe.each([
  ["PCI", 0],
  ["MMIO", 1],
])("over %s", (_name, transport) => {
  const control = (id: number, event: number, value: number) => Uint8Array.of(id, 0, 0, 0, event, 0, value & 255, value >> 8);
  const console = (without = 0n) => {
    b.e.attachConsole(transport);
    b.e.addPort(3, b.handIn("org.wardian.agent"));
    b.e.setConsoleSize(100, 30);
    const t = connect(b, transport);
    negotiate(t, without);
    const queues = new Map<number, DriverQueue>();
    for (const i of [0, 1, 2, 3, 8, 9]) queues.set(i, new DriverQueue(b, t, i, 8, (1 + i) * MIB));
    driverOk(t);
    const queue = (i: number) => queues.get(i) as DriverQueue;
    const messages = () => {
      const got = queue(2)
        .collect()
        .map(({ len, data }) => [...data.subarray(0, len)]);
      got.forEach(() => queue(2).add(64));
      if (got.length > 0) queue(2).kick();
      return got;
    };
    return { t, queue, messages };
  };
  const handshake = () => {
    const c = console();
    for (let i = 0; i < 8; i++) c.queue(2).add(64);
    c.queue(3).exchange(control(0xff, 0, 1)); // DEVICE_READY
    c.messages();
    for (const port of [0, 3]) c.queue(3).exchange(control(port, 3, 1));
    c.messages();
    return c;
  };

  it("shows its configuration and counts its generations", () => {
    const { t } = console();
    expect([t.config(0, 2), t.config(2, 2), t.config(4, 4), t.queueSizeMax(17), t.queueSizeMax(18)]).toEqual([100, 30, 8, 64, 0]);
    const before = t.generation();
    b.e.setConsoleSize(80, 24);
    expect([t.generation(), t.takeIsr(), t.config(0, 4)]).toEqual([before + 1, 2, 80 | (24 << 16)]);
  });

  it("shakes hands port by port", () => {
    const { queue, messages } = console();
    queue(3).exchange(control(0xff, 0, 1));
    expect(messages()).toEqual([]); // no buffers yet: nothing is lost
    for (let i = 0; i < 8; i++) queue(2).add(64);
    queue(2).kick();
    expect(messages()).toEqual([[...control(0, 1, 1)], [...control(3, 1, 1)]]);
    queue(3).exchange(control(0, 3, 1));
    expect(messages()).toEqual([[...control(0, 4, 1)], [...control(0, 5, 0), 100, 0, 30, 0], [...control(0, 6, 1)]]);
    queue(3).exchange(control(3, 3, 1));
    expect(messages()).toEqual([[...control(3, 7, 1), ...text("org.wardian.agent")], [...control(3, 6, 1)]]);
    queue(3).exchange(control(3, 6, 1));
    queue(3).exchange(control(3, 6, 1));
    queue(3).exchange(control(7, 6, 1)); // no such port
    queue(3).exchange(control(200, 3, 1));
    queue(3).exchange(Uint8Array.of(3, 0, 0)); // too short
    expect(b.portEvents).toEqual(["3:open"]);
    b.e.setConsoleSize(120, 40);
    expect(messages()).toEqual([[...control(0, 5, 0), 120, 0, 40, 0]]);
    b.e.addPort(1, b.handIn("late"));
    expect(messages()).toEqual([[...control(1, 1, 1)]]);
    expect(b.e.addPort(1, 0)).toBe(0);
    expect(b.e.addPort(8, 0)).toBe(0);
  });

  it("carries bytes both ways, with back-pressure", () => {
    const { queue } = handshake();
    queue(9).exchange(text("to the host"));
    expect(Buffer.from(b.portOut[3] as number[]).toString()).toBe("to the host");
    b.portRoom[3] = 5;
    b.portOut[3] = [];
    queue(9).add(text("abc"), text("defgh"));
    queue(9).add(text("ij"));
    queue(9).kick();
    expect(queue(9).collect()).toEqual([]);
    queue(9).kick();
    b.portRoom[3] = 1;
    b.e.portDrained(3);
    expect(queue(9).collect()).toEqual([]);
    b.portRoom[3] = 100;
    b.e.portDrained(3);
    expect(queue(9).collect().length).toBe(2);
    expect(Buffer.from(b.portOut[3] as number[]).toString()).toBe("abcdefghij");

    expect(b.e.portInput(3, b.handIn("hello"))).toBe(5);
    queue(8).add(3);
    queue(8).kick();
    expect(queue(8).collect()).toEqual([]); // the guest has not opened it
    queue(3).exchange(control(3, 6, 1));
    expect(queue(8).collect()).toMatchObject([{ len: 3, data: text("hel") }]);
    queue(8).add(64);
    queue(8).kick();
    expect(queue(8).collect()).toMatchObject([{ len: 2 }]);
    expect(b.e.portInput(3, b.handIn(new Uint8Array(65536)))).toBe(65536);
    expect(b.e.portInput(3, 1)).toBe(0);
    expect(b.e.portInput(5, 1)).toBe(0);
    expect(b.e.portInput(0xffffffff, 1)).toBe(0);
  });

  it("passes a stream through the ring unharmed", () => {
    const { queue } = handshake();
    queue(3).exchange(control(3, 6, 1));
    const sent: number[] = [];
    const got: number[] = [];
    for (let round = 0; round < 60; round++) {
      const block = Uint8Array.from({ length: 4001 }, (_, i) => i * round);
      expect(b.e.portInput(3, b.handIn(block))).toBe(4001);
      sent.push(...block);
      queue(8).add(1000, 3001);
      queue(8).kick();
      for (const { len, data } of queue(8).collect()) got.push(...data.subarray(0, len));
    }
    expect(got).toEqual(sent);
  });

  it("tells the guest of a hang-up after the bytes ahead of it", () => {
    const { queue, messages } = handshake();
    queue(3).exchange(control(3, 6, 1));
    b.e.portInput(3, b.handIn("last"));
    b.e.portClose(3);
    b.e.portOpen(3);
    b.e.portInput(3, b.handIn("new"));
    expect(messages()).toEqual([]);
    queue(8).add(64);
    queue(8).add(64);
    queue(8).kick();
    expect(queue(8).collect()).toMatchObject([{ len: 4 }, { len: 3 }]);
    expect(messages()).toEqual([[...control(3, 6, 0)], [...control(3, 6, 1)]]);
    b.e.portClose(3);
    expect(messages()).toEqual([[...control(3, 6, 0)]]);
  });

  it("is one open console to a driver without ports", () => {
    const { queue } = console(2n);
    expect(b.portEvents).toEqual(["0:open"]);
    queue(1).exchange(text("login: "));
    expect(Buffer.from(b.portOut[0] as number[]).toString()).toBe("login: ");
    b.e.portInput(0, b.handIn("root\n"));
    queue(0).add(64);
    queue(0).kick();
    expect(queue(0).collect()).toMatchObject([{ len: 5 }]);
  });

  it("forgets the guest at a reset, keeps its ports and what was typed", () => {
    const { queue, t } = handshake();
    queue(3).exchange(control(3, 6, 1));
    b.e.portInput(0, b.handIn("typed"));
    b.e.portInput(3, b.handIn("for the old run"));
    b.e.boardReset();
    expect(b.portEvents).toEqual(["3:open", "3:close"]);
    expect(t.status()).toBe(transport === 0 ? 255 : 0);
    const again = connect(b, transport);
    negotiate(again, 2n);
    const q = new DriverQueue(b, again, 0, 8, MIB);
    driverOk(again);
    q.add(64);
    q.kick();
    expect(q.collect()).toMatchObject([{ len: 5 }]);
  });
});
