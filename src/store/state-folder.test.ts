import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { locateState, openStateFolder, StateFolder } from "./state-folder.js";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "wardian-state-"));
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "ok";
};

/** Does it as a user who is not root. */
function asNobody<T>(work: () => T): T {
  const [get, set] = [process.geteuid, process.seteuid];
  if (get === undefined || set === undefined || get.call(process) !== 0) return work();
  set.call(process, 65_534);
  try {
    return work();
  } finally {
    set.call(process, 0);
  }
}

describe("the place of the state", () => {
  const HOME = "/home/me";
  it.each([
    ["given", "/given", { WARDIAN_STATE: "/env" }, "/given"],
    ["relative", "sub/../x", {}, join(process.cwd(), "x")],
    ["from the environment", undefined, { WARDIAN_STATE: "/env", XDG_STATE_HOME: "/xdg" }, "/env"],
    ["by XDG", undefined, { WARDIAN_STATE: "", XDG_STATE_HOME: "/xdg" }, "/xdg/wardian"],
    ["not by a relative XDG", undefined, { XDG_STATE_HOME: "xdg" }, "/home/me/.local/state/wardian"],
    ["by default", undefined, {}, "/home/me/.local/state/wardian"],
  ])("is %s", (_name, given, env, expected) => {
    expect(locateState(given, env, HOME)).toBe(expected);
  });
});

describe("state folder", () => {
  it("is made with its parents, for its user alone", () => {
    const path = join(base, "a/b/state");
    const old = process.umask(0);
    try {
      openStateFolder(path);
    } finally {
      process.umask(old);
    }
    for (const part of ["", "instances", "images"]) expect(statSync(join(path, part)).mode & 0o777).toBe(0o700);
    expect(codeOf(() => openStateFolder(path))).toBe("ok");
  });

  it("is refused where it is not ours", () => {
    chmodSync(base, 0o755);
    const [other, open] = [join(base, "other"), join(base, "open")];
    mkdirSync(other, { mode: 0o755 });
    if (process.geteuid?.() === 0) expect(asNobody(() => codeOf(() => openStateFolder(other)))).toBe("state-unsafe");
    mkdirSync(open);
    chmodSync(open, 0o770);
    expect(codeOf(() => openStateFolder(open))).toBe("state-unsafe");
    expect(statSync(open).mode & 0o777).toBe(0o770);
    expect(readdirSync(open)).toEqual([]);
  });

  it("is refused where nothing can be written", () => {
    chmodSync(base, 0o555);
    expect(asNobody(() => codeOf(() => openStateFolder(join(base, "state"))))).toBe("state-unwritable");
    chmodSync(base, 0o755);
    writeFileSync(join(base, "file"), "");
    expect(codeOf(() => openStateFolder(join(base, "file")))).toBe("state-unwritable");
    expect(codeOf(() => openStateFolder(join(base, "file/below")))).toBe("state-unwritable");
    expect(codeOf(() => openStateFolder("/proc/wardian"))).toBe("state-unwritable");
  });

  it("is refused where somebody else has a folder of instances", () => {
    mkdirSync(join(base, "instances/mine"), { recursive: true });
    expect(codeOf(() => openStateFolder(base))).toBe("state-foreign");
    writeFileSync(join(base, "owner.lock"), "");
    expect(codeOf(() => openStateFolder(base))).toBe("ok");
    rmSync(join(base, "instances"), { recursive: true });
    symlinkSync(tmpdir(), join(base, "instances"));
    expect(codeOf(() => openStateFolder(base))).toBe("state-foreign");
  });

  it("names a socket only where there can be one", () => {
    expect(new StateFolder("/short").socket).toBe("/short/owner.sock");
    expect(codeOf(() => new StateFolder(`/${"x".repeat(95)}`).socket)).toBe("ok");
    expect(codeOf(() => new StateFolder(`/${"x".repeat(96)}`).socket)).toBe("state-path-too-long");
  });

  it.each(["", ".", "..", "a/b", "../x", "a\0b", ".hidden", "x".repeat(129)])("gives no folder to an instance named %j", (id) => {
    expect(codeOf(() => new StateFolder("/s").instance(id))).toBe("bad-request");
  });

  it("makes and removes an instance's folder, and nothing that links in it lead to", async () => {
    const folder = openStateFolder(join(base, "state"));
    const outside = join(base, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "precious"), "");
    const path = await folder.makeInstance("abc");
    expect(await folder.makeInstance("abc")).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(folder.instanceLog("abc")).toBe(join(path, "log"));
    symlinkSync(outside, join(path, "way-out"));
    await folder.removeInstance("abc");
    await folder.removeInstance("abc");
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(outside)).toEqual(["precious"]);
  });

  it("removes orphans, and only them", async () => {
    const folder = openStateFolder(join(base, "state"));
    const outside = join(base, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "precious"), "");
    for (const id of ["known", "orphan", "orphan2"]) writeFileSync(join(await folder.makeInstance(id), "file"), "");
    symlinkSync(outside, join(folder.instances, "linked"));
    symlinkSync(outside, join(folder.instance("orphan"), "way-out"));
    writeFileSync(join(folder.instances, "note.txt"), "");
    mkdirSync(join(folder.instances, ".hidden"));
    await folder.removeOrphans(new Set(["known"]));
    expect(readdirSync(folder.instances).toSorted()).toEqual([".hidden", "known", "linked", "note.txt"]);
    expect(readdirSync(folder.instance("known"))).toEqual(["file"]);
    expect(readdirSync(outside)).toEqual(["precious"]);
  });
});
