// Files of real guests, from outside: while they run, when they have stopped, and from one run to the next. Our machine, Debian's
// kernel and busybox; the agent unpacks, walks and removes on a real tmpfs.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { makeTar, paxMember, tarMember } from "../../src/image/archive/samples.js";
import { readTar, type TarEntry } from "../../src/image/archive/tar.js";
import { OneUse, planFiles } from "../../src/instance/boot-files.js";
import { loadImage, prepareGuestFiles } from "../../src/instance/guest-files.js";
import { AGENT_PATH } from "../../src/instance/guest-initrd.js";
import { limitPids } from "../../src/instance/guest-limits.js";
import { GuestTree } from "../../src/instance/guest-tree.js";
import { RootLayer } from "../../src/instance/root-layer.js";
import { StoredTree } from "../../src/instance/stored-tree.js";
import { AgentSession, streamTransport } from "../../src/machine/agent/index.js";
import { VirtualMachine } from "../../src/machine/vm.js";
import { fetchLinux } from "./linux.js";

const files = await fetchLinux();
const MEMORY_BYTES = 256 * 2 ** 20;
const STRANGE = "a name\nwith ✿ in it";

interface TestGuest {
  readonly session: AgentSession;
  readonly tree: GuestTree;
  run(script: string): Promise<string>;
  stop(): Promise<void>;
}

async function boot(layer?: RootLayer, append = ""): Promise<TestGuest> {
  const { kernel, initrd } = await prepareGuestFiles({ image: "busybox", layer }, MEMORY_BYTES);
  const cmdline = `console=ttyS0 quiet panic=-1 no4lvl cryptomgr.notests cma=0 rdinit=${AGENT_PATH} ${append}`;
  const vm = await VirtualMachine.start({
    ramBytes: MEMORY_BYTES,
    plan: () => planFiles({ kernel, initrd: new OneUse(initrd) }, MEMORY_BYTES, cmdline),
    ports: ["", "wardian.agent"],
  });
  vm.serial.resume();
  vm.port("").resume();
  const session = new AgentSession(streamTransport(vm.port("wardian.agent")));
  await session.hello({ signal: AbortSignal.timeout(60_000) });
  const run = async (script: string): Promise<string> => {
    const process = session.exec({ args: ["sh", "-c", `exec 2>&1; ${script}`] });
    const [out] = await Promise.all([text(process.stdout), process.exit]);
    return out;
  };
  return { session, tree: new GuestTree(session), run, stop: async () => await vm.stop() };
}

async function entriesOf(tar: Readable): Promise<Map<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  for await (const entry of readTar(tar, { fileLimitBytes: 2 ** 30 })) entries.set(entry.name, entry);
  return entries;
}

const content = async (tree: GuestTree | StoredTree, path: string): Promise<string> =>
  (await buffer((await tree.read(path)).content)).toString();
const folder = mkdtempSync(join(tmpdir(), "wardian-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(files === undefined)("files of a guest", { timeout: 120_000 }, () => {
  it("go in and out while it runs", async () => {
    const guest = await boot();
    const { tree, run } = guest;
    await tree.write("/srv file", Readable.from([Buffer.from("hello "), Buffer.from("world")]), { mode: 0o4751, uid: 7, gid: 8 });
    expect(await run("stat -c '%a %u %g %s' '/srv file'; cat '/srv file'")).toBe("4751 7 8 11\nhello world");
    expect(await tree.stat("srv file")).toMatchObject({ name: "srv file", type: "file", sizeBytes: 11, mode: 0o4751, uid: 7, gid: 8 });
    expect(await tree.stat("/bin/ls")).toMatchObject({ type: "symlink", target: "busybox" });
    expect(await tree.stat("/")).toMatchObject({ name: "/", type: "folder" });
    expect(await tree.stat("/dev/console")).toMatchObject({ type: "character" });
    expect((await tree.stat("/proc")).type).toBe("folder");

    const big = randomBytes(20_000_000);
    await tree.write("/big", Readable.from([big]));
    expect(await run("sha256sum /big")).toContain(createHash("sha256").update(big).digest("hex"));
    expect((await buffer((await tree.read("/big")).content)).equals(big)).toBe(true);

    await run(`mkdir -p /t/empty /t/sub; cd /t; echo 1 > "$(printf '${STRANGE.replace("\n", "\\n")}')"; ln -s /etc/passwd link; ln -s none dangling
      echo deep > sub/file; chown 1000:1001 sub; chmod 2750 sub; mkfifo fifo; mknod zero c 1 5; ln sub/file hard; touch -d '2001-02-03 04:05:06' sub/file
      mkdir mnt; mount -t tmpfs none mnt; echo hidden > mnt/hidden`);
    const names = (await tree.list("/t")).map(({ name }) => name);
    expect(names).toEqual([STRANGE, "dangling", "empty", "fifo", "hard", "link", "mnt", "sub", "zero"]);
    expect((await tree.list("/t/sub/")).map(({ name, modifiedAt }) => [name, modifiedAt])).toEqual([["file", "2001-02-03T04:05:06.000Z"]]);

    const out = await entriesOf(await tree.archive("/t"));
    expect([...out.keys()].sort()).toEqual(
      ["t/", `t/${STRANGE}`, "t/dangling", "t/empty/", "t/fifo", "t/hard", "t/link", "t/mnt/", "t/sub/", "t/sub/file", "t/zero"].sort(),
    );
    expect(out.get("t/sub/")).toMatchObject({ type: "directory", mode: 0o2750, uid: 1000, gid: 1001 });
    expect(out.get("t/zero")).toMatchObject({ type: "character", deviceMajor: 1, deviceMinor: 5 });
    expect(out.get("t/link")).toMatchObject({ type: "symlink", linkName: "/etc/passwd" });
    expect(Buffer.from(out.get("t/sub/file")?.data ?? []).toString()).toBe("deep\n");
    expect([...(await entriesOf(await tree.archive("/t/sub/file"))).keys()]).toEqual(["file"]);

    await run("mkdir /u; echo old > /u/replaced; ln /u/replaced /u/other");
    await tree.extract("/u", Readable.from([await buffer(await tree.archive("/t"))]));
    expect(
      await run(
        "cd /u/t; stat -c '%a %u %g' sub; stat -c %Y sub/file; readlink link; cat hard; ls -l zero | cut -c1; test -p fifo && echo fifo",
      ),
    ).toBe("2750 1000 1001\n981173106\n/etc/passwd\ndeep\nc\nfifo\n");
    const tar = makeTar([
      { name: "./", flag: "5", mode: 0o700, uid: 99 },
      { name: "replaced", data: "new", mode: 0o600, uid: 5, gid: 6, mtime: 1_000_000_000 },
      { name: "made/for/it", data: "x" },
      { name: "dir", flag: "5", mode: 0o750, mtime: 1_100_000_000 },
      { name: "dir/in", data: "y" },
      { name: "dir/hard", flag: "1", link: "dir/in" },
    ]);
    await tree.extract("/u", Readable.from([gzipSync(tar)]));
    expect(
      await run(
        "cd /u; cat replaced; stat -c ' %a %u %g %Y' replaced; cat other made/for/it dir/hard; echo; stat -c '%h' dir/in; stat -c '%a %Y' dir; stat -c '%a %u' /u",
      ),
    ).toBe("new 600 5 6 1000000000\nold\nxy\n2\n750 1100000000\n755 0\n");

    await expect(tree.remove("/t")).rejects.toMatchObject({ code: "file-failed" }); // a mount is below
    await run("umount /t/mnt");
    await tree.remove("/t");
    await tree.remove("/u/t/link");
    expect(await run("ls -d /t /etc/passwd /u/t/link")).toMatch(/\/t: No such[^]*\/etc\/passwd[^]*\/u\/t\/link: No such|\/etc\/passwd/);
    await expect(tree.stat("/t")).rejects.toMatchObject({ code: "no-file" });
    await expect(tree.remove("/")).rejects.toMatchObject({ code: "file-failed" });
    await expect(tree.read("/bin")).rejects.toMatchObject({ code: "is-a-folder" });
    await expect(tree.list("/bin/busybox")).rejects.toMatchObject({ code: "not-a-folder" });
    await expect(tree.archive("/none")).rejects.toMatchObject({ code: "no-file" });
    await expect(tree.extract("/none", Readable.from([tar]))).rejects.toMatchObject({ code: "no-file" });
    await expect(tree.extract("/u", Readable.from([tar.subarray(0, 700)]))).rejects.toMatchObject({ code: "archive-truncated" });
    await expect(tree.extract("/u", Readable.from([makeTar([{ name: "../x" }])]))).rejects.toMatchObject({ code: "archive-unsafe" });
    await expect(tree.extract("/u", Readable.from([makeTar([{ name: "dir", data: "x" }])]))).rejects.toMatchObject({ code: "is-a-folder" });
    await guest.session.ping();
    await guest.stop();
  });

  it("that a run changes are there when it has stopped, can be changed then, and are there in the next run", async () => {
    const layer = await RootLayer.open(join(folder, "a"));
    const first = await boot(layer);
    await first.run(`echo 'one' > /kept; mkdir -p /opt/d/empty; echo "$(printf '${STRANGE.replace("\n", "\\n")}')" > /opt/d/name
      chmod 700 /usr; rm /bin/yes; rm -r /var; mv /etc /etc2; ln -s /etc2 /etc; echo more >> /etc2/group; ln -s kept link; chown 12:34 /kept
      dd if=/dev/urandom of=/opt/big bs=1M count=5; sha256sum /opt/big > /opt/sum; echo t > /tmp/t; cp -p /etc2/passwd /root/p; date -s 2001-01-01; echo late >> /root/p`);
    const sum = await first.run("cat /opt/sum");
    const began = performance.now();
    await first.tree.saveChanges(layer, { limitBytes: MEMORY_BYTES });
    console.log(`saving 5 MB of changes: ${(performance.now() - began).toFixed(0)} ms`);
    await first.stop();
    expect([...layer.index.removed].sort()).toEqual(["bin/yes", "etc/group", "etc/passwd", "var"]);

    const rootfs = async (): Promise<Uint8Array> => await loadImage("busybox", MEMORY_BYTES);
    const stored = new StoredTree({ rootfs, layer, limitBytes: MEMORY_BYTES });
    expect(await content(stored, "/link")).toBe("one\n");
    expect(await content(stored, "/etc/group")).toContain("more\n");
    expect(await content(stored, "/root/p")).toMatch(/^root:[^]*late\n$/);
    expect(await content(stored, "/opt/d/name")).toBe(`${STRANGE}\n`);
    expect(await stored.stat("/kept")).toMatchObject({ uid: 12, gid: 34 });
    expect((await stored.stat("/usr")).mode).toBe(0o700);
    await expect(stored.stat("/bin/yes")).rejects.toMatchObject({ code: "no-file" });
    expect(
      createHash("sha256")
        .update(await buffer((await stored.read("/opt/big")).content))
        .digest("hex"),
    ).toBe(sum.slice(0, 64));
    expect([...(await entriesOf(await stored.archive("/opt/d"))).keys()].sort()).toEqual(["d/", "d/empty/", "d/name"]);

    await stored.write("/etc/motd", Readable.from([Buffer.from("changed while it was off")]), { mode: 0o600 });
    await stored.remove("/opt/d/name");
    await stored.remove("/bin/sync");
    await stored.extract(
      "/opt",
      Readable.from([Buffer.concat([paxMember({ path: `x/${STRANGE}` }), tarMember({ name: "x", data: "tar" }), Buffer.alloc(1024)])]),
    );

    const second = await boot(layer);
    expect(
      await second.run(
        "cat /link /etc2/motd; stat -c ' %a' /etc2/motd; ls /bin/yes /bin/sync /var; ls -A /opt/d; cat /opt/x/*; sha256sum -c /opt/sum; cat /tmp/t; stat -c %a /usr",
      ),
    ).toBe(
      "one\nchanged while it was off 600\nls: /bin/yes: No such file or directory\nls: /bin/sync: No such file or directory\nls: /var: No such file or directory\nempty\ntar/opt/big: OK\nt\n700\n",
    );
    const before = layer.index;
    const saving = performance.now();
    await second.tree.saveChanges(layer, { limitBytes: MEMORY_BYTES });
    console.log(`saving no changes: ${(performance.now() - saving).toFixed(0)} ms`);
    expect([...layer.index.entries.keys()].sort()).toEqual([...before.entries.keys()].sort());
    expect([...layer.index.removed].sort()).toEqual([...before.removed].sort());
    await second.run("echo x > /bin/yes; rm /kept; mkdir /var");
    await expect(second.tree.saveChanges(layer, { limitBytes: 1000 })).rejects.toMatchObject({ code: "disk-full" });
    await second.tree.saveChanges(layer, { limitBytes: MEMORY_BYTES });
    await second.stop();
    expect(await content(stored, "/bin/yes")).toBe("x\n");
    expect((await stored.list("/var")).length).toBe(0);
    await expect(stored.read("/link")).rejects.toMatchObject({ code: "no-file" });
  });

  it("and its tasks are bounded where that is asked for", async () => {
    const guest = await boot(undefined, `initramfs_options=size=${32 * 2 ** 20}`);
    await limitPids(guest.session, 20);
    expect(await guest.run("dd if=/dev/zero of=/fill bs=1M; stat -c %s /fill; rm /fill")).toMatch(
      /No space left on device[^]*\n(29|30|31)\d{6}\n/,
    );
    await expect(guest.tree.write("/fill", Readable.from([Buffer.alloc(40_000_000)]))).rejects.toMatchObject({ code: "disk-full" });
    await guest.tree.remove("/fill");
    const bomb = guest.session.exec({ args: ["sh", "-c", "bomb() { bomb | bomb & }; bomb"] });
    bomb.stdout.resume();
    bomb.stderr.resume();
    await bomb.exit;
    for (let tries = 0; tries < 20; tries++) {
      const tasks = await text((await guest.tree.read("/sys/fs/cgroup/wardian/pids.current")).content);
      expect(Number(tasks)).toBeLessThanOrEqual(21);
    }
    await guest.stop();
  });
});
