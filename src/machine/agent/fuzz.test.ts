// The guest is the adversary: random and mutated frames into the session. It may end the session, with one of three
// codes, and nothing else: no exception, no unhandled error, no credit beyond the window. WARDIAN_FUZZ_SEED repeats a run.
import { expect, test } from "vitest";
import { WardianError } from "../../errors.js";
import { FakeGuest } from "./fake-guest.js";
import { encodeFrame, FrameDecoder } from "./frame.js";
import { u32 } from "./message.js";
import { FRAME, LIMITS } from "./protocol.js";
import { Random } from "./random.js";
import type { AgentSession } from "./session.js";

const FRAMES = 60_000;
const seed = Number(process.env.WARDIAN_FUZZ_SEED ?? Date.now() % 2 ** 32);
type FrameParts = [type: number, stream: number, id: number, payload: Uint8Array];
const TYPES = Object.values(FRAME);

/** A frame for the channels of startWork() that is mostly right in itself, often out of place, and sometimes bent. */
function makeFrame(random: Random): Uint8Array {
  const id = random.below(60) === 0 ? random.below(11) : 1 + random.below(8);
  const [stream, exec] = [random.below(3), 1 + random.below(3)];
  const nothing = new Uint8Array(0);
  const size = random.below(20) ? 64 : LIMITS.PAYLOAD_BYTES;
  const data = (): FrameParts => [FRAME.DATA, 1 + (random.below(16) === 0 ? 1 : 0), exec, random.bytes(1 + random.below(size))];
  const rare: (() => FrameParts)[] = [
    () => [FRAME.STARTED, 0, exec, u32(random.below(1000))],
    () => [FRAME.EOF, stream, id, nothing],
    () => [FRAME.CREDIT, 0, 1, u32(random.below(256))],
    () => [FRAME.STOP, 0, exec, nothing],
    () => [FRAME.EXIT, 0, exec, Uint8Array.of(random.below(3), random.below(64), ...random.bytes(6 + random.below(20)))],
    () => [FRAME.FILE_INFO, 0, 5, random.bytes(24)],
    () => [FRAME.DATA, 1, 5, random.bytes(1 + random.below(500))],
    () => [FRAME.DATA, 1, 6, random.bytes(1 + random.below(500))],
    () => [FRAME.FILE_DONE, 0, 4 + random.below(5), u32(random.below(2))],
    () => [TYPES[random.below(TYPES.length)] ?? 0, stream, id, random.bytes(random.below(40))],
  ];
  const [type, at, channel, payload] = (random.below(5) ? data : (rare[random.below(rare.length)] ?? data))();
  const frame = encodeFrame(type, at, channel, payload);
  if (random.below(60) === 0) frame[random.below(Math.min(frame.length, 12))] = random.below(256);
  return frame;
}

function startWork(session: AgentSession): void {
  const command = session.exec({ args: ["a"], stdin: true });
  command.stdout.resume();
  command.stdin.write("data");
  session.exec({ args: ["b"] });
  session.exec({ args: ["c"], tty: true });
  session.putFile("/f", new Uint8Array(1000)).catch(() => {});
  session.getFile("/g").then(
    (file) => file.content.resume(),
    () => {},
  );
  session.getTree("/t").then(
    (archive) => archive.resume(),
    () => {},
  );
  session.putTree("/u", [new Uint8Array(1000)]).catch(() => {});
  session.remove("/r").catch(() => {});
}

test(`${FRAMES} frames into the session (seed ${seed})`, { timeout: 60_000 }, async () => {
  const random = new Random(seed);
  let frames = 0;
  let sessions = 0;
  while (frames < FRAMES) {
    const guest = new FakeGuest();
    const session = await guest.open();
    startWork(session);
    sessions++;
    for (let n = 0; n < 200 && !guest.closed; n++, frames++) {
      const frame = makeFrame(random);
      const cut = random.below(frame.length);
      guest.raw(frame.slice(0, cut));
      guest.raw(frame.slice(cut));
    }
    if (guest.closed) {
      const error = await session.ping().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WardianError);
      expect(["agent-protocol", "agent-version", "agent-closed"]).toContain((error as WardianError).code);
    } else session.close();
    await session.closed;
  }
  expect(sessions).toBeGreaterThan(100);
});

test(`random bytes into the decoder (seed ${seed})`, () => {
  const random = new Random(seed);
  let refused = 0;
  for (let n = 0; n < 20_000; n++) {
    const decoder = new FrameDecoder();
    try {
      for (let part = 0; part < 3; part++)
        decoder.push(random.bytes(random.below(60)), ({ payload }) => payload.length <= LIMITS.PAYLOAD_BYTES);
    } catch (error) {
      refused++;
      expect(error).toMatchObject({ code: "agent-protocol" });
    }
  }
  expect(refused).toBeGreaterThan(10_000);
});
