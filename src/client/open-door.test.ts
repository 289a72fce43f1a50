// Which engine is opened: the roads that the commands' own tests do not take.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeOwnership } from "../store/ownership.js";
import { openStateFolder } from "../store/state-folder.js";
import { openDoor } from "./open-door.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-open-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("records need no process, and the folder is free again afterwards", async () => {
  const never = ["/no/such/program"];
  {
    await using door = await openDoor({ state: folder, need: "records", ownerCommand: never });
    expect((await door.apply({ kind: "create", request: { image: "busybox", name: "a" } })).name).toBe("a");
    expect(takeOwnership(openStateFolder(folder))).toBeUndefined();
  }
  await using door = await openDoor({ state: folder, need: "records", ownerCommand: never });
  expect((await door.apply({ kind: "inspect", instance: "a" })).state).toBe("created");
});

test("what an owner that was killed has left is no owner", async () => {
  writeFileSync(
    join(folder, "owner.json"),
    JSON.stringify({ pid: 1, socket: join(folder, "owner.sock"), startedAt: "2026-11-23T10:00:00Z" }),
  );
  writeFileSync(join(folder, "owner.sock"), "");
  await using door = await openDoor({ state: folder, need: "records" });
  expect(await door.apply({ kind: "list" })).toEqual({ instances: [] });
});

test("an owner that is there for a moment is waited for", async () => {
  const ownership = takeOwnership(openStateFolder(folder));
  setTimeout(() => ownership?.release(), 200);
  await using door = await openDoor({ state: folder, need: "records" });
  expect(await door.apply({ kind: "list" })).toEqual({ instances: [] });
});

test("a process that cannot be the owner is told with its last words", async () => {
  const words = "process.stderr.write('first\\n\\nwardian: it is Monday\\n'); process.exit(3)";
  const opening = openDoor({ state: folder, ownerCommand: [process.execPath, "-e", words] });
  await expect(opening).rejects.toMatchObject({ code: "no-owner", message: expect.stringMatching(/: it is Monday$/) });
  expect(readFileSync(join(folder, "owner.log"), "utf8").match(/Monday/g)?.length).toBeGreaterThan(1);
  await expect(openDoor({ state: folder, ownerCommand: ["/no/such/program"] })).rejects.toMatchObject({ code: "no-owner" });
});

test("an owner is not given our token", async () => {
  process.env.WARDIAN_TOKEN = "wdn_secret_token";
  try {
    const tell = "process.stderr.write(`token: ${process.env.WARDIAN_TOKEN}\\n`); process.exit(1)";
    await expect(openDoor({ state: folder, ownerCommand: [process.execPath, "-e", tell] })).rejects.toThrow(/token: undefined$/);
  } finally {
    delete process.env.WARDIAN_TOKEN;
  }
});

test("a host is taken as it is given, and asked only when there is something to ask", async () => {
  await using door = await openDoor({ host: "unix:/nowhere.sock", state: "/not/looked/at" });
  await expect(door.apply({ kind: "info" })).rejects.toMatchObject({ code: "unreachable" });
  await expect(openDoor({ host: "nonsense" })).rejects.toMatchObject({ code: "bad-option" });
  await expect(openDoor({ host: "http://127.0.0.1:1", token: "two words" })).rejects.toMatchObject({ code: "bad-option" });
});
