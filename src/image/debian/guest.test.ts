// The whole way from a mirror to the cache, against an archive on loopback that can misbehave in every way.

import { spawn } from "node:child_process";
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { blobPath, sha256Of } from "./cache.js";
import { readDeb } from "./deb.js";
import { FakeArchive, type FakeKey, type FakePackage, makeKey } from "./fake-archive.js";
import { fetchFirmware, fetchGuest } from "./guest.js";
import { chooseNewest, type PackageRecord } from "./packages.js";
import { DEB_FILE, type FetchOptions, fetchParts, type FetchSeams, type Part } from "./parts.js";

const BUSYBOX_DATA = Buffer.alloc(300_000, "busybox ");
const kernel = (abi: string, version: string, data: string | Uint8Array = `Image ${version}`): FakePackage[] => [
  { name: "linux-image-riscv64", version, depends: `linux-base (= 1), linux-image-${abi}-riscv64 (= ${version})` },
  { name: `linux-image-${abi}-riscv64`, version, files: { "usr/share/doc/x": "" } },
  {
    name: `linux-binary-${abi}-riscv64`,
    version,
    files: { "usr/share/doc/readme": "x", [`usr/lib/modules/${abi}-riscv64/vmlinuz`]: data },
  },
];
const busybox = (version = "1:1.38.0-3+b1"): FakePackage => ({
  name: "busybox-static",
  version,
  files: { "usr/bin/busybox": BUSYBOX_DATA },
});
const opensbi: FakePackage = {
  name: "opensbi",
  version: "1.9-1",
  files: {
    "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin": "dynamic",
    "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin": "jump",
  },
};
const CURRENT = [
  ...kernel("7.2.13+deb14", "7.2.13-1"),
  { name: "linux-binary-7.9+deb14-rt-riscv64", version: "7.9-1" },
  busybox(),
  opensbi,
];

let key: FakeKey;
let archive: FakeArchive;
let cacheDir: string;
let notes: string[];

beforeAll(async () => {
  key = await makeKey();
});
beforeEach(async () => {
  archive = new FakeArchive(key);
  await archive.listen();
  await archive.publish(CURRENT);
  cacheDir = await mkdtemp(join(tmpdir(), "wardian-guest-"));
  notes = [];
});
afterEach(async () => {
  await archive.close();
  await rm(cacheDir, { recursive: true });
});

const options = (more: FetchOptions = {}): FetchOptions => ({
  mirror: archive.mirror,
  cacheDir,
  onNote: (line) => notes.push(line),
  ...more,
});
const seams = (more: FetchSeams = {}): FetchSeams => ({ keys: [key.publicKey], env: {}, retryDelayMs: 1, stallTimeoutMs: 2000, ...more });
const get = (more: FetchOptions = {}, moreSeams: FetchSeams = {}) => fetchGuest(options(more), seams(moreSeams));
const failure = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error("it was to fail");
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(WardianError);
      expect((error as WardianError).message).not.toContain("\n");
      return error as WardianError;
    },
  );
const codeOf = async (work: Promise<unknown>) => (await failure(work)).code;
const isDeb = (path: string) => path.endsWith(".deb");
const isBusybox = (path: string) => path.includes("busybox-static");

async function expectNothingHalf(): Promise<void> {
  const names = await readdir(cacheDir);
  for (const name of names) expect(["sha256", "partial", "packages.json", "guest.json", "firmware.json"]).toContain(name);
}

describe("fetchGuest", () => {
  it("fetches kernel and busybox, with progress, and then needs no network", async () => {
    const seen = new Map<string, number>();
    const guest = await get({
      onProgress: ({ file, receivedBytes, totalBytes }) => {
        expect(receivedBytes).toBeLessThanOrEqual(totalBytes);
        seen.set(file, receivedBytes / totalBytes);
      },
    });
    expect(await readFile(guest.kernel, "utf8")).toBe("Image 7.2.13-1");
    expect(Buffer.compare(await readFile(guest.busybox), BUSYBOX_DATA)).toBe(0);
    expect(guest.versions.kernel).toEqual({ package: "linux-binary-7.2.13+deb14-riscv64", version: "7.2.13-1" });
    expect([...seen]).toEqual([
      ["package list", 1],
      ["linux-binary-7.2.13+deb14-riscv64", 1],
      ["busybox-static", 1],
    ]);
    expect(archive.requests.some((path) => path.includes("by-hash"))).toBe(true);
    expect(await readdir(join(cacheDir, "partial"))).toEqual([]);
    expect(notes).toEqual([]);

    const before = archive.requests.length;
    const noFetch = () => Promise.reject(new Error("no network may be used"));
    expect(await get({}, { fetch: noFetch })).toEqual(guest);
    expect(await get({ offline: true }, { fetch: noFetch })).toEqual(guest);
    expect(archive.requests).toHaveLength(before);
  });

  it("fetches the firmware without reading the list again", async () => {
    await get();
    archive.requests.length = 0;
    const firmware = await fetchFirmware(options(), seams());
    expect(await readFile(firmware.jump, "utf8")).toBe("jump");
    expect(await readFile(firmware.dynamic, "utf8")).toBe("dynamic");
    expect(archive.requests).toEqual(["dists/sid/InRelease", "pool/main/opensbi_1.9-1_riscv64.deb"]);
  });

  it("keeps whole packages of a selection of its own, beside the guest's", async () => {
    await archive.publish([...CURRENT, { name: "sqlite3", version: "3.53-1", files: { "usr/bin/sqlite3": "sqlite" } }]);
    const part = { id: "sqlite", label: "sqlite3", choose: (records: PackageRecord[]) => chooseNewest(records, "sqlite3") } as Part;
    const selection = { index: "packages-of-bench", isWanted: (name: string) => name === "sqlite3" };
    const fetchSqlite = (more: FetchOptions = {}) => fetchParts("bench", [part], options(more), seams(), selection);
    const [found] = await fetchSqlite();
    expect(found).toMatchObject({ package: "sqlite3", version: "3.53-1" });
    const deb = await readFile(blobPath(cacheDir, found?.sha256[DEB_FILE] ?? ""));
    const names = [];
    for await (const { name } of readDeb(deb, "sqlite3", () => true)) names.push(name);
    expect(names).toEqual(["usr/bin/sqlite3"]);
    expect(await fetchSqlite({ offline: true })).toEqual([found]);
    expect((await get()).versions.busybox.package).toBe("busybox-static");
    expect((await readdir(cacheDir)).sort()).toEqual([
      "bench.json",
      "guest.json",
      "packages-of-bench.json",
      "packages.json",
      "partial",
      "sha256",
    ]);
  });

  it("takes the plain list where the mirror has no by-hash", async () => {
    archive.intercept = (path, _, response) => path.includes("by-hash") && response.writeHead(404).end() !== undefined;
    await get();
    expect(archive.requests).toContain("dists/sid/main/binary-riscv64/Packages.xz");
  });

  it("repairs a damaged cache, or says so offline", async () => {
    const guest = await get();
    await writeFile(guest.kernel, "tampered");
    expect(await codeOf(get({ offline: true }))).toBe("guest-offline");
    expect(await readFile((await get()).kernel, "utf8")).toBe("Image 7.2.13-1");
    await writeFile(join(cacheDir, "guest.json"), "{ half");
    await writeFile(join(cacheDir, "packages.json"), '{"format":1,"records":[{}]}');
    expect(await get()).toEqual(guest);
  });
});

describe("versions", () => {
  it("tells in one line which newer version there is when the known one is gone", async () => {
    await archive.publish([...kernel("7.3.2+deb14", "7.3.2-1"), busybox()]);
    const guest = await get();
    expect(guest.versions.kernel.version).toBe("7.3.2-1");
    expect(notes).toEqual([
      "linux-binary-7.2.13+deb14-riscv64 7.2.13-1 is gone from the archive; the newer linux-binary-7.3.2+deb14-riscv64 7.3.2-1 is there and was fetched.",
    ]);
  });

  it("keeps to the known version while it is there", async () => {
    await archive.publish([...kernel("7.2.13+deb14", "7.2.13-1").slice(1), ...kernel("7.3.2+deb14", "7.3.2-1"), busybox()]);
    expect((await get()).versions.kernel.version).toBe("7.2.13-1");
  });

  it("looks again when a listed package is gone, and takes the newer one", async () => {
    let isMoved = false;
    archive.intercept = (path, _, response) => {
      if (isMoved || !isBusybox(path)) return false;
      isMoved = true;
      void archive
        .publish([...CURRENT.filter((item) => item.name !== "busybox-static"), busybox("1:1.38.0-4")])
        .then(() => response.writeHead(404).end());
      return true;
    };
    expect((await get()).versions.busybox.version).toBe("1:1.38.0-4");
    expect(notes[0]).toMatch(/1:1\.38\.0-3\+b1 is gone from the archive; the newer busybox-static 1:1\.38\.0-4 is there/);
  });

  it("gives up in one line when the package or the suite is not there", async () => {
    archive.files.delete([...archive.files.keys()].find(isBusybox) as string);
    expect(await codeOf(get())).toBe("guest-gone");
    await archive.publish([busybox()]);
    expect((await failure(get())).message).toMatch(/has no kernel for riscv64/);
    archive.files.clear();
    expect(await codeOf(get())).toBe("guest-gone");
  });

  it("tells of an old index and of one from the future, and uses both", async () => {
    await archive.publish(CURRENT, { "Valid-Until": "Fri, 06 Nov 2020 08:08:01 UTC", Date: "Fri, 30 Oct 2099 08:08:01 UTC" });
    await get();
    expect(notes).toEqual([expect.stringMatching(/expired on 2020-11-06/), expect.stringMatching(/dated 2099-10-30, in the future/)]);
  });
});

describe("tampering", () => {
  const flip = (path: string, at: number) => {
    const bytes = Buffer.from(archive.files.get(path) as Buffer);
    bytes[at] = (bytes[at] as number) ^ 1;
    archive.files.set(path, bytes);
  };

  it("refuses a changed, unsigned, cut, foreign or misnamed InRelease", async () => {
    const path = "dists/sid/InRelease";
    const good = archive.files.get(path) as Buffer;
    const text = good.toString();
    const bad = [
      text.replace("sid", "sie"),
      text.replace(/^[\s\S]*?\n\n/, "").replace(/-----BEGIN PGP SIG[\s\S]*/, ""),
      text.slice(0, -300),
      "",
      "\0\xff",
      `${text.slice(0, 40)}${text}`,
      text.replace(/\n\n[\s\S]*?-----BEGIN PGP SIG/, "\n\nSuite: sid\n-----BEGIN PGP SIG"),
    ];
    for (const body of bad) {
      archive.files.set(path, Buffer.from(body));
      expect(await codeOf(get())).toBe("guest-signature");
    }
    archive.files.set(path, good);
    expect(await codeOf(get({}, { keys: [(await makeKey()).publicKey] }))).toBe("guest-signature");
    await archive.publish(CURRENT, { Suite: "stable", Codename: "trixie" });
    expect(await codeOf(get())).toBe("guest-signature");
    await expectNothingHalf();
  });

  it("does not take text around the signed part", async () => {
    const path = "dists/sid/InRelease";
    const evil = "SHA256:\n 0000000000000000000000000000000000000000000000000000000000000000 5 main/binary-riscv64/Packages.xz\n";
    archive.files.set(path, Buffer.concat([archive.files.get(path) as Buffer, Buffer.from(evil)]));
    const result = await get().then(
      () => "ok",
      (error: WardianError) => error.code,
    );
    expect(["ok", "guest-signature"]).toContain(result);
  });

  it("refuses a changed package list and a changed package", async () => {
    for (const path of archive.files.keys()) if (path.includes("by-hash") || path.endsWith(".xz")) flip(path, 200);
    expect(await codeOf(get())).toBe("guest-checksum");
    await archive.publish(CURRENT);
    flip([...archive.files.keys()].find(isBusybox) as string, 5000);
    expect(await codeOf(get())).toBe("guest-checksum");
    expect(await readdir(join(cacheDir, "partial"))).toEqual([]);
    await archive.publish(CURRENT);
    await get();
  });

  it("refuses a package that is shorter or longer than listed", async () => {
    const path = [...archive.files.keys()].find(isBusybox) as string;
    const good = archive.files.get(path) as Buffer;
    for (const bad of [good.subarray(0, -10), Buffer.concat([good, Buffer.alloc(10)])]) {
      archive.files.set(path, bad);
      expect(await codeOf(get())).toBe("guest-checksum");
    }
  });

  it("refuses a package without the files it should have", async () => {
    await archive.publish([
      ...kernel("7.2.13+deb14", "7.2.13-1"),
      { name: "busybox-static", version: "2", files: { "usr/bin/other": "" } },
    ]);
    expect(await codeOf(get())).toBe("guest-format");
  });
});

describe("a bad line", () => {
  it("goes on where a transfer broke", async () => {
    let isBroken = false;
    archive.intercept = (path, _, response, body) => {
      if (isBroken || !isBusybox(path) || body === undefined) return false;
      isBroken = true;
      response.writeHead(200, { "content-length": body.length });
      response.write(body.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    await get();
    expect(archive.requests.filter(isBusybox)).toHaveLength(2);
    expect(archive.requests.at(-1)).toMatch(/busybox.* bytes=100000-$/);
  });

  it("starts again at servers that cannot resume, and after temporary errors", async () => {
    let count = 0;
    archive.intercept = (path, _, response, body) => {
      if (!isBusybox(path) || body === undefined) return false;
      count += 1;
      if (count === 1) response.writeHead(503).end();
      else {
        response.writeHead(200, { "content-length": body.length });
        if (count === 2) response.write(body.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
        else response.end(body);
      }
      return true;
    };
    await get();
    expect(count).toBe(3);
  });

  it("gives up on a line that always breaks or stalls, and keeps what came", async () => {
    archive.intercept = (path, _, response, body) => {
      if (!isBusybox(path) || body === undefined) return false;
      response.writeHead(200, { "content-length": body.length });
      response.write(body.subarray(0, 1000));
      return true;
    };
    expect(await codeOf(get({}, { stallTimeoutMs: 60 }))).toBe("guest-download");
    expect(await readdir(join(cacheDir, "partial"))).toHaveLength(1);
    archive.intercept = () => false;
    await get();
    expect(archive.requests.at(-1)).toMatch(/bytes=1000-$/);
  });

  it("does not trust what it goes on from", async () => {
    const deb = archive.files.get([...archive.files.keys()].find(isBusybox) as string) as Buffer;
    await get().then(() => rm(join(cacheDir, "guest.json")));
    const leftover = `${sha256Of(deb)}.${sha256Of(Buffer.from(hostname())).slice(0, 8)}.0.aa`;
    await writeFile(join(cacheDir, "partial", leftover), "not what it should be");
    await get();
    expect(archive.requests.filter((line) => line.includes("busybox"))).toHaveLength(3);
  });

  it("says so when there is no network and nothing in the cache", async () => {
    await archive.close();
    const error = await failure(fetchGuest({ mirror: "http://127.0.0.1:9/debian", cacheDir }, seams()));
    expect(error.code).toBe("guest-offline");
    expect(await codeOf(fetchGuest({ cacheDir, offline: true }, seams()))).toBe("guest-offline");
    await archive.listen();
  });

  it("can be stopped at any time", async () => {
    const controller = new AbortController();
    archive.intercept = (path, _, response, body) => {
      if (!isDeb(path) || body === undefined) return false;
      response.writeHead(200, { "content-length": body.length });
      response.write(body.subarray(0, 100));
      setTimeout(() => controller.abort(), 30);
      return true;
    };
    expect(await codeOf(get({ signal: controller.signal }))).toBe("guest-aborted");
    expect(await codeOf(get({ signal: AbortSignal.abort() }))).toBe("guest-aborted");
    archive.intercept = () => false;
    await get();
  });

  it("goes to the next mirror when the host's own does not have the suite", async () => {
    const apt = await mkdtemp(join(tmpdir(), "wardian-apt-"));
    await writeFile(join(apt, "sources.list"), `deb http://127.0.0.1:9/debian trixie main\ndeb ${archive.mirror} trixie main\n`);
    await fetchGuest({ cacheDir, onNote: (line) => notes.push(line) }, seams({ aptFolder: apt }));
    expect(notes[0]).toMatch(/127\.0\.0\.1:9\/debian does not serve sid now \(guest-offline\); trying http/);
    await rm(apt, { recursive: true });
  });

  it("goes through a proxy when the environment names one", async () => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request.url ?? "");
      const onward = httpRequest(
        new URL((request.url ?? "").replace("archive.invalid", new URL(archive.mirror).host)),
        { headers: { ...request.headers, host: "x" } },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      onward.end();
    });
    proxy.on("connect", (request, socket) => {
      seen.push(request.url ?? "");
      const target = new URL(archive.mirror);
      const onward = connect(Number(target.port), target.hostname, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      socket.pipe(onward).pipe(socket);
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy());
    });
    await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
    const env = { http_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    await get({ mirror: "http://archive.invalid/debian" }, { env });
    expect(seen.length).toBeGreaterThan(0);
    proxy.closeAllConnections();
    proxy.close();
  });
});

describe("disk and processes", () => {
  it("says so when there is no space, and recovers", async () => {
    for (const allowedBytes of [100, 1500, 100_000, 450_000]) {
      const folder = join(cacheDir, String(allowedBytes));
      const error = await failure(get({ cacheDir: folder }, { open: smallDisk(allowedBytes) }));
      expect(error.code).toBe("guest-no-space");
      expect(await readdir(join(folder, "partial"))).toEqual([]);
      expect((await readdir(folder)).includes("guest.json")).toBe(false);
      await get({ cacheDir: folder });
    }
  });

  it("says so when the cache cannot be made", async () => {
    await writeFile(join(cacheDir, "file"), "");
    expect(await codeOf(get({ cacheDir: join(cacheDir, "file", "x") }))).toBe("guest-cache");
  });

  it("serves several at once in one cache", async () => {
    const guests = await Promise.all([get(), get(), get()]);
    expect(guests[1]).toEqual(guests[0]);
    expect(guests[2]).toEqual(guests[0]);
    expect(await readdir(join(cacheDir, "partial"))).toEqual([]);
  });
});

describe("real processes", () => {
  const root = resolve(import.meta.dirname, "../../..");
  const out = join(root, "build", `guest-test-${process.pid}`);
  const run = () => {
    const script = `
      const { fetchGuest } = await import(${JSON.stringify(join(out, "image/debian/guest.js"))});
      const guest = await fetchGuest({ mirror: process.env.MIRROR, cacheDir: process.env.CACHE }, { keys: [process.env.KEY], env: {}, retryDelayMs: 1 });
      console.log(JSON.stringify(guest));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, MIRROR: archive.mirror, CACHE: cacheDir, KEY: key.publicKey },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    return { child, ended: new Promise<string>((done) => child.on("close", () => done(text))) };
  };

  beforeAll(async () => {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const args = [
      "--ignoreConfig",
      "--outDir",
      out,
      "--rootDir",
      join(root, "src"),
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--lib",
      "es2023",
      "--types",
      "node",
      "--skipLibCheck",
      join(root, "src/image/debian/guest.ts"),
    ];
    const child = spawn(process.execPath, [tsc, ...args], { cwd: root, stdio: "inherit" });
    expect(await new Promise((done) => child.on("close", done))).toBe(0);
  }, 60_000);
  afterAll(() => rm(out, { recursive: true, force: true }));

  it("two at once agree", async () => {
    const [a, b] = await Promise.all([run().ended, run().ended]);
    expect(JSON.parse(a).versions.kernel.version).toBe("7.2.13-1");
    expect(b).toBe(a);
    expect(await readdir(join(cacheDir, "partial"))).toEqual([]);
  }, 30_000);

  it("a kill in mid-download leaves nothing half, and the next run goes on from there", async () => {
    let reached: () => void = () => {};
    const inMidDownload = new Promise<void>((done) => {
      reached = done;
    });
    archive.intercept = (path, _, response, body) => {
      if (!isBusybox(path) || body === undefined) return false;
      response.writeHead(200, { "content-length": body.length });
      response.write(body.subarray(0, 200_000), () => setTimeout(reached, 100));
      return true;
    };
    const { child, ended } = run();
    await inMidDownload;
    child.kill("SIGKILL");
    await ended;
    await expectNothingHalf();
    expect(await readdir(cacheDir)).not.toContain("guest.json");
    expect(await codeOf(get({ offline: true }))).toBe("guest-offline");
    archive.intercept = () => false;
    const guest = JSON.parse(await run().ended);
    expect(Buffer.compare(await readFile(guest.busybox), BUSYBOX_DATA)).toBe(0);
    expect(archive.requests.at(-1)).toMatch(/busybox.* bytes=\d{5,6}-$/);
  }, 30_000);

  it("kills at any instant leave a cache that the next run completes", async () => {
    for (let round = 0; round < 6; round++) {
      const { child, ended } = run();
      const timer = setTimeout(() => child.kill("SIGKILL"), 80 + round * 60);
      await ended;
      clearTimeout(timer);
      await expectNothingHalf();
      for (const name of await readdir(join(cacheDir, "sha256")).catch(() => [])) {
        expect(sha256Of(await readFile(join(cacheDir, "sha256", name)))).toBe(name);
      }
    }
    expect(await readFile((await get()).kernel, "utf8")).toBe("Image 7.2.13-1");
  }, 60_000);
});

/** Files as usual until so many bytes have been written in all. */
function smallDisk(allowedBytes: number): (path: string, flags: string) => Promise<FileHandle> {
  let leftBytes = allowedBytes;
  return async (path, flags) => {
    const handle = await open(path, flags);
    const write = handle.write.bind(handle) as (
      bytes: Uint8Array,
      offset: number,
      length: number,
    ) => Promise<{ bytesWritten: number; buffer: Uint8Array }>;
    handle.write = (async (bytes: Uint8Array, offset: number, length: number) => {
      if (leftBytes <= 0) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      const result = await write(bytes, offset, Math.min(length, leftBytes));
      leftBytes -= result.bytesWritten;
      return result;
    }) as FileHandle["write"];
    return handle;
  };
}
