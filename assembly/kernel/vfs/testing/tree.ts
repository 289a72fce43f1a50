// A whole tree as text, for comparing two; and random operations on one. Runs in Node, not in the kernel.
import fc from "fast-check";
import { FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE, OFLAGS_CREAT, OFLAGS_DIRECTORY, OFLAGS_EXCL, OFLAGS_TRUNC } from "../../abi.js";
import type { TestVfs } from "./harness.js";

const name = fc.constantFrom("a", "b", "c", "d");
const component = fc.oneof({ arbitrary: name, weight: 12 }, { arbitrary: fc.constantFrom("..", "."), weight: 1 });

/** Up to four names from a small set, now and then with slashes behind. */
export const path = fc
  .tuple(fc.array(component, { minLength: 1, maxLength: 4 }), fc.constantFrom("", "", "", "", "", "/", "//"))
  .map(([components, slashes]) => components.join("/") + slashes);

const oflags = fc.constantFrom(
  0,
  OFLAGS_CREAT,
  OFLAGS_CREAT,
  OFLAGS_CREAT | OFLAGS_EXCL,
  OFLAGS_CREAT | OFLAGS_TRUNC,
  OFLAGS_TRUNC,
  OFLAGS_DIRECTORY,
);

export type Operation =
  | { op: "open"; path: string; oflags: number; follow: boolean }
  | { op: "mkdir" | "rmdir" | "unlink" | "readlink" | "readdir"; path: string }
  | { op: "link" | "rename" | "symlink"; path: string; to: string }
  | { op: "lookup"; path: string; follow: boolean }
  | { op: "write"; path: string; at: number; text: string }
  | { op: "truncate"; path: string; at: number };

const at = fc.oneof(fc.nat(30), fc.nat(12_000), fc.constantFrom(4096, 8192));
const two = { path, to: path };

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant("mkdir" as const), path }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant("open" as const), path, oflags, follow: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant("write" as const), path, at, text: fc.string({ maxLength: 20, unit: "binary-ascii" }) }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("truncate" as const), path, at }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constantFrom("rmdir" as const, "unlink" as const, "readlink" as const, "readdir" as const), path }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom("link" as const, "symlink" as const), ...two }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant("rename" as const), ...two }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("lookup" as const), path, follow: fc.boolean() }) },
);

const file = (path: string): Operation => ({ op: "open", path, oflags: OFLAGS_CREAT, follow: true });
const directory = (path: string): Operation => ({ op: "mkdir", path });

/** Something to begin with, so that most operations find what they are about. */
export const PRELUDE: readonly Operation[] = [
  ...["a", "b", "a/b", "a/c", "a/b/c", "b/d"].map(directory),
  ...["c", "a/a", "a/b/a", "b/c"].map(file),
  { op: "write", path: "a/a", at: 5000, text: "something" },
  { op: "symlink", path: "a/b", to: "d" },
  { op: "link", path: "c", to: "b/a" },
];

/** Does it, and says what came of it. */
export function perform(v: TestVfs, root: number, o: Operation): string {
  switch (o.op) {
    case "open":
      return v.open(root, o.path, o.oflags, o.follow);
    case "mkdir":
    case "rmdir":
    case "unlink":
    case "readlink":
      return v[o.op](root, o.path);
    case "link":
    case "rename":
      return v[o.op](root, o.path, root, o.to);
    case "symlink":
      return v.symlink(o.path, root, o.to);
    default:
      return look(v, root, o);
  }
}

function look(v: TestVfs, root: number, o: Operation & { op: "lookup" | "readdir" | "write" | "truncate" }): string {
  const errno = v.lookup(root, o.path, o.op !== "lookup" || o.follow);
  if (errno !== "SUCCESS") return errno;
  const { inode } = v;
  const { filetype, size, nlink } = v.stat(inode);
  if (o.op === "lookup") return filetype === FILETYPE_DIRECTORY ? "3" : `${filetype} ${size} ${nlink}`;
  if (o.op === "readdir") {
    if (filetype !== FILETYPE_DIRECTORY) return "NOTDIR";
    return v
      .readdir(inode)
      .map((entry) => entry.name)
      .sort()
      .join();
  }
  if (filetype !== FILETYPE_REGULAR_FILE) return "ISDIR";
  return o.op === "write" ? v.write(inode, o.at, Buffer.from(o.text)) : v.truncate(inode, o.at);
}

/** All of a tree: a line a name. `exact` adds numbers, times and the order in directories. */
export function snapshot(v: TestVfs, root: number, exact = false): string[] {
  const lines: string[] = [];
  const first = new Map<bigint, string>();
  const pending = [{ inode: root, at: "" }];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    const entries = v.readdir(dir.inode);
    if (!exact) entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const full = `${dir.at}${entry.name}`;
      if (v.lookup(dir.inode, entry.name, false) !== "SUCCESS") throw new Error(`${full} is listed but not there`);
      const { inode } = v;
      const stat = v.stat(inode);
      if (stat.ino !== entry.ino || stat.filetype !== entry.type) throw new Error(`${full} is listed as what it is not`);
      const is = describe(v, dir.inode, entry.name, inode, stat.filetype);
      const same = first.get(stat.ino) ?? full;
      first.set(stat.ino, same);
      const links = stat.filetype === FILETYPE_DIRECTORY && !exact ? "" : ` x${stat.nlink} = ${same}`;
      lines.push(`${full} ${is}${links}${exact ? ` #${stat.ino} ${stat.atim} ${stat.mtim} ${stat.ctim} @${entry.next}` : ""}`);
      if (stat.filetype === FILETYPE_DIRECTORY) pending.push({ inode, at: `${full}/` });
    }
  }
  return lines.sort();
}

function describe(v: TestVfs, dir: number, entry: string, inode: number, filetype: number): string {
  if (filetype === FILETYPE_DIRECTORY) return "directory";
  return filetype === FILETYPE_REGULAR_FILE ? JSON.stringify(v.read(inode, 0, 100_000).toString("latin1")) : v.readlink(dir, entry);
}
