// CLINT, PLIC, UART, RTC, finisher and PCI configuration space, driven as a guest would drive them.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ECAM, PCI_WINDOW, PciTransport } from "./testing/driver.js";
import { TestBoard } from "./testing/harness.js";

const MSIP = 3;
const MTIP = 7;
const SEIP = 9;
const MEIP = 11;
const PCI = 0;
const MMIO = 1;

let b: TestBoard;
beforeAll(async () => void (await TestBoard.create()), 120_000);
beforeEach(async () => void (b = await TestBoard.create(16 << 20, 2)));

describe("bus", () => {
  it.each([
    [0x0, 4],
    [0x2010000, 4],
    [0x10000100, 1],
    [0x10009000, 4],
    [0x101000000, 4],
    [0xffffffffffffff00n, 8],
  ] as const)("faults at %s where no device answers", (pa, size) => {
    b.read(pa, size);
    expect(b.faulted).toBe(true);
    b.write(pa, size, 1);
    expect(b.faulted).toBe(true);
  });

  it.each([
    ["CLINT msip, 8 bytes", 0x2000000, 8],
    ["CLINT mtime, 2 bytes", 0x200bff8, 2],
    ["PLIC, 8 bytes", 0xc000000, 8],
    ["RTC, 1 byte", 0x101000, 1],
    ["finisher, 8 bytes", 0x100000, 8],
    ["ECAM, 8 bytes", 0x30000000, 8],
    ["virtio-mmio register, 2 bytes", 0x10001000, 2],
    ["misaligned", 0x2004002, 4],
  ])("faults on a wrong size: %s", (_name, pa, size) => {
    b.read(pa, size);
    expect(b.faulted).toBe(true);
    b.write(pa, size, 0);
    expect(b.faulted).toBe(true);
    b.read(0x2004000, 8);
    expect(b.faulted).toBe(false);
  });
});

describe("CLINT", () => {
  it("drives MSIP of each hart", () => {
    b.write(0x2000004, 4, 0xffffffff);
    expect([b.line(MSIP, 0), b.line(MSIP, 1)]).toEqual([false, true]);
    expect(b.read(0x2000004, 4)).toBe(1);
    b.write(0x2000004, 4, 0);
    expect(b.line(MSIP, 1)).toBe(false);
    b.write(0x2000008, 4, 1); // no such hart
    expect(b.read(0x2000008, 4)).toBe(0);
  });

  it("compares mtime with mtimecmp, in halves and whole", () => {
    expect(b.line(MTIP)).toBe(false);
    b.nowTicks = 1000n;
    b.write(0x2004000, 4, 1500);
    b.write(0x2004004, 4, 0);
    b.write(0x2004008, 8, 900);
    expect([b.line(MTIP, 0), b.line(MTIP, 1)]).toEqual([false, true]);
    expect(b.e.clintDeadline()).toBe(1500n);
    b.e.clintTick(1500n);
    expect(b.line(MTIP)).toBe(true);
    expect(b.read(0x200bff8, 8)).toBe(1000);
    b.write(0x200bff8, 8, 0x1_0000_0005n);
    expect(b.read(0x200bffc, 4)).toBe(1);
    b.write(0x200bffc, 4, 0);
    expect(b.read64(0x200bff8)).toBe(5n);
    expect(b.line(MTIP)).toBe(false);
    b.nowTicks += 10n;
    expect(b.read(0x200bff8, 4)).toBe(15);
  });
});

describe("PLIC", () => {
  const UART = 10;
  const claim = (context: number) => 0x0c200004 + 0x1000 * context;
  const raiseUart = () => {
    b.write(0x10000001, 1, 1);
    b.e.uartInput(b.handIn("x"));
  };

  it("claims and completes a level interrupt per context", () => {
    b.write(0x0c000000 + 4 * UART, 4, 0xff);
    expect(b.read(0x0c000000 + 4 * UART, 4)).toBe(7);
    b.write(0x0c002080, 4, 1 << UART); // hart 0, S mode
    raiseUart();
    expect([b.line(MEIP, 0), b.line(SEIP, 0), b.line(SEIP, 1)]).toEqual([false, true, false]);
    expect(b.read(0x0c001000, 4)).toBe(1 << UART);
    expect(b.read(claim(0), 4)).toBe(0);
    expect(b.read(claim(1), 4)).toBe(UART);
    expect(b.line(SEIP)).toBe(false);
    expect(b.read(claim(1), 4)).toBe(0);
    b.write(claim(3), 4, UART); // not enabled there: no completion
    expect(b.line(SEIP)).toBe(false);
    b.write(claim(1), 4, UART); // the line is still high
    expect(b.line(SEIP)).toBe(true);
    b.read(0x10000000, 1);
    expect(b.read(claim(1), 4)).toBe(UART); // pending stays until claimed
    b.write(claim(1), 4, UART);
    expect(b.line(SEIP)).toBe(false);
  });

  it("honours threshold, priority and tie order", async () => {
    b.e.attachRng(MMIO);
    raiseUart();
    b.write(0x101010, 4, 1);
    b.write(0x10100c, 4, 0);
    b.write(0x101008, 4, 1); // RTC alarm in the past: source 11
    b.write(0x0c002000, 4, (1 << 10) | (1 << 11) | 1);
    expect(b.read(0x0c002000, 4)).toBe((1 << 10) | (1 << 11));
    expect(b.line(MEIP)).toBe(false); // priority 0 never interrupts
    b.write(0x0c000028, 4, 3);
    b.write(0x0c00002c, 4, 3);
    expect(b.line(MEIP)).toBe(true);
    b.write(0x0c200000, 4, 3);
    expect(b.line(MEIP)).toBe(false);
    b.write(0x0c00002c, 4, 4);
    expect(b.line(MEIP)).toBe(true);
    expect(b.read(claim(0), 4)).toBe(11);
    expect(b.read(claim(0), 4)).toBe(10); // the threshold does not hold a claim back
    expect(b.read(claim(0), 4)).toBe(0);
  });

  it("ignores what does not exist", () => {
    for (const offset of [0, 4 * 96, 0x100c, 0x2010, 0x2200, 0x204000, 0x5ffffc]) {
      b.write(0x0c000000 + offset, 4, 0xffffffff);
      expect(b.read(0x0c000000 + offset, 4)).toBe(0);
    }
    b.write(claim(0), 4, 0xffffffff);
  });
});

describe("UART", () => {
  const reg = (n: number) => b.read(0x10000000 + n, 1);
  const set = (n: number, value: number) => b.write(0x10000000 + n, 1, value);

  it("sends, and receives through the FIFO", () => {
    for (const c of "Hi") set(0, c.charCodeAt(0));
    expect(b.uartOut).toBe("Hi");
    expect(reg(5)).toBe(0x60);
    expect(b.e.uartInput(b.handIn("abc"))).toBe(3);
    expect(reg(5)).toBe(0x61);
    expect([reg(0), reg(0), reg(0), reg(0)]).toEqual([97, 98, 99, 0]);
    expect(reg(5)).toBe(0x60);
    b.write(0x10000000, 4, 0x12345641); // as on QEMU any width goes
    expect(b.uartOut).toBe("HiA");
  });

  it("identifies its interrupts by priority", () => {
    set(2, 0x81); // FIFO on, trigger at 8
    expect(reg(2)).toBe(0xc1);
    set(1, 0x0f);
    expect(reg(2)).toBe(0xc2);
    expect(reg(2)).toBe(0xc1); // reading acknowledged it
    set(1, 0x0d);
    set(1, 0x0f);
    expect(reg(2)).toBe(0xc2); // enabling it again raises it again
    b.e.uartInput(b.handIn("1234"));
    expect(reg(2)).toBe(0xcc);
    b.e.uartInput(b.handIn("5678"));
    expect(reg(2)).toBe(0xc4);
    for (let i = 0; i < 8; i++) reg(0);
    set(0, 65);
    expect(reg(2)).toBe(0xc2);
  });

  it("keeps the divisor behind DLAB and the scratch register", () => {
    set(3, 0x83);
    set(0, 2);
    set(1, 1);
    expect([reg(0), reg(1)]).toEqual([2, 1]);
    set(3, 0x03);
    set(7, 0x5a);
    expect([reg(1), reg(3), reg(7)]).toEqual([0, 3, 0x5a]);
    expect(b.uartOut).toBe("");
  });

  it("loops back: data, modem lines, overrun", () => {
    set(2, 1);
    set(4, 0x1a); // loop, OUT2, RTS: what Linux probes with
    expect(reg(6) & 0xf0).toBe(0x90);
    b.e.uartInput(b.handIn("outside"));
    expect(reg(5) & 1).toBe(0);
    for (let i = 0; i < 17; i++) set(0, i);
    expect(b.uartOut).toBe("");
    expect(reg(5)).toBe(0x63);
    expect(reg(5)).toBe(0x61);
    expect([reg(0), reg(0)]).toEqual([0, 1]);
    set(2, 3); // clear the receive FIFO
    set(4, 0x08);
    expect(String.fromCharCode(reg(0))).toBe("o");
    expect(reg(6) & 0xf0).toBe(0xb0);
  });

  it("takes no more than its ring holds", () => {
    const block = new Uint8Array(10000).fill(66);
    expect(b.e.uartInput(b.handIn(block))).toBe(10000);
    expect(b.e.uartInput(b.handIn(block))).toBe(6384);
    expect(b.e.uartInput(0xffffffff)).toBe(0);
  });
});

describe("RTC and finisher", () => {
  it("tells the time and can be set", () => {
    const low = BigInt(b.read(0x101000, 4));
    expect((BigInt(b.read(0x101004, 4)) << 32n) | low).toBe(b.wallNs);
    b.write(0x101004, 4, 1);
    b.write(0x101000, 4, 5);
    b.wallNs += 7n;
    expect([b.read(0x101000, 4), b.read(0x101004, 4)]).toEqual([12, 1]);
  });

  it("fires its alarm at the deadline", () => {
    expect(BigInt.asUintN(64, b.e.nextDeviceDeadline())).toBe((1n << 64n) - 1n);
    const at = b.wallNs + 5000n;
    b.write(0x0c00002c, 4, 1);
    b.write(0x0c002000, 4, 1 << 11);
    b.write(0x101010, 4, 1);
    b.write(0x10100c, 4, at >> 32n);
    b.write(0x101008, 4, at & 0xffffffffn);
    expect(b.read(0x101018, 4)).toBe(1);
    expect(b.e.nextDeviceDeadline()).toBe(51n);
    b.e.deviceTick();
    expect(b.line(MEIP)).toBe(false);
    b.wallNs += 5000n;
    b.e.deviceTick();
    expect([b.line(MEIP), b.read(0x101018, 4)]).toEqual([true, 0]);
    b.read(0x0c200004, 4);
    b.write(0x10101c, 4, 1);
    b.write(0x0c200004, 4, 11);
    expect(b.line(MEIP)).toBe(false);
  });

  it.each([
    [0x5555, 2, 0],
    [0x3333 | (42 << 16), 2, 42],
    [0x7777, 3, 0],
    [0x1234, 0, 0],
  ])("ends the run on %i", (value, exit, code) => {
    b.write(0x100000, 4, value);
    expect([b.e.finisherExit(), b.e.finisherCode()]).toEqual([exit, code]);
    b.e.boardReset();
    expect(b.e.finisherExit()).toBe(0);
  });
});

describe("PCI", () => {
  it("enumerates bus 0 and nothing else", () => {
    b.e.attachRng(PCI);
    b.e.attachConsole(PCI);
    const ids = [];
    for (let slot = 0; slot < 32; slot++) ids.push(b.read(ECAM + (slot << 15), 4));
    expect(ids.slice(0, 4)).toEqual([0x00081b36, 0x10441af4, 0x10431af4, 0xffffffff]);
    expect(new Set(ids.slice(3))).toEqual(new Set([0xffffffff]));
    expect(b.read(ECAM + (1 << 15) + (1 << 12), 4)).toBe(0xffffffff); // function 1
    expect(b.read(ECAM + (1 << 20), 2)).toBe(0xffff); // bus 1
    expect(b.read(ECAM + (1 << 15) + 0x100, 4)).toBe(0); // no extended capabilities
    expect(b.read(ECAM + 8, 4) >>> 8).toBe(0x060000);
    b.write(ECAM + (1 << 20), 4, 0);
    expect(b.faulted).toBe(false);
  });

  it("sizes and moves BAR 0, and decodes it only when told to", () => {
    b.e.attachRng(PCI);
    const config = ECAM + (1 << 15);
    b.write(config + 0x10, 4, 0xffffffff);
    expect(b.read(config + 0x10, 4)).toBe(0xffffc000);
    for (const bar of [0x14, 0x18, 0x1c, 0x20, 0x24, 0x30]) {
      b.write(config + bar, 4, 0xffffffff);
      expect(b.read(config + bar, 4)).toBe(0);
    }
    b.write(config + 0x10, 4, PCI_WINDOW + 0x8000);
    expect(b.read(PCI_WINDOW + 0x8012, 2)).toBe(0xffff);
    b.write(config + 4, 2, 0xffff);
    expect(b.read(config + 4, 2)).toBe(0x0546);
    expect(b.read(PCI_WINDOW + 0x8012, 2)).toBe(1); // num_queues
    expect(b.read(PCI_WINDOW + 0x4012, 2)).toBe(0xffff);
    b.write(config + 0x10, 4, 0x80000000); // outside the window: nothing decodes there
    expect(b.read(PCI_WINDOW + 0x8012, 2)).toBe(0xffff);
    b.write(config, 4, 0);
    expect(b.read(config, 4)).toBe(0x10441af4);
    b.e.boardReset();
    expect([b.read(config + 0x10, 4), b.read(config + 4, 2)]).toEqual([0, 0]);
  });

  it("reaches the device through the pci-cfg capability", () => {
    b.e.attachDisk(0, 100n, 0, PCI);
    const t = new PciTransport(b, 1, PCI_WINDOW);
    b.write(t.config0 + 0x84 + 4, 1, 0);
    b.write(t.config0 + 0x84 + 8, 4, 0x2000);
    b.write(t.config0 + 0x84 + 12, 4, 4);
    expect(b.read(t.config0 + 0x84 + 16, 4)).toBe(100);
    b.write(t.config0 + 0x84 + 8, 4, 0x14);
    b.write(t.config0 + 0x84 + 12, 4, 1);
    b.write(t.config0 + 0x84 + 16, 1, 3);
    expect(t.status()).toBe(3);
    for (const offset of [0x4000, 0xfffffffc, 0x13]) {
      b.write(t.config0 + 0x84 + 8, 4, offset);
      b.write(t.config0 + 0x84 + 12, 4, 2);
      b.write(t.config0 + 0x84 + 16, 2, 0xffff);
      b.read(t.config0 + 0x84 + 16, 2);
    }
  });
});
