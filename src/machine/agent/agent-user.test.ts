// The real agent binary under qemu-user with the real session: what needs no Linux of its own. Commands are the host's.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgentSession } from "./session.js";
import { streamTransport } from "./transport.js";
import { startUserGuest, type UserGuest, userGuestMissing } from "./user-guest.js";

const missing = userGuestMissing();

describe.skipIf(missing !== undefined)(`agent under qemu-user${missing ? ` (skipped: ${missing})` : ""}`, { timeout: 20_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "wardian-agent-"));
  let guest: UserGuest;
  let session: AgentSession;
  const env = { PATH: "/usr/bin:/bin" };

  beforeAll(async () => {
    guest = startUserGuest();
    session = new AgentSession(streamTransport(guest.port));
    await session.hello({ signal: AbortSignal.timeout(10_000) });
  });
  afterAll(async () => {
    session.close();
    expect(await guest.ended).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  test("streams apart, exit status, folder, environment", async () => {
    const process = session.exec({ args: ["sh", "-c", "pwd; echo $A >&2; exit 7"], env: { ...env, A: "b" }, cwd: folder });
    const [out, err, exit] = await Promise.all([text(process.stdout), text(process.stderr), process.exit]);
    expect([out, err, exit.status]).toEqual([`${folder}\n`, "b\n", 7]);
    expect(process.pid).toBeGreaterThan(1);
  });

  test("a command that is not there", async () => {
    const failure = "exec no-such-command: no such file or directory";
    expect(await session.exec({ args: ["no-such-command"], env }).exit).toEqual({ code: 127, signal: null, status: 127, failure });
  });

  test("20 MB through cat, eight at once, byte-exact", async () => {
    const seed = randomBytes(99_991);
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const [sent, got] = [createHash("sha256"), createHash("sha256")];
        const process = session.exec({ args: ["cat"], env, stdin: true });
        const source = Readable.from(
          (function* () {
            for (let i = 0; i < 26; i++) {
              sent.update(seed);
              yield seed;
            }
          })(),
        );
        await Promise.all([pipeline(source, process.stdin), pipeline(process.stdout, got), process.exit]);
        expect(got.digest("hex")).toBe(sent.digest("hex"));
      }),
    );
  });

  test("a terminal and its size", async () => {
    const process = session.exec({ args: ["stty", "size"], env, tty: { rows: 31, cols: 97 } });
    expect(await text(process.stdout)).toBe("31 97\r\n");
    expect((await process.exit).code).toBe(0);
  });

  test("kill, and abort", async () => {
    const killed = session.exec({ args: ["sleep", "100"], env });
    await session.ping();
    killed.kill("TERM");
    expect(await killed.exit).toEqual({ code: null, signal: "SIGTERM", status: 143 });
    const abort = new AbortController();
    const aborted = session.exec({ args: ["sleep", "100"], env, signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(aborted.exit).rejects.toThrow("enough");
  });

  test("files up and down", async () => {
    const bytes = randomBytes(3_000_000);
    const path = join(folder, "file");
    await session.putFile(path, Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]), { mode: 0o600 });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    const file = await session.getFile(path);
    expect(file.sizeBytes).toBe(bytes.length);
    expect((await buffer(file.content)).equals(bytes)).toBe(true);
    await expect(session.getFile(join(folder, "none"))).rejects.toMatchObject({ code: "agent-file" });
    const broken = Readable.from(
      (function* () {
        yield bytes;
        throw new Error("source broke");
      })(),
    );
    await expect(session.putFile(path, broken)).rejects.toThrow("source broke");
    await session.ping();
  });

  test("a refused signal name, a path with NUL, arguments without end", () => {
    expect(() => session.exec({ args: ["a\0b"] })).toThrow("NUL");
    expect(() => session.exec({ args: [] })).toThrow("at least a name");
    expect(() => session.exec({ args: ["x".repeat(2_000_000)] })).toThrow("shorten");
  });
});
