// An image's entries with a root layer over them, as one tree in memory: what a guest of that image would see. Names are looked up as
// Linux does it, inside the tree. May depend on errors, image/archive and layer-index.
import { WardianError } from "../errors.js";
import { type CpioEntry, S_IFDIR, S_IFLNK, S_IFMT } from "../image/archive/cpio.js";
import { decodeName } from "../image/archive/name.js";
import { normalizeRootedPath } from "../image/archive/path.js";
import type { ContentRef, LayerEntry, LayerIndex } from "./layer-index.js";

export interface TreeNode extends Omit<LayerEntry, "content"> {
  /** Of a regular file: the image's bytes, or where the layer has them. */
  readonly content?: Uint8Array | ContentRef | undefined;
  /** Names of the image with the same number are one file. */
  readonly ino?: number | undefined;
  /** Of a folder. */
  readonly children?: Map<string, TreeNode>;
}

/** Where a path leads: `node` is undefined for a name that is free in a folder that is there. */
export interface Place {
  /** Without links; the root is ".". */
  readonly path: string;
  readonly node: TreeNode | undefined;
}

/** Linux's own limit. */
const LINKS_MAX = 40;
const PATH_LIMIT_BYTES = 4096;
const ROOT_MODE = S_IFDIR | 0o755;

export const kindOf = (node: { readonly mode: number }): number => node.mode & S_IFMT;
export const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");
export const joinPath = (folder: string, name: string): string => (folder === "." ? name : `${folder}/${name}`);

function newFolder(mode = ROOT_MODE): TreeNode {
  return { mode, uid: 0, gid: 0, mtimeSeconds: 0, rdevMajor: 0, rdevMinor: 0, children: new Map() };
}

export class MergedTree {
  #root: TreeNode = newFolder();
  /** Every name that the image has, whether the layer hides it or not. */
  readonly imagePaths: string[] = [];

  constructor(image: readonly CpioEntry[], { entries, removed }: LayerIndex) {
    const contents = linkedContents(image);
    for (const entry of image) {
      const path = normalizeRootedPath(entry.name);
      this.imagePaths.push(path);
      this.#put(partsOf(path), imageNode(entry, contents));
    }
    for (const path of removed) this.#cut(partsOf(path));
    // Parents first, whatever order the index has.
    for (const path of [...entries.keys()].sort()) this.#put(partsOf(path), layerNode(entries.get(path) as LayerEntry));
  }

  /** Every entry, parents first; the root is ".". */
  *[Symbol.iterator](): Generator<[path: string, node: TreeNode]> {
    yield* walkNode(this.#root);
  }

  /** Makes or replaces an entry; a folder keeps what is in it. */
  put(path: string, entry: LayerEntry): void {
    this.#put(partsOf(path), layerNode(entry));
  }

  /** Throws `no-file`, `not-a-folder` or `bad-path`. A link at the end is followed when `follow`. */
  find(path: string, follow: boolean): Place {
    if (path.includes("\0") || Buffer.byteLength(path) >= PATH_LIMIT_BYTES)
      throw new WardianError("bad-path", `a path in a guest has at most ${PATH_LIMIT_BYTES - 1} bytes and no NUL: give another`);
    const rest = partsOf(path).reverse();
    const wantsFolder = /\/\.?$/.test(path);
    const above: { name: string; node: TreeNode }[] = [];
    let node: TreeNode | undefined = this.#root;
    for (let links = 0; rest.length > 0;) {
      const name = rest.pop() ?? "";
      if (node === undefined) throw new WardianError("no-file", `there is no ${path} in the instance`);
      if (node.children === undefined) throw new WardianError("not-a-folder", `${path} in the instance leads through what is no folder`);
      if (name === "..") {
        above.pop();
        node = above.at(-1)?.node ?? this.#root;
        continue;
      }
      const child: TreeNode | undefined = node.children.get(name);
      if (child?.target === undefined || (rest.length === 0 && !follow && !wantsFolder)) {
        above.push({ name, node: child ?? newFolder() });
        node = child;
        continue;
      }
      if (++links > LINKS_MAX) throw new WardianError("bad-path", `${path} in the instance leads through too many symbolic links`);
      rest.push(...partsOf(child.target).reverse());
      if (child.target.startsWith("/")) {
        above.length = 0;
        node = this.#root;
      }
    }
    if (wantsFolder && node !== undefined && node.children === undefined)
      throw new WardianError("not-a-folder", `${path} in the instance is not a folder`);
    return { path: above.map(({ name }) => name).join("/") || ".", node };
  }

  #put(parts: readonly string[], node: TreeNode): void {
    const name = parts.at(-1);
    if (name === undefined) {
      // A folder keeps its entries where it is told of anew.
      if (node.children !== undefined) this.#root = { ...node, children: this.#root.children ?? new Map() };
      return;
    }
    const folder = this.#makeFolder(parts.slice(0, -1));
    const before = folder.get(name);
    const isFolder = node.children !== undefined && before?.children !== undefined;
    folder.set(name, isFolder ? { ...node, children: before.children } : node);
  }

  /** Children of a folder; what is missing on the way, or is no folder, becomes one. */
  #makeFolder(parts: readonly string[]): Map<string, TreeNode> {
    let children = this.#root.children ?? new Map<string, TreeNode>();
    for (const part of parts) {
      let next = children.get(part);
      if (next?.children === undefined) children.set(part, (next = newFolder()));
      children = next.children ?? new Map<string, TreeNode>();
    }
    return children;
  }

  #cut(parts: readonly string[]): void {
    let folder: TreeNode | undefined = this.#root;
    for (const part of parts.slice(0, -1)) folder = folder?.children?.get(part);
    folder?.children?.delete(parts.at(-1) ?? "");
  }
}

/** A node as ".", and all below it, parents first. */
export function* walkNode(root: TreeNode): Generator<[path: string, node: TreeNode]> {
  const waiting: [string, TreeNode][] = [[".", root]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    for (const [name, child] of next[1].children ?? []) waiting.push([joinPath(next[0], name), child]);
  }
}

/** The content of the image's hard links: in a cpio, only the last name has it. */
function linkedContents(image: readonly CpioEntry[]): Map<number, Uint8Array> {
  const contents = new Map<number, Uint8Array>();
  for (const { nlink, ino, data } of image) if (nlink > 1 && data.length > 0) contents.set(ino, data);
  return contents;
}

function imageNode(entry: CpioEntry, contents: ReadonlyMap<number, Uint8Array>): TreeNode {
  const { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor, nlink, ino, data } = entry;
  const node = { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor };
  const kind = mode & S_IFMT;
  if (kind === S_IFDIR) return { ...node, children: new Map() };
  const isLinked = nlink > 1;
  if (kind === S_IFLNK) return { ...node, target: decodeName(data) };
  return { ...node, content: isLinked ? (contents.get(ino) ?? data) : data, ino: isLinked ? ino : undefined };
}

function layerNode({ content, ...entry }: LayerEntry): TreeNode {
  if (kindOf(entry) === S_IFDIR) return { ...entry, children: new Map() };
  return content === undefined ? entry : { ...entry, content };
}

export function sizeOf({ content, target }: TreeNode): number {
  if (target !== undefined) return Buffer.byteLength(target);
  return content === undefined ? 0 : content instanceof Uint8Array ? content.length : content.sizeBytes;
}
