// The same random operations on a host directory through HostDirectories and on its twin through node:fs and the kernel: the same
// results, the same errno, the same tree in the end. Where a path leads out only ours refuses, so that the twin is left alone then.
import fs from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACCESS_READ, ACCESS_WRITE, OFLAGS_CREAT, OFLAGS_EXCL, OFLAGS_TRUNC } from "./abi.js";
import * as errno from "./errno.js";
import { Ground, type Guest } from "./testing/guest.js";

const RUNS = Number(process.env["WARDIAN_HOST_DIRECTORY_RUNS"] ?? 25);

type Outcome = string | number;

interface Operation {
  readonly name: string;
  readonly paths: readonly string[];
  readonly guest: (guest: Guest) => Outcome;
  readonly twin: (at: (path: string) => string) => Outcome;
}

const component = fc.constantFrom("a", "b", "c", "d");
const anyComponent = fc.oneof({ arbitrary: component, weight: 12 }, fc.constantFrom(".", "..", ""));
const path = fc
  .tuple(fc.array(anyComponent, { maxLength: 3 }), component, fc.constantFrom("", "", "", "", "/", "/.", "/.."))
  .map(([above, last, end]) => [...above, last].join("/").replace(/^\/+/, "") + end);

/** One descriptor of a file: its text, or what opening failed with. */
function readText(guest: Guest, handle: number): Outcome {
  if (handle < 0) return handle;
  const buffer = new Uint8Array(64);
  const { directories } = guest;
  const count = directories.filetype(handle) === 3 ? "directory" : directories.pread(handle, buffer, 0);
  directories.close(handle);
  return typeof count === "string" ? count : Buffer.from(buffer.subarray(0, count)).toString();
}

function readTwin(file: string, flags: number): Outcome {
  const fd = fs.openSync(file, flags);
  try {
    return fs.fstatSync(fd).isDirectory() ? "directory" : fs.readFileSync(fd, "utf8");
  } finally {
    fs.closeSync(fd);
  }
}

const done = (_nothing: void): Outcome => 0;
const one = (name: string, guest: (guest: Guest, path: string) => Outcome, twin: (path: string) => Outcome): fc.Arbitrary<Operation> =>
  path.map((at) => ({ name, paths: [at], guest: (it) => guest(it, at), twin: (whole) => twin(whole(at)) }));
const two = (name: string, guest: (guest: Guest, from: string, to: string) => Outcome, twin: (from: string, to: string) => Outcome) =>
  fc.tuple(path, path).map(([from, to]): Operation => ({
    name,
    paths: [from, to],
    guest: (it) => guest(it, from, to),
    twin: (whole) => twin(whole(from), whole(to)),
  })); // prettier-ignore

const KINDS = [fs.constants.S_IFDIR, fs.constants.S_IFREG, fs.constants.S_IFLNK];
const describeTwin = (stat: fs.Stats): string => {
  const type = [3, 4, 7][KINDS.indexOf(stat.mode & fs.constants.S_IFMT)] ?? 0;
  return `${type} ${type === 3 ? "" : `${stat.size} ${stat.nlink}`}`;
};
const describeStat = (stat: ReturnType<Guest["stat"]>): Outcome =>
  typeof stat === "number" ? stat : `${stat.type} ${stat.type === 3 ? "" : `${stat.size} ${stat.nlink}`}`;

const opening = (name: string, follow: boolean, oflags: number, access: number, flags: number): fc.Arbitrary<Operation> =>
  one(
    name,
    (guest, at) => readText(guest, guest.open(at, { follow, oflags, access })),
    (at) => readTwin(at, flags | (follow ? 0 : fs.constants.O_NOFOLLOW)),
  );

let serial = 0;
const { O_CREAT, O_EXCL, O_RDWR, O_TRUNC } = fs.constants;
const operation: fc.Arbitrary<Operation> = fc.oneof(
  one("mkdir", (guest, at) => guest.mkdir(at), (at) => done(fs.mkdirSync(at))),
  one("rmdir", (guest, at) => guest.rmdir(at), (at) => done(fs.rmdirSync(at))),
  one("unlink", (guest, at) => guest.unlink(at), (at) => done(fs.unlinkSync(at))),
  one("stat", (guest, at) => describeStat(guest.stat(at)), (at) => describeTwin(fs.statSync(at))),
  one("lstat", (guest, at) => describeStat(guest.stat(at, false)), (at) => describeTwin(fs.lstatSync(at))),
  one("readlink", (guest, at) => guest.readlink(at), (at) => fs.readlinkSync(at)),
  one("list", (guest, at) => list(guest, at), (at) => [".", "..", ...fs.readdirSync(at)].sort().join(" ")),
  opening("open", true, 0, ACCESS_READ, 0),
  opening("open without following", false, 0, ACCESS_READ, 0),
  opening("open for writing", true, 0, ACCESS_READ | ACCESS_WRITE, O_RDWR),
  opening("create", true, OFLAGS_CREAT, ACCESS_READ | ACCESS_WRITE, O_RDWR | O_CREAT),
  opening("create without following", false, OFLAGS_CREAT, ACCESS_READ, O_CREAT),
  opening("create a new one", true, OFLAGS_CREAT | OFLAGS_EXCL, ACCESS_READ, O_CREAT | O_EXCL),
  opening("truncate", true, OFLAGS_TRUNC, ACCESS_READ | ACCESS_WRITE, O_RDWR | O_TRUNC),
  path.map((at): Operation => {
    const text = `text ${serial++}`;
    return {
      name: `write ${text}`,
      paths: [at],
      guest: (guest) => guest.writeFile(at, text),
      twin: (whole) => { fs.writeFileSync(whole(at), text, { flag: "w+" }); return text.length; },
    };
  }),
  two("rename", (guest, from, to) => guest.rename(from, to), (from, to) => done(fs.renameSync(from, to))),
  two("link", (guest, from, to) => guest.link(from, to), (from, to) => done(fs.linkSync(from, to))),
  fc.tuple(path, path).map(([target, at]): Operation => ({
    name: `symlink to ${target} as`,
    paths: [at],
    guest: (guest) => guest.symlink(target, at),
    twin: (whole) => done(fs.symlinkSync(target, whole(at))),
  })),
); // prettier-ignore

function list(guest: Guest, at: string): Outcome {
  const names = guest.names(at);
  return typeof names === "number" ? names : names.join(" ");
}

function runTwin(it: Operation, root: string): Outcome {
  try {
    return it.twin((at) => `${root}/${at}`);
  } catch (error) {
    return -errno.errnoOf(error);
  }
}

/** Where both refuse but for another reason, on purpose or in another order. */
function isSameRefusal(it: Operation, ours: Outcome, twins: Outcome): boolean {
  if (typeof ours !== "number" || typeof twins !== "number" || ours >= 0 || twins >= 0) return false;
  // rmdir("a/..") is ENOTEMPTY in Linux; a walk does not know any more whether it ended in one dot or two.
  if (it.name === "rmdir") return ours === -errno.INVAL && twins === -errno.NOTEMPTY;
  // link() looks at the old name before it walks to the new one.
  if (it.name === "link") return true;
  // What is a file with a slash behind it is NOTDIR in wasmtime, EEXIST in Linux.
  return it.name.startsWith("symlink") && ours === -errno.NOTDIR && twins === -errno.EXIST;
}

function tree(root: string): string[] {
  const describe = (name: string): string => {
    const file = join(root, name);
    const stat = fs.lstatSync(file);
    const content = stat.isSymbolicLink()
      ? `-> ${fs.readlinkSync(file)}`
      : stat.isFile()
        ? `${stat.nlink} ${fs.readFileSync(file, "utf8")}`
        : "/";
    return `${name} ${content}`;
  };
  return fs.readdirSync(root, { recursive: true, encoding: "utf8" }).map(describe).sort();
}

function runBoth(operations: Operation[]): { compared: number; refused: number } {
  const ground = new Ground();
  const twin = join(ground.folder, "twin");
  fs.mkdirSync(twin);
  const guest = ground.guest();
  const counts = { compared: 0, refused: 0 };
  try {
    for (const it of operations) {
      const ours = it.guest(guest);
      if (ours === -errno.PERM) {
        counts.refused++;
        continue;
      }
      const twins = runTwin(it, twin);
      counts.compared++;
      if (!isSameRefusal(it, ours, twins)) expect([it.name, ...it.paths, ours]).toEqual([it.name, ...it.paths, twins]);
    }
    expect(tree(ground.inside)).toEqual(tree(twin));
    return counts;
  } finally {
    ground.remove();
  }
}

describe("HostDirectories beside node:fs", () => {
  it("does the same, says the same, leaves the same", () => {
    let [compared, refused] = [0, 0];
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 80, size: "max" }), (operations) => {
        const counts = runBoth(operations);
        compared += counts.compared;
        refused += counts.refused;
      }),
      { numRuns: RUNS },
    );
    // Paths that lead out are refused, but far from everything is.
    expect(compared).toBeGreaterThan(4 * refused);
    expect(refused).toBeGreaterThan(0);
  }, 180_000);
});
