// Directories that are kept open: used while they are where the path says, and forgotten the moment they are not.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCESS_WRITE, OFLAGS_CREAT } from "./abi.js";
import { DirectoryCache } from "./directory-cache.js";
import * as errno from "./errno.js";
import { Ground, type Guest } from "./testing/guest.js";

let ground: Ground;
let guest: Guest;
const inside = (path: string): string => join(ground.inside, path);

/** A file two directories down, read twice: what leads there is kept then. */
beforeEach(() => {
  ground = new Ground();
  guest = ground.guest();
  mkdirSync(inside("a/b"), { recursive: true });
  writeFileSync(inside("a/b/f"), "first");
  mkdirSync(join(ground.folder, "outside/b"), { recursive: true });
  writeFileSync(join(ground.folder, "outside/b/f"), "secret");
  for (let again = 0; again < 2; again++) expect(guest.readFile("a/b/f")).toBe("first");
});
afterEach(() => ground.remove());

describe("a kept directory", () => {
  it("gives way to another one of its name", () => {
    renameSync(inside("a"), inside("old"));
    expect(guest.readFile("a/b/f")).toBe(-errno.NOENT);
    mkdirSync(inside("a/b"), { recursive: true });
    writeFileSync(inside("a/b/f"), "second");
    expect(guest.readFile("a/b/f")).toBe("second");
    expect(guest.readFile("old/b/f")).toBe("first");
  });

  it("gives way to a link, inside and out", () => {
    renameSync(inside("a"), inside("old"));
    symlinkSync("old", inside("a"));
    expect(guest.readFile("a/b/f")).toBe("first");
    rmSync(inside("a"));
    symlinkSync("../outside", inside("a"));
    expect(guest.readFile("a/b/f")).toBe(-errno.PERM);
  });

  it("is gone when it is removed, also beside one whose name says so", () => {
    mkdirSync(inside("a/b (deleted)"));
    writeFileSync(inside("a/b (deleted)/f"), "odd");
    expect(guest.readFile("a/b (deleted)/f")).toBe("odd");
    rmSync(inside("a/b"), { recursive: true });
    expect(guest.readFile("a/b/f")).toBe(-errno.NOENT);
    expect(guest.readFile("a/b (deleted)/f")).toBe("odd");
    expect(guest.open("a/b/new", { oflags: OFLAGS_CREAT, access: ACCESS_WRITE })).toBe(-errno.NOENT);
  });

  it("lets .. in a link behind it lead to the directories above it, and no further", () => {
    writeFileSync(inside("top"), "top");
    symlinkSync("../../top", inside("a/b/up"));
    symlinkSync("../../../outside/b/f", inside("a/b/out"));
    symlinkSync("../b/f", inside("a/b/round"));
    expect(guest.readFile("a/b/up")).toBe("top");
    expect(guest.readFile("a/b/round")).toBe("first");
    expect(guest.readFile("a/b/out")).toBe(-errno.PERM);
    expect(guest.readFile("a/b/f")).toBe("first");
  });

  it("is not lost to what both paths of a rename lead through", () => {
    for (let i = 0; i < 50; i++) {
      expect(guest.rename("a/b/f", "a/b/g")).toBe(0);
      expect(guest.rename("a/b/g", "a/b/f")).toBe(0);
      expect(guest.link("a/b/f", "a/b/l")).toBe(0);
      expect(guest.unlink("a/b/l")).toBe(0);
    }
    expect(guest.readFile("a/b/f")).toBe("first");
  });

  it("is not found once the host has moved the mount away, though another stands in its place", () => {
    renameSync(ground.inside, join(ground.folder, "moved"));
    mkdirSync(inside("a/b"), { recursive: true });
    writeFileSync(inside("a/b/f"), "another's");
    expect(guest.readFile("a/b/f")).toBe("first");
    rmSync(ground.inside, { recursive: true });
  });

  it("is found below /, too", () => {
    const folder = mkdtempSync(inside("x"));
    mkdirSync(join(folder, "d"));
    writeFileSync(join(folder, "d/f"), "deep");
    const host = ground.guest({ path: "/" });
    for (let again = 0; again < 3; again++) expect(host.readFile(join(folder, "d/f").slice(1))).toBe("deep");
  });
});

describe("DirectoryCache", () => {
  it("takes what lies deep enough, once, and says so", () => {
    const cache = new DirectoryCache();
    expect(cache.offer("/x/a", 1, -1)).toBe(false);
    expect(cache.offer("/x/a/b (deleted)", 2, -1)).toBe(false);
    expect(cache.find("/x/a/b")).toBeUndefined();
  });
});
