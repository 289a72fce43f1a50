// The same random operations on the file tree and on a real one through node:fs: the same answers, the same errno, the same tree.
// Linux only: others answer otherwise where POSIX lets them.
import {
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { readlinkSync, renameSync, rmdirSync, rmSync, statSync, symlinkSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OFLAGS_CREAT, OFLAGS_DIRECTORY, OFLAGS_EXCL, OFLAGS_TRUNC } from "../abi.js";
import { TestVfs } from "./testing/harness.js";
import { operation, type Operation, perform, PRELUDE, snapshot } from "./testing/tree.js";

/** What node:fs does, in the words of `perform`. */
function performHost(root: string, o: Operation): string {
  try {
    return answerHost(`${root}/${o.path}`, root, o);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code.slice(1);
  }
}

function answerHost(full: string, root: string, o: Operation): string {
  switch (o.op) {
    case "open": {
      closeSync(openSync(full, hostFlags(o.oflags) | (o.follow ? 0 : constants.O_NOFOLLOW), 0o644));
      return "SUCCESS";
    }
    case "mkdir":
      return (mkdirSync(full), "SUCCESS");
    case "rmdir":
      return (rmdirSync(full), "SUCCESS");
    case "unlink":
      return (unlinkSync(full), "SUCCESS");
    case "readlink":
      return `-> ${readlinkSync(full)}`;
    case "link":
      return (linkSync(full, `${root}/${o.to}`), "SUCCESS");
    case "rename":
      return (renameSync(full, `${root}/${o.to}`), "SUCCESS");
    case "symlink":
      return (symlinkSync(o.path, `${root}/${o.to}`), "SUCCESS");
    case "lookup": {
      const stat = o.follow ? statSync(full) : lstatSync(full);
      return stat.isDirectory() ? "3" : `${stat.isSymbolicLink() ? 7 : 4} ${stat.size} ${stat.nlink}`;
    }
    case "readdir":
      return readdirSync(full).sort().join();
    case "write":
    case "truncate":
      return changeHost(full, o);
  }
}

function changeHost(full: string, o: Operation & { op: "write" | "truncate" }): string {
  const fd = openSync(full, constants.O_WRONLY);
  try {
    if (o.op === "truncate") ftruncateSync(fd, o.at);
    else writeSync(fd, o.text, o.at);
    return "SUCCESS";
  } finally {
    closeSync(fd);
  }
}

function hostFlags(oflags: number): number {
  let flags = constants.O_RDONLY;
  if (oflags & OFLAGS_CREAT) flags |= constants.O_CREAT;
  if (oflags & OFLAGS_EXCL) flags |= constants.O_EXCL;
  if (oflags & OFLAGS_TRUNC) flags |= constants.O_TRUNC;
  if (oflags & OFLAGS_DIRECTORY) flags |= constants.O_DIRECTORY;
  return flags;
}

/** A link where a file is, its name with a slash behind: as in wasmtime, not as in Linux. */
function differsOnPurpose({ op }: Operation, ours: string, hosts: string): boolean {
  return (op === "link" || op === "symlink") && ours === "NOTDIR" && hosts === "EXIST";
}

function snapshotHost(root: string): string[] {
  const lines: string[] = [];
  const first = new Map<number, string>();
  const pending = [""];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const name of readdirSync(join(root, dir)).sort()) {
      const full = `${dir}${name}`;
      const stat = lstatSync(join(root, full));
      const same = first.get(stat.ino) ?? full;
      first.set(stat.ino, same);
      if (stat.isDirectory()) {
        lines.push(`${full} directory`);
        pending.push(`${full}/`);
        continue;
      }
      const is = stat.isFile() ? JSON.stringify(readFileSync(join(root, full), "latin1")) : `-> ${readlinkSync(join(root, full))}`;
      lines.push(`${full} ${is} x${stat.nlink} = ${same}`);
    }
  }
  return lines.sort();
}

describe.runIf(process.platform === "linux")("against a real file system", () => {
  it("every operation answers the same and leaves the same", async () => {
    const v = await TestVfs.start();
    const answers = new Map<string, number>();
    fc.assert(
      fc.property(fc.array(operation, { minLength: 10, maxLength: 80 }), (operations) => {
        const host = mkdtempSync(join(tmpdir(), "wardian-vfs-"));
        const fs = v.create();
        try {
          for (const o of [...PRELUDE, ...operations]) {
            const answer = perform(v, v.root(fs), o);
            answers.set(answer, (answers.get(answer) ?? 0) + 1);
            // A path that leads out of the base, or a link to a directory: the host would do the first.
            if (answer === "PERM") continue;
            const hostAnswer = performHost(host, o);
            if (!differsOnPurpose(o, answer, hostAnswer)) expect([o, hostAnswer]).toEqual([o, answer]);
          }
          expect(snapshot(v, v.root(fs))).toEqual(snapshotHost(host));
          expect(v.call("check", fs)).toBe(0);
        } finally {
          rmSync(host, { recursive: true, force: true });
        }
        expect(v.destroy(fs)).toBe("SUCCESS");
      }),
      { numRuns: Number(process.env["WARDIAN_VFS_RUNS"] ?? 250) },
    );
    expect(v.usage()["objects"]).toBe(0);
    // The operations come to every answer that there is.
    for (const answer of ["SUCCESS", "NOENT", "EXIST", "NOTDIR", "ISDIR", "NOTEMPTY", "INVAL", "LOOP", "PERM", "BUSY"]) {
      expect([answer, answers.get(answer) ?? 0]).not.toEqual([answer, 0]);
    }
  });
});
