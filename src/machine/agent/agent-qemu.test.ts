// The agent and the session against a real Linux under QEMU. Takes about half a minute: asked for by
// WARDIAN_QEMU_AGENT=1, with WARDIAN_TEST_KERNEL and WARDIAN_TEST_BUSYBOX naming a riscv64 kernel and a static busybox.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WardianError } from "../../errors.js";
import { type QemuGuest, startQemuGuest } from "./qemu-guest.js";
import { AgentSession, type ExecOptions } from "./session.js";

const { WARDIAN_QEMU_AGENT, WARDIAN_TEST_KERNEL = "", WARDIAN_TEST_BUSYBOX = "" } = process.env;

async function collect(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe.skipIf(WARDIAN_QEMU_AGENT !== "1")("agent in Linux under QEMU (WARDIAN_QEMU_AGENT=1)", { timeout: 60_000 }, () => {
  let guest: QemuGuest;
  let session: AgentSession;

  async function run(script: string, options: Partial<ExecOptions> = {}) {
    const process = session.exec({ args: ["sh", "-c", script], ...options });
    const [out, err, exit] = await Promise.all([collect(process.stdout), collect(process.stderr), process.exit]);
    return { out: out.toString(), err: err.toString(), exit };
  }

  beforeAll(async () => {
    guest = await startQemuGuest(WARDIAN_TEST_KERNEL, WARDIAN_TEST_BUSYBOX);
    session = new AgentSession(guest.transport);
    await session.hello({ signal: AbortSignal.timeout(40_000) });
  }, 60_000);
  afterAll(async () => await guest?.stop());

  test("is process 1, and has made the system ready", async () => {
    expect(session.guest).toMatchObject({ major: 1, pid: 1 });
    const { out } = await run("hostname; cat /proc/mounts; ip link show lo; ls -l /dev/stdout; echo x > /dev/stderr");
    expect(out).toMatch(/^wardian\n/);
    for (const path of ["/proc", "/sys", "/dev", "/dev/pts", "/run", "/sys/fs/cgroup"]) expect(out).toContain(` ${path} `);
    expect(out).toContain("LOOPBACK,UP");
  });

  test("echo, streams apart, exit codes, signals", async () => {
    expect(await run("echo hello; echo world >&2; exit 3")).toEqual({
      out: "hello\n",
      err: "world\n",
      exit: { code: 3, signal: null, status: 3 },
    });
    expect((await run("kill -TERM $$")).exit).toEqual({ code: null, signal: "SIGTERM", status: 143 });
    expect((await run("kill -SEGV $$")).exit.status).toBe(139);
  });

  test("what cannot start ends with 127 or 126 and a reason", async () => {
    const fails = async (options: ExecOptions) => await session.exec(options).exit;
    expect(await fails({ args: ["no-such-command"] })).toEqual({
      code: 127,
      signal: null,
      status: 127,
      failure: "exec no-such-command: no such file or directory",
    });
    expect(await fails({ args: ["/etc/passwd"] })).toMatchObject({ code: 126, failure: "exec /etc/passwd: permission denied" });
    expect(await fails({ args: ["true"], user: "nobody-here" })).toMatchObject({ code: 126 });
    expect(await fails({ args: ["true"], cwd: "/nowhere" })).toMatchObject({
      code: 127,
      failure: "cwd /nowhere: no such file or directory",
    });
    expect(await fails({ args: ["true"] })).toMatchObject({ code: 0 });
  });

  test("environment, folder, user", async () => {
    expect((await run("pwd; echo $A; echo $HOME; echo $PATH", { env: { A: "b c" }, cwd: "/etc" })).out).toBe(
      "/etc\nb c\n/root\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
    );
    expect((await run("id; echo $HOME; echo x >/dev/stdout", { user: "flora" })).out).toBe(
      "uid=1000(flora) gid=1000(flora) groups=1000(flora),1234(garden)\n/home/flora\nx\n",
    );
    expect((await run("id", { user: "77:garden" })).out).toBe("uid=77 gid=1234(garden)\n");
    const long = "x".repeat(100_000);
    expect((await run("echo $A | wc -c", { env: { A: long } })).out.trim()).toBe("100001");
  });

  test("eight at once", async () => {
    const all = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(async (n) => await run(`sleep 0.${n}; echo ${n}; exit ${n}`)));
    expect(all.map(({ out, exit }) => [out, exit.code])).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`${n}\n`, n]));
  });

  test("64 at once, then agent-busy", async () => {
    const all = Array.from({ length: 64 }, () => session.exec({ args: ["cat"], stdin: true }));
    expect(() => session.exec({ args: ["true"] })).toThrow(WardianError);
    for (const process of all) process.stdin.end("x");
    for (const process of all) expect((await collect(process.stdout)).toString()).toBe("x");
    for (const process of all) expect((await process.exit).code).toBe(0);
  });

  test("50 MB through cat, byte-exact", async () => {
    const bytes = 50_000_000;
    const seed = randomBytes(65_537);
    const sent = createHash("sha256");
    const got = createHash("sha256");
    const process = session.exec({ args: ["cat"], stdin: true });
    const source = Readable.from(
      (function* () {
        for (let left = bytes; left > 0; left -= seed.length) {
          const part = seed.subarray(0, Math.min(left, seed.length));
          sent.update(part);
          yield part;
        }
      })(),
    );
    const began = performance.now();
    await Promise.all([pipeline(source, process.stdin), pipeline(process.stdout, got)]);
    expect((await process.exit).code).toBe(0);
    expect(got.digest("hex")).toBe(sent.digest("hex"));
    console.log(`50 MB up and down: ${((bytes / 1e6 / (performance.now() - began)) * 1000).toFixed(1)} MB/s each way`);
  });

  test("50 MB down", async () => {
    const process = session.exec({ args: ["dd", "if=/dev/zero", "bs=1M", "count=50"] });
    const began = performance.now();
    process.stderr.resume();
    expect((await collect(process.stdout)).length).toBe(50 * 1024 * 1024);
    console.log(`50 MB down: ${((52.4 / (performance.now() - began)) * 1000).toFixed(1)} MB/s`);
  });

  test("a reader that stops holds its command only", async () => {
    const endless = session.exec({ args: ["yes"] });
    await once(endless.stdout, "readable");
    await sleep(300);
    expect(endless.stdout.readableLength).toBeLessThanOrEqual(64 * 1024 + 256 * 1024);
    expect((await run("echo alive")).out).toBe("alive\n");
    await session.ping();
    endless.kill("KILL");
    expect((await endless.exit).signal).toBe("SIGKILL");
    endless.stdout.resume();
    await once(endless.stdout, "end");
  });

  test("a writer whose command does not read is held; one that ends early is let go", async () => {
    const sleeper = session.exec({ args: ["sleep", "100"], stdin: true });
    let written = 0;
    while (sleeper.stdin.write(Buffer.alloc(65_536)) && written < 100) written++;
    await sleep(200);
    expect((await run("echo alive")).out).toBe("alive\n");
    sleeper.kill();
    expect((await sleeper.exit).signal).toBe("SIGTERM");
    const head = session.exec({ args: ["head", "-c", "3"], stdin: true });
    head.stdin.write("abcdef");
    expect((await collect(head.stdout)).toString()).toBe("abc");
    await head.exit;
    expect(head.stdin.destroyed).toBe(true);
  });

  test("destroying stdout gives the command a broken pipe", async () => {
    const endless = session.exec({ args: ["yes"] });
    await once(endless.stdout, "data");
    endless.stdout.destroy();
    expect((await endless.exit).status).toBeGreaterThan(0);
  });

  test("a terminal, resized; Ctrl-C; end of input", async () => {
    const shell = session.exec({ args: ["sh"], tty: { rows: 33, cols: 99 } });
    let text = "";
    shell.stdout.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
    const until = async (pattern: RegExp): Promise<void> => {
      for (let tries = 0; !pattern.test(text); tries++) {
        if (tries > 500) throw new Error(`no ${pattern} in ${JSON.stringify(text)}`);
        await sleep(10);
      }
      text = "";
    };
    shell.stdin.write("stty size\n");
    await until(/33 99\r\n/);
    shell.resize(120, 40);
    shell.stdin.write("stty size; tty; echo $TERM\n");
    await until(/40 120\r\n/);
    shell.stdin.write("sleep 100\n");
    await until(/sleep 100\r\n/);
    await sleep(200);
    shell.stdin.write("\x03");
    shell.stdin.write("echo code $?\n");
    await until(/code 130\r\n/);
    shell.stdin.end("exit 5\n");
    expect((await shell.exit).code).toBe(5);
  });

  test("end of stdin ends a terminal's reader", async () => {
    const cat = session.exec({ args: ["cat"], tty: true });
    cat.stdin.end("abc\n");
    expect((await collect(cat.stdout)).toString()).toBe("abc\r\nabc\r\n");
    expect((await cat.exit).code).toBe(0);
  });

  test("kill reaches the group; abort kills and rejects", async () => {
    const group = session.exec({ args: ["sh", "-c", "sleep 1000 & wait"] });
    await sleep(100);
    group.kill("SIGKILL");
    await collect(group.stdout); // ends only when the sleep is dead too
    const abort = new AbortController();
    const aborted = session.exec({ args: ["sleep", "1000"], signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(aborted.exit).rejects.toThrow("enough");
    await sleep(200);
    expect((await run("ps")).out).not.toContain("sleep 1000");
  });

  test("outputs end with the command where asked, after all it wrote", async () => {
    const script = "sleep 50 & dd if=/dev/zero bs=1000 count=200 2>/dev/null; exit 1";
    const process = session.exec({ args: ["sh", "-c", script], endAtExit: true });
    expect((await collect(process.stdout)).length).toBe(200_000);
    expect((await process.exit).code).toBe(1);
  });

  test("10 MB up and down, mode and owner, errors", async () => {
    const bytes = randomBytes(10_000_000);
    await session.putFile("/tmp/up", bytes, { mode: 0o640, uid: 1000, gid: 1234 });
    const sum = createHash("sha256").update(bytes).digest("hex");
    expect((await run("sha256sum /tmp/up; stat -c '%a %u %g %s' /tmp/up")).out).toBe(`${sum}  /tmp/up\n640 1000 1234 10000000\n`);
    const file = await session.getFile("/tmp/up");
    expect(file).toMatchObject({ mode: 0o640, uid: 1000, gid: 1234, sizeBytes: bytes.length });
    expect((await collect(file.content)).equals(bytes)).toBe(true);
    expect((await collect((await session.getFile("/proc/version")).content)).toString()).toMatch(/^Linux version/);
    await session.putFile("/tmp/empty", new Uint8Array(0));
    expect((await collect((await session.getFile("/tmp/empty")).content)).length).toBe(0);
    await expect(session.getFile("/tmp/none")).rejects.toThrow("cannot read /tmp/none in the guest: no such file or directory");
    await expect(session.getFile("/tmp")).rejects.toThrow("is a directory");
    await expect(session.getFile("/dev/zero")).rejects.toThrow("invalid argument");
    await expect(session.putFile("/none/x", bytes)).rejects.toThrow("no such file or directory");
    await run("mount -t tmpfs -o size=1m tmpfs /home");
    await expect(session.putFile("/home/x", bytes)).rejects.toThrow("no space left on device");
    (await session.getFile("/tmp/up")).content.destroy();
    await session.ping();
  });

  test("orphans are reaped", async () => {
    await run("for i in 1 2 3 4 5; do (sleep 0.1 &) ; done");
    await sleep(1000);
    const { out } = await run("ps");
    expect(out).not.toMatch(/sleep 0|\[sleep\]|\[sh\]/);
  });

  test("clock and entropy", async () => {
    session.setClock(1_900_000_000_000_000_000n);
    session.addEntropy(randomBytes(64));
    expect((await run("date +%s")).out).toMatch(/^19000000/);
  });

  test("memory of the agent stays small", async () => {
    const { out } = await run("cat /proc/1/status");
    const residentKib = Number(/VmRSS:\s+(\d+) kB/.exec(out)?.[1]);
    expect(residentKib).toBeLessThan(2048);
  });

  test("a host that leaves ends its commands; the next one starts afresh", async () => {
    const left = session.exec({ args: ["sleep", "4321"] });
    await session.ping();
    session.close();
    await expect(left.exit).rejects.toMatchObject({ code: "agent-closed" });
    session = new AgentSession(await guest.connect());
    await session.hello({ signal: AbortSignal.timeout(10_000) });
    expect((await run("ps")).out).not.toContain("sleep 4321");
  });

  test("poweroff ends the machine", async () => {
    const left = once(guest.process, "exit");
    await session.poweroff();
    expect((await left)[0]).toBe(0);
    expect(() => session.exec({ args: ["true"] })).toThrow("powered off");
  });
});
