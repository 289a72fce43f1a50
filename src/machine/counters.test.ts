// The shared counters, and what fills them: names, a second boot, disks.
import { expect, test } from "vitest";
import { DEVICE_METRICS, MACHINE_METRICS } from "../metrics/catalog.js";
import { CountedDisk } from "./counted-disk.js";
import { CounterBlock, deviceNames } from "./counters.js";
import { GuestClock } from "./guest-clock.js";
import { Uptime } from "./uptime.js";

const HOST = { up_seconds: 2, paused_seconds: 1 };

test("devices are named by what they are", () => {
  expect(deviceNames(2, ["", "wardian.agent"])).toEqual(["disk0", "disk1", "serial", "console", "port:wardian.agent"]);
  expect(deviceNames(0, [])).toEqual(["serial"]);
});

test("a sample has every metric of the catalog, and the other side's values", () => {
  const names = deviceNames(1, ["", "__proto__"]);
  const mine = new CounterBlock(names);
  const worker = new CounterBlock(names, mine.buffer);
  worker.set("instructions", 7);
  worker.device("port:__proto__").add("device_read_bytes", 5);
  worker.device("port:__proto__").add("device_read_bytes", 6);
  const { machine, devices } = mine.sample(HOST);
  expect(Object.keys(machine).sort()).toEqual(Object.keys(MACHINE_METRICS).sort());
  expect(machine).toMatchObject({ instructions: 7, traps: 0, ...HOST });
  expect(Object.keys(devices)).toEqual(names);
  expect(Object.keys(devices["disk0"] ?? {})).toEqual(Object.keys(DEVICE_METRICS));
  expect(devices["port:__proto__"]?.device_read_bytes).toBe(11);
  expect(devices["console"]?.device_read_bytes).toBe(0);
});

test("a second boot goes on counting; gauges begin anew", () => {
  const mine = new CounterBlock(["serial"]);
  new CounterBlock(["serial"], mine.buffer).set("traps", 10);
  const second = new CounterBlock(["serial"], mine.buffer);
  second.set("traps", 1);
  second.set("decoded_pages", 3);
  expect(mine.sample(HOST).machine).toMatchObject({ traps: 11, decoded_pages: 3 });
});

test("a counted disk counts operations, bytes, time and failures, and fails as the disk does", () => {
  const block = new CounterBlock(["disk0"]);
  let nowMs = 0;
  const disk = {
    sizeBytes: 1024,
    readOnly: false,
    read: () => void (nowMs += 5),
    write() {
      throw new Error("full");
    },
    flush: () => void (nowMs += 20),
  };
  const counted = new CountedDisk(disk, block.device("disk0"), () => nowMs);
  counted.read(0, new Uint8Array(512));
  expect(() => counted.write(0, new Uint8Array(512))).toThrow("full");
  counted.flush();
  expect(counted.sizeBytes).toBe(1024);
  expect(block.sample(HOST).devices["disk0"]).toEqual({
    device_read_operations: 1,
    device_write_operations: 1,
    device_flush_operations: 1,
    device_read_bytes: 512,
    device_write_bytes: 0,
    device_busy_seconds: 0.025,
    device_errors: 1,
  });
});

test("a guest's clock stands and goes on where it stood", () => {
  let hostNs = 1000n;
  const clock = new GuestClock(() => hostNs);
  clock.stand();
  hostNs = 5000n;
  clock.stand();
  expect(clock.now()).toBe(1000n);
  clock.go();
  clock.go();
  expect(clock.now()).toBe(1000n);
  hostNs = 5300n;
  expect(clock.now()).toBe(1300n);
});

test("uptime counts from the first start to the end, pauses apart", () => {
  let nowMs = 0;
  const uptime = new Uptime(() => nowMs);
  expect(uptime.upSeconds).toBe(0);
  uptime.start();
  nowMs = 1000;
  uptime.pause();
  nowMs = 3000;
  uptime.start(); // a reboot
  expect([uptime.upSeconds, uptime.pausedSeconds, uptime.isPaused]).toEqual([3, 2, true]);
  uptime.end();
  nowMs = 9000;
  expect([uptime.upSeconds, uptime.pausedSeconds, uptime.isPaused]).toEqual([3, 2, false]);
});
