// Needs the build: the other process runs from dist.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readOwner, takeOwnership, waitForOwnership } from "./ownership.js";
import { openStateFolder, type StateFolder } from "./state-folder.js";

const OWNER = new URL("../../dist/src/store/owner-sample.js", import.meta.url).pathname;

let path: string;
let folder: StateFolder;
const children: ChildProcess[] = [];

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "wardian-owner-"));
  folder = openStateFolder(path);
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(path, { recursive: true, force: true });
});

/** Another process that tries to own the folder, and what it says. */
async function startOther(): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [OWNER, path], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  return { child, said: chunk.toString().trim() };
}

async function end(child: ChildProcess, how: () => unknown): Promise<void> {
  const over = once(child, "exit");
  how();
  await over;
}

describe("ownership", () => {
  it("has one owner in this process, too", () => {
    const first = takeOwnership(folder);
    expect(first).toBeDefined();
    expect(takeOwnership(folder)).toBeUndefined();
    expect(takeOwnership(folder)).toBeUndefined();
    first?.release();
    first?.release();
    using second = takeOwnership(folder);
    expect(second).toBeDefined();
  });

  it("tells of itself, for its user alone, as long as it lasts", () => {
    const owner = { pid: process.pid, socket: folder.socket, startedAt: new Date().toISOString() };
    expect(readOwner(folder)).toBeUndefined();
    const ownership = takeOwnership(folder);
    expect(readOwner(folder)).toBeUndefined();
    ownership?.publish({ pid: 1, startedAt: "" });
    ownership?.publish(owner);
    expect(readOwner(folder)).toEqual(owner);
    expect(statSync(folder.owner).mode & 0o777).toBe(0o600);
    expect(statSync(folder.lock).mode & 0o777).toBe(0o600);
    ownership?.release();
    expect(readOwner(folder)).toBeUndefined();
    expect(() => ownership?.publish(owner)).toThrow(/not owned/);
    expect(existsSync(folder.owner)).toBe(false);
  });

  it.each(["", "{", "[]", '{"pid":"x"}', '{"pid":-1,"startedAt":""}', "\0".repeat(1000)])("does not believe %j", (text) => {
    writeFileSync(folder.owner, text);
    expect(readOwner(folder)).toBeUndefined();
  });

  it("keeps other processes out until it is released", async () => {
    const ownership = takeOwnership(folder);
    expect((await startOther()).said).toBe("refused");
    ownership?.release();
    const { child, said } = await startOther();
    expect(said).toBe("owned");
    expect(takeOwnership(folder)).toBeUndefined();
    expect(readOwner(folder)?.pid).toBe(child.pid);
    await end(child, () => child.stdin?.end());
    expect(readOwner(folder)).toBeUndefined();
    takeOwnership(folder)?.release();
  });

  it("is free again when its owner was killed, and what that one left is gone", async () => {
    const { child } = await startOther();
    writeFileSync(folder.socketFile, "");
    expect(await waitForOwnership(folder, 60)).toBeUndefined();
    await end(child, () => child.kill("SIGKILL"));
    expect(readOwner(folder)?.pid).toBe(child.pid);
    using ownership = takeOwnership(folder);
    expect(ownership).toBeDefined();
    expect(readOwner(folder)).toBeUndefined();
    expect(existsSync(folder.socketFile)).toBe(false);
  });

  it("is waited for", async () => {
    const { child } = await startOther();
    const waiting = waitForOwnership(folder, 30_000);
    child.kill("SIGKILL");
    using ownership = await waiting;
    expect(ownership).toBeDefined();
    const gone = new AbortController();
    const second = waitForOwnership(folder, 30_000, gone.signal);
    gone.abort();
    expect(await second).toBeUndefined();
  });

  it("says when the lock's file is not one", () => {
    writeFileSync(folder.lock, "x".repeat(10_000));
    expect(() => takeOwnership(folder)).toThrow(expect.objectContaining({ code: "state-corrupt" }));
  });
});
