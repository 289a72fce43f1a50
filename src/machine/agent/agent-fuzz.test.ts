// Mutated frames into the real agent binary under qemu-user, shut into a scratch folder with nothing but `cat`. It may
// refuse (ERROR), never crash or hang: after each burst it must answer a HELLO. WARDIAN_FUZZ_SEED repeats a run.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { S_IFDIR, S_IFLNK, S_IFREG } from "../../image/archive/cpio.js";
import { cpioHeader, cpioTrailer, cpioWhole } from "../../image/archive/cpio-stream.js";
import { encodeFrame, FrameDecoder } from "./frame.js";
import { encodeExec, encodeHello, u32 } from "./message.js";
import { FRAME, LIMITS } from "./protocol.js";
import { Random } from "./random.js";
import { startUserGuest, type UserGuest, userGuestMissing } from "./user-guest.js";

const BURSTS = 400;
const BURST_FRAMES = 25;
const seed = Number(process.env.WARDIAN_FUZZ_SEED ?? Date.now() % 2 ** 32);
const missing = userGuestMissing() ?? (process.getuid?.() === 0 ? undefined : "needs root to shut the agent into a folder");
const TYPES = Object.values(FRAME).filter((type) => type !== FRAME.POWEROFF);
const root = mkdtempSync(join(tmpdir(), "wardian-fuzz-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** `cat` and the libraries it needs: the fuzzed agent can start nothing else. */
function furnish(): void {
  const libraries = spawnSync("ldd", ["/bin/cat"], { encoding: "utf8" }).stdout.match(/\/\S+/g) ?? [];
  for (const path of ["/bin/cat", ...libraries]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
  for (const folder of ["dev", "etc", "tmp"]) mkdirSync(join(root, folder), { recursive: true });
}

const owner = { uid: 0, gid: 0, mtimeSeconds: 0 };
const ARCHIVE = Buffer.concat([
  cpioHeader({ name: "d", mode: S_IFDIR | 0o755, ...owner }, 0),
  cpioWhole({ name: "d/e/f", mode: S_IFREG | 0o644, ...owner }, Buffer.from("some data")),
  cpioWhole({ name: "d/link", mode: S_IFLNK | 0o777, ...owner }, Buffer.from("e/f")),
  cpioWhole({ name: "hard", mode: 0, ...owner }, Buffer.from("d/e/f")),
  cpioTrailer(),
]);

/** An archive that goes up, in pieces, and is sometimes bent. */
function makeArchive(random: Random, id: number): Uint8Array[] {
  const archive = Uint8Array.from(ARCHIVE);
  if (random.below(2)) archive[random.below(archive.length)] = random.below(256);
  const cut = 1 + random.below(archive.length - 1);
  const pieces = [archive.subarray(0, cut), archive.subarray(cut)].map((piece) => encodeFrame(FRAME.DATA, 0, id, piece));
  return [encodeFrame(FRAME.TREE_PUT, 0, id, Buffer.from("/tmp")), ...pieces, encodeFrame(FRAME.EOF, 0, id)];
}

function makeFrames(random: Random): Uint8Array[] {
  const id = 1 + random.below(5);
  const stream = random.below(3);
  const exec = { args: ["cat", ...(random.below(3) ? [] : ["x".repeat(random.below(50_000))])], env: { A: "b" }, cwd: "/", user: "0" };
  const tty = random.below(6) ? undefined : { rows: 10, cols: 20 };
  const plain = (type: number, payload?: Uint8Array, at = 0): Uint8Array[] => [encodeFrame(type, at, id, payload)];
  const choices: (() => Uint8Array[])[] = [
    () => encodeExec(id, { ...exec, tty, stdin: random.below(2) === 0, endAtExit: random.below(2) === 0 }),
    () => plain(FRAME.DATA, random.bytes(1 + random.below(random.below(3) ? 100 : LIMITS.PAYLOAD_BYTES - 1))),
    () => plain(FRAME.DATA, random.bytes(1 + random.below(2000))),
    () => plain(FRAME.EOF),
    () => plain(FRAME.CREDIT, u32(random.below(3000)), 1 + random.below(2)),
    () => plain(FRAME.STOP, undefined, 1 + random.below(2)),
    () => plain(FRAME.CLOSE),
    () => plain(FRAME.SIGNAL, u32(1 + random.below(64))),
    () => plain(FRAME.RESIZE, random.bytes(4)),
    () => plain(FRAME.PING, random.bytes(8)),
    () => plain(FRAME.FILE_PUT, Buffer.concat([u32(0o644, 0xffffffff, 0xffffffff), Buffer.from("/tmp/f")])),
    () => plain(FRAME.FILE_GET, Buffer.from("/bin/cat")),
    () => plain(FRAME.TREE_GET, Buffer.concat([u32(random.below(4), random.below(4) ? 0xffffffff : random.below(3)), Buffer.from("/")])),
    () => makeArchive(random, id),
    () => makeArchive(random, id),
    () => plain(FRAME.REMOVE, Buffer.from(random.below(2) ? "/tmp/d" : "/tmp/hard")),
    () => plain(TYPES[random.below(TYPES.length)] ?? 0, random.bytes(random.below(60)), stream),
  ];
  return choices[random.below(choices.length)]?.() ?? [];
}

function mutate(frame: Uint8Array, random: Random): Uint8Array {
  if (random.below(8)) return frame;
  const bent = Uint8Array.from(frame);
  for (let n = 1 + random.below(3); n > 0; n--) bent[random.below(random.below(2) ? 24 : bent.length)] = random.below(256);
  return random.below(6) ? bent : bent.subarray(0, random.below(bent.length));
}

/** An agent and the last HELLO it has answered. */
class Target {
  readonly guest: UserGuest = startUserGuest(root);
  private hello = 0;

  constructor() {
    const decoder = new FrameDecoder(); // throws, and so fails the test, when the agent writes what is no frame
    this.guest.port.on("error", () => {}); // of writes after its end
    this.guest.port.on("data", (bytes: Buffer) =>
      decoder.push(bytes, (frame) => {
        if (frame.type === FRAME.HELLO) this.hello = frame.id;
        return true;
      }),
    );
  }

  get over(): boolean {
    return this.guest.process.exitCode !== null || this.guest.process.signalCode !== null;
  }

  async answersHello(number: number): Promise<boolean> {
    for (let tries = 0; tries < 200 && this.hello !== number && !this.over; tries++) {
      // Enough filler to end a frame that was cut short; then its length drifts until HELLO stands alone.
      this.guest.port.write(new Uint8Array(tries === 0 ? LIMITS.FRAME_BYTES + 4 : tries));
      this.guest.port.write(encodeHello(number));
      for (let waits = 0; waits < 25 && this.hello !== number; waits++) await sleep(2);
    }
    return this.hello === number;
  }
}

const title = `agent survives ${BURSTS * BURST_FRAMES} mutated frames (seed ${seed}${missing ? `; skipped: ${missing}` : ""})`;

test.skipIf(missing !== undefined)(title, { timeout: 120_000 }, async () => {
  furnish();
  const random = new Random(seed);
  let target = new Target();
  let frames = 0;
  for (let burst = 1; burst <= BURSTS + 1; burst++) {
    if (!(await target.answersHello(burst))) {
      expect(await target.guest.ended, `burst ${burst}`).toBe(0); // a bent frame became POWEROFF
      target = new Target();
      expect(await target.answersHello(burst)).toBe(true);
    }
    for (let n = 0; n < BURST_FRAMES && burst <= BURSTS; n++)
      for (const frame of makeFrames(random)) {
        target.guest.port.write(mutate(frame, random));
        frames++;
      }
  }
  expect(frames).toBeGreaterThan(2000);
  target.guest.port.destroy();
  expect(await target.guest.ended).toBe(0);
});
