// A root file system from a tar (plain, gzip, xz or zstd) to an initramfs. What tar says in sequence is first settled into
// one tree, because the kernel unpacks an initramfs without tar's rules. Depends on errors, compression, cpio, path, tar.

import { WardianError } from "../../errors.js";
import { decompressStream } from "./compression.js";
import { type CpioEntry, PATH_LIMIT_BYTES, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, writeCpio } from "./cpio.js";
import { normalizePath } from "./path.js";
import type { ByteSource } from "./source.js";
import { quote, readTar, type TarEntry, type TarType } from "./tar.js";

export interface TarToCpioOptions {
  /** Of the unpacked tar. */
  limitBytes: number;
}

/** What a name stands for; hard links share one. */
interface Node {
  ino: number;
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  rdevMajor: number;
  rdevMinor: number;
  data: Uint8Array;
}

/** Names in the order in which they can be made: parents first. */
class Tree extends Map<string, Node> {
  readonly #limitBytes: number;
  #lastIno = 0;
  #namesBytes = 0;

  constructor(limitBytes: number) {
    super();
    this.#limitBytes = limitBytes;
  }

  nextIno(): number {
    this.#lastIno += 1;
    return this.#lastIno;
  }

  /** Counts names too: one long name can call for thousands of parents, each nearly as long. */
  override set(path: string, node: Node): this {
    this.#namesBytes += path.length;
    if (this.#namesBytes > this.#limitBytes)
      throw new WardianError("archive-too-large", `The names in the tar archive need more than the limit of ${this.#limitBytes} bytes.`);
    return super.set(path, node);
  }
}

const KIND: Readonly<Record<Exclude<TarType, "hardlink">, number>> = {
  file: S_IFREG,
  directory: S_IFDIR,
  symlink: S_IFLNK,
  character: S_IFCHR,
  block: S_IFBLK,
  fifo: S_IFIFO,
};
const KIND_MASK = 0o170000;
const U32_MAX = 0xffff_ffff;
const EMPTY = new Uint8Array(0);

/**
 * An uncompressed newc archive with the tar's modes, owners, times (whole seconds), links and device nodes. Extended
 * attributes are dropped: the format has no place for them. Hostile or damaged input is an `archive-...` error.
 */
export async function tarToCpio(source: ByteSource, options: TarToCpioOptions): Promise<Uint8Array> {
  const tree = new Tree(options.limitBytes);
  for await (const entry of readTar(decompressStream(source, options.limitBytes), { fileLimitBytes: options.limitBytes })) {
    plant(tree, entry);
  }
  if (tree.size === 0) throw new WardianError("archive-corrupt", "The tar archive is empty; a root file system is expected.");
  return writeCpio(harvest(tree));
}

function plant(tree: Tree, entry: TarEntry): void {
  const path = normalizePath(entry.name);
  if (path === "." && entry.type !== "directory") throw refuse(entry, "stands for the root but is no directory");
  makeParents(tree, path, entry);
  const before = tree.get(path);
  if (before !== undefined && isDirectory(before)) {
    if (entry.type !== "directory") throw refuse(entry, "would replace a directory");
    Object.assign(before, attributes(entry));
    return;
  }
  // A later entry replaces an earlier one of its name, and takes its place at the end.
  const node = entry.type === "hardlink" ? linkTarget(tree, entry) : newNode(tree, entry);
  tree.delete(path);
  tree.set(path, node);
}

function newNode(tree: Tree, entry: TarEntry): Node {
  return { ino: tree.nextIno(), data: content(entry), rdevMajor: entry.deviceMajor, rdevMinor: entry.deviceMinor, ...attributes(entry) };
}

function content(entry: TarEntry): Uint8Array {
  if (entry.type !== "symlink") return entry.data;
  const target = new TextEncoder().encode(entry.linkName);
  if (target.length === 0 || target.length >= PATH_LIMIT_BYTES) throw refuse(entry, "is a symbolic link with an impossible target");
  return target;
}

function attributes(entry: TarEntry): Pick<Node, "mode" | "uid" | "gid" | "mtimeSeconds"> {
  if (entry.uid > U32_MAX || entry.gid > U32_MAX) throw refuse(entry, "has an impossible owner");
  const kind = KIND[entry.type === "hardlink" ? "file" : entry.type];
  return { mode: kind | entry.mode, uid: entry.uid, gid: entry.gid, mtimeSeconds: Math.min(entry.mtimeSeconds, U32_MAX) };
}

function linkTarget(tree: Tree, entry: TarEntry): Node {
  const target = tree.get(normalizePath(entry.linkName));
  if (target === undefined || isDirectory(target))
    throw refuse(entry, `is a hard link to ${quote(entry.linkName)}, which is no file before it`);
  // The kernel makes hard links of all kinds but this one.
  return (target.mode & KIND_MASK) === S_IFLNK ? { ...target, ino: tree.nextIno() } : target;
}

/** tar makes missing parents by itself; the kernel does not. */
function makeParents(tree: Tree, path: string, entry: TarEntry): void {
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    const parent = path.slice(0, slash);
    const node = tree.get(parent);
    if (node === undefined) {
      tree.set(parent, {
        ino: tree.nextIno(),
        mode: S_IFDIR | 0o755,
        uid: 0,
        gid: 0,
        mtimeSeconds: 0,
        rdevMajor: 0,
        rdevMinor: 0,
        data: EMPTY,
      });
    } else if (!isDirectory(node)) {
      throw refuse(entry, `lies below ${quote(parent)}, which is no directory`);
    }
  }
}

function* harvest(tree: Tree): Generator<CpioEntry> {
  const left = new Map<Node, number>();
  for (const node of tree.values()) left.set(node, (left.get(node) ?? 0) + 1);
  const links = new Map(left);
  for (const [name, node] of tree) {
    const after = (left.get(node) as number) - 1;
    left.set(node, after);
    yield { ...node, name, nlink: isDirectory(node) ? 2 : (links.get(node) as number), data: after === 0 ? node.data : EMPTY };
  }
}

function isDirectory(node: Node): boolean {
  return (node.mode & KIND_MASK) === S_IFDIR;
}

function refuse(entry: TarEntry, why: string): WardianError {
  return new WardianError("archive-unsafe", `The tar archive was refused: ${quote(entry.name)} ${why}.`);
}
