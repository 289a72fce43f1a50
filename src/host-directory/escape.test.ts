// Every known trick to get out of a directory that was given, against one that has a secret beside it.
import { linkSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCESS_READ, ACCESS_WRITE, OFLAGS_CREAT } from "./abi.js";
import * as errno from "./errno.js";
import { KEPT_MAX } from "./directory-cache.js";
import { Ground, type Guest } from "./testing/guest.js";

const SECRET = "the secret beside the directory";

let ground: Ground;
let guest: Guest;
let before: string;
const inside = (path: string): string => join(ground.inside, path);

/** All that is outside, with contents and times. */
function outside(): string {
  const describe = (name: string): string => {
    const path = join(ground.folder, "outside", name);
    const stat = statSync(path);
    return `${name} ${stat.mode} ${stat.nlink} ${stat.size} ${stat.mtimeMs} ${stat.isFile() ? readFileSync(path, "utf8") : ""}`;
  };
  return readdirSync(join(ground.folder, "outside"), { recursive: true, encoding: "utf8" }).sort().map(describe).join("\n");
}

beforeEach(() => {
  ground = new Ground();
  guest = ground.guest();
  mkdirSync(join(ground.folder, "outside/dir"), { recursive: true });
  writeFileSync(join(ground.folder, "outside/secret"), SECRET);
  writeFileSync(join(ground.folder, "outside/dir/secret"), SECRET);
  before = outside();
});

afterEach(() => {
  try {
    expect(outside(), "nothing outside was changed").toBe(before);
  } finally {
    ground.remove();
  }
});

/** Everything that takes a path, done to `path`: what came of it. A handle is read and closed. */
function tryAll(path: string): Record<string, number | string> {
  const found: Record<string, number | string> = {};
  const opened = (name: string, handle: number): void => {
    found[name] = handle < 0 ? handle : "opened";
    if (handle >= 0) guest.directories.close(handle);
  };
  opened("open", guest.open(path));
  opened("open as a directory", guest.open(path, { oflags: 2, access: 0 }));
  opened("write", guest.open(path, { access: ACCESS_READ | ACCESS_WRITE }));
  opened("truncate", guest.open(path, { oflags: 8 }));
  opened("create", guest.open(path, { oflags: OFLAGS_CREAT, access: ACCESS_WRITE }));
  const stat = guest.stat(path);
  found["stat"] = typeof stat === "number" ? stat : "seen";
  found["times"] = guest.setTimes(path, 1n, 1n, 5);
  found["readlink"] = guest.readlink(path);
  found["mkdir"] = guest.mkdir(path);
  found["rmdir"] = guest.rmdir(path);
  found["unlink"] = guest.unlink(path);
  found["link from"] = guest.link(path, "stolen");
  found["link to"] = guest.link("mine", path);
  found["rename from"] = guest.rename(path, "stolen");
  found["rename to"] = guest.rename("mine", path);
  found["symlink"] = guest.symlink("mine", path);
  return found;
}

const all = (path: string): Set<number | string> => new Set(Object.values(tryAll(path)));

describe("a path that leads out is PERM for every call", () => {
  beforeEach(() => {
    mkdirSync(inside("d/e"), { recursive: true });
    writeFileSync(inside("mine"), "mine");
  });

  it.each([
    "/",
    "/etc/passwd",
    "//etc",
    "..",
    "../",
    "../outside/secret",
    "../inside/mine",
    "d/../../outside/secret",
    "d/e/../../../outside/secret",
    "./.././outside/secret",
    "d/e/../../..",
    "../../../../../../../../etc/passwd",
  ])("%s", (path) => {
    expect(all(path)).toEqual(new Set([-errno.PERM]));
  });

  it("the whole path of the secret, and of the directory itself", () => {
    expect(all(join(ground.folder, "outside/secret"))).toEqual(new Set([-errno.PERM]));
    expect(all(inside("mine"))).toEqual(new Set([-errno.PERM]));
  });

  it.each([
    ["absolute", () => join(ground.folder, "outside")],
    ["relative", () => "../outside"],
    ["down and up", () => "d/e/../../../outside"],
    ["with slashes", () => "..//outside//"],
    ["to the folder above", () => "../outside/."],
  ])("through a link in the middle: %s", (_name, target) => {
    symlinkSync(target(), inside("link"));
    expect(all("link/secret")).toEqual(new Set([-errno.PERM]));
    expect(all("link/dir/secret")).toEqual(new Set([-errno.PERM]));
    expect(all("d/../link/new")).toEqual(new Set([-errno.PERM]));
    expect(guest.list("link/")).toBe(-errno.PERM);
    expect(guest.list("link/.")).toBe(-errno.PERM);
  });

  it("through a chain of links, each harmless by itself", () => {
    symlinkSync("..", inside("d/up"));
    symlinkSync("d/up", inside("a"));
    symlinkSync("a/..", inside("b"));
    symlinkSync("b/outside", inside("c"));
    expect(guest.readFile("a/mine")).toBe("mine");
    expect(all("c/secret")).toEqual(new Set([-errno.PERM]));
    expect(guest.readFile("b/inside/mine")).toBe(-errno.PERM);
  });

  it("as a link at the end: what follows is PERM, what does not stays at the link", () => {
    symlinkSync("../outside/secret", inside("link"));
    const found = tryAll("link");
    for (const name of ["open", "open as a directory", "write", "truncate", "create", "stat", "times"])
      expect(found[name], name).toBe(-errno.PERM);
    expect(found["mkdir"]).toBe(-errno.EXIST);
    expect(found["rmdir"]).toBe(-errno.NOTDIR);
    expect(found["unlink"], "of the link").toBe(0);
  });

  it("created beyond a link that leads to nothing outside", () => {
    symlinkSync("../outside/new", inside("link"));
    symlinkSync(join(ground.folder, "outside/new"), inside("absolute"));
    for (const link of ["link", "absolute"]) expect(guest.writeFile(link, "x")).toBe(-errno.PERM);
  });

  it("from a directory opened within: that one is the boundary", () => {
    const d = guest.open("d");
    symlinkSync("../mine", inside("d/link"));
    for (const path of ["..", "../mine", "e/../../mine", "link"]) expect(guest.open(path, { at: d })).toBe(-errno.PERM);
    expect(guest.open("link/", { at: d })).toBe(-errno.PERM);
  });
});

describe("what the guest makes itself", () => {
  it("a link out may be made, as in wasmtime, but not followed; an absolute one may not be made", () => {
    expect(guest.symlink("../outside/secret", "link")).toBe(0);
    expect(guest.readFile("link")).toBe(-errno.PERM);
    expect(guest.symlink(join(ground.folder, "outside"), "absolute")).toBe(-errno.PERM);
  });

  it("a hard link of a link that leads out is a link still", () => {
    symlinkSync("../outside/secret", inside("link"));
    expect(guest.link("link", "hard")).toBe(0);
    expect(readlinkSync(inside("hard"))).toBe("../outside/secret");
    expect(guest.readFile("hard")).toBe(-errno.PERM);
    expect(statSync(join(ground.folder, "outside/secret")).nlink).toBe(1);
  });

  it("a hard link that the host made is the host's gift", () => {
    linkSync(join(ground.folder, "outside/dir/secret"), inside("gift"));
    before = outside();
    expect(guest.readFile("gift")).toBe(SECRET);
  });

  it("a directory moved while it is open: .. from it leads nowhere, and below it stays inside", () => {
    mkdirSync(inside("a/b/c"), { recursive: true });
    const c = guest.open("a/b/c");
    expect(guest.rename("a/b/c", "c")).toBe(0);
    expect(guest.open("..", { at: c })).toBe(-errno.PERM);
    expect(guest.open("../../../outside/secret", { at: c })).toBe(-errno.PERM);
    expect(guest.open("new", { at: c, oflags: OFLAGS_CREAT, access: ACCESS_WRITE })).toBeGreaterThanOrEqual(0);
    expect(guest.names("c")).toEqual([".", "..", "new"]);
  });

  it("a directory moved outside by the host: its handle goes on, and does not reach what is beside it there", () => {
    mkdirSync(inside("a"));
    const a = guest.open("a");
    renameSync(inside("a"), join(ground.folder, "moved"));
    for (const path of ["..", "../outside/secret", "../inside"]) expect(guest.open(path, { at: a })).toBe(-errno.PERM);
    expect(guest.open("a")).toBe(-errno.NOENT);
  });

  it("names that differ in case only are different names here", () => {
    symlinkSync("../outside/secret", inside("Link"));
    writeFileSync(inside("link"), "mine");
    expect(guest.readFile("link")).toBe("mine");
    expect(guest.readFile("Link")).toBe(-errno.PERM);
    expect(guest.readFile("LINK")).toBe(-errno.NOENT);
  });

  it("names with dots, backslashes and drives are only names", () => {
    for (const path of ["...", "..\\outside\\secret", "C:", "..%2foutside", "~", "..\u2215outside", ". ."]) {
      expect(guest.readFile(path), path).toBe(-errno.NOENT);
      expect(guest.writeFile(path, "x"), path).toBe(1);
      expect(readdirSync(ground.inside)).toContain(path);
    }
  });
});

describe("someone gives away the whole machine", () => {
  const MAGIC = ["cwd", "root", "exe", "fd/0", "task/self", "ns/net"].map((name) => `proc/self/${name}`);

  it("magic links of /proc are not followed", () => {
    const host = ground.guest({ path: "/" });
    const mine = inside("").slice(1);
    expect(host.names(mine)).toEqual([".", ".."]);
    for (const path of MAGIC) {
      const result = host.open(path, { access: 0 });
      expect([-errno.PERM, -errno.NOENT, -errno.ACCES], path).toContain(result);
      const below = host.open(`${path}/etc/passwd`);
      expect([-errno.PERM, -errno.NOENT, -errno.NOTDIR], path).toContain(below);
    }
    expect(host.readlink("proc/self/cwd")).toBe(-errno.PERM);
  });

  it("memory and switches of /proc and /sys are not opened, devices neither", () => {
    const host = ground.guest({ path: "/" });
    for (const access of [0, ACCESS_READ, ACCESS_READ | ACCESS_WRITE]) {
      for (const path of ["proc/self/mem", "proc/self/environ", "proc/version", `proc/${process.pid}/maps`, "dev/null"]) {
        expect(host.open(path, { access }), path).toBe(-errno.ACCES);
      }
    }
    expect(host.open("proc")).toBe(-errno.ACCES);
    expect(host.open("sys")).toBe(-errno.ACCES);
    expect(host.list("proc/self/fd")).toBe(-errno.ACCES);
  });

  it("our own descriptors are not reached by way of it", () => {
    const host = ground.guest({ path: "/", readOnly: true });
    const secret = host.open(join(ground.folder, "outside/secret").slice(1));
    expect(secret).toBeGreaterThanOrEqual(0);
    const links = readdirSync("/proc/self/fd");
    for (const number of links) expect(host.open(`proc/self/fd/${number}`)).not.toBeGreaterThanOrEqual(0);
  });
});

describe("what is kept open", () => {
  it("nothing in the end, whatever fails, and few directories on the way", () => {
    mkdirSync(inside("d/e/f"), { recursive: true });
    writeFileSync(inside("d/file"), "x");
    symlinkSync("../../outside", inside("d/link"));
    symlinkSync("loop", inside("d/loop"));
    const count = (): number => readdirSync("/proc/self/fd").length;
    const start = count();
    const paths = [
      "d/e/f",
      "d/e/f/..",
      "d/e/gone",
      "d/e/f/../../..",
      "d/e/f/../../../..",
      "d/link/x",
      "d/loop",
      "d/loop/x",
      "d/file/x",
      "d/file",
    ];
    for (const path of paths) {
      for (const follow of [true, false]) guest.directories.close(guest.open(path, { follow }));
      guest.directories.close(guest.open(path, { oflags: 2 }));
      guest.directories.close(guest.open(path, { oflags: OFLAGS_CREAT, access: ACCESS_WRITE }));
      tryAll(path);
    }
    guest.list("d");
    expect(count()).toBeLessThanOrEqual(start + KEPT_MAX);
    for (let i = 0; i < 2 * KEPT_MAX; i++) {
      mkdirSync(inside(`many/${i}`), { recursive: true });
      guest.stat(`many/${i}/x`);
    }
    expect(count()).toBe(start + KEPT_MAX);
    guest.directories.closeAll();
    expect(count()).toBe(start - 1);
  });
});
