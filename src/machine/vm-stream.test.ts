import { expect, test } from "vitest";
import { VmStream } from "./vm-stream.js";
import { INPUT_WINDOW_BYTES } from "./worker-messages.js";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("credit comes back only as bytes are read", async () => {
  const stream = new VmStream();
  let readBytes = 0;
  stream.connect({
    input() {},
    read(count) {
      readBytes += count;
    },
  });
  stream.receive(new Uint8Array(200_000));
  stream.receive(new Uint8Array(50_000));
  await settle();
  expect(readBytes).toBe(0);
  stream.resume();
  await settle();
  expect(readBytes).toBe(250_000);
});

test("input goes out in windows, and waits for a machine", async () => {
  const stream = new VmStream();
  let sentBytes = 0;
  let isDone = false;
  stream.write(new Uint8Array(INPUT_WINDOW_BYTES + 10), () => {
    isDone = true;
  });
  expect(sentBytes).toBe(0);
  stream.connect({
    input(bytes) {
      sentBytes += bytes.length;
    },
    read() {},
  });
  expect(sentBytes).toBe(INPUT_WINDOW_BYTES);
  stream.taken(10);
  expect(sentBytes).toBe(INPUT_WINDOW_BYTES + 10);
  await settle();
  expect(isDone).toBe(true);
});

test("the end of the machine ends reading and swallows what is written", async () => {
  const stream = new VmStream();
  stream.write("held");
  let isEnded = false;
  stream.resume().on("end", () => {
    isEnded = true;
  });
  stream.finish();
  await new Promise((resolve) => stream.write("late", resolve));
  await settle();
  expect(isEnded).toBe(true);
});
