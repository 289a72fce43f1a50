// The files of a stopped instance: its image with its layer over it. Reading merges the two; writing changes the layer, each time
// as one. Links are followed inside the tree, as the guest's kernel would. May depend on errors, image/archive and the files beside it.
import { Readable } from "node:stream";
import { WardianError } from "../errors.js";
import { type CpioEntry, readCpio, S_IFDIR, S_IFREG } from "../image/archive/cpio.js";
import { type PackEntry, packTar } from "../image/archive/pack-tar.js";
import { absolutePath, archivePrefix, EXTRACT_LIMIT_BYTES, lastPart, makeStat, sortByName } from "./file-path.js";
import type { FileStat, FileTree, WriteOptions } from "./file-tree.js";
import type { ContentRef } from "./layer-index.js";
import type { LayerView } from "./layer-pack.js";
import { kindOf, MergedTree, type Place, sizeOf, type TreeNode, walkNode } from "./merged-tree.js";
import type { LayerEdit, RootLayer } from "./root-layer.js";
import { stageTar } from "./stored-extract.js";

export interface StoredTreeOptions {
  /** The image's root file system, as an uncompressed cpio; asked for at most once. */
  readonly rootfs: () => Promise<Uint8Array>;
  readonly layer: RootLayer;
  /** Of the whole layer. */
  readonly limitBytes: number;
}

const PIECE_BYTES = 65_536;

export class StoredTree implements FileTree {
  readonly #layer: RootLayer;
  #image: Promise<CpioEntry[]> | undefined;

  constructor(private readonly options: StoredTreeOptions) {
    this.#layer = options.layer;
  }

  async stat(path: string): Promise<FileStat> {
    const at = absolutePath(path);
    return statOf(lastPart(at), existing(at, (await this.#tree()).find(at, false)));
  }

  async list(path: string): Promise<FileStat[]> {
    const at = absolutePath(path);
    const { children } = existing(at, (await this.#tree()).find(at, true));
    if (children === undefined) throw notAFolder(at);
    return sortByName(Array.from(children, ([name, node]) => statOf(name, node)));
  }

  async read(path: string): Promise<{ stat: FileStat; content: Readable }> {
    const at = absolutePath(path);
    const node = existing(at, (await this.#tree()).find(at, true));
    requireRegular(at, node);
    const { content } = node;
    const stream = isRef(content)
      ? await this.#layer.read(content)
      : Readable.from(cut(content ?? new Uint8Array(0)), { objectMode: false });
    return { stat: statOf(lastPart(at), node), content: stream };
  }

  async write(path: string, content: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<void> {
    const at = absolutePath(path);
    requireWritable(at, (await this.#tree()).find(at, true)); // before anything is taken from the sender
    await this.#layer.change(this.options.limitBytes, async (stage) => {
      const written = await stage.write(content);
      await stage.commit(async (edit) => {
        const place = (await this.#tree()).find(at, true);
        requireWritable(at, place);
        const { mode = 0o644, uid = place.node?.uid ?? 0, gid = place.node?.gid ?? 0 } = options;
        const owned = { mode: S_IFREG | (mode & 0o7777), uid, gid, mtimeSeconds: Math.floor(Date.now() / 1000) };
        edit.entries.set(place.path, { ...owned, rdevMajor: 0, rdevMinor: 0, content: written });
      });
    });
  }

  async archive(path: string): Promise<Readable> {
    const at = absolutePath(path);
    const tree = await this.#tree();
    const view = await this.#layer.view();
    try {
      const node = existing(at, tree.find(at, false));
      const stream = Readable.from(packTar(entriesOf(node, archivePrefix(at), view)), { objectMode: false, highWaterMark: PIECE_BYTES });
      stream.once("close", () => void view.close());
      return stream;
    } catch (error) {
      await view.close();
      throw error;
    }
  }

  async extract(path: string, tar: AsyncIterable<Uint8Array>): Promise<void> {
    const at = absolutePath(path);
    const { children } = existing(at, (await this.#tree()).find(at, true));
    if (children === undefined) throw notAFolder(at);
    await this.#layer.change(this.options.limitBytes, async (stage) => {
      const plant = await stageTar(tar, Math.min(EXTRACT_LIMIT_BYTES, this.options.limitBytes * 2 ** 10), this.options.limitBytes, stage);
      await stage.commit(async (edit) => plant(await this.#tree(), at, edit));
    });
  }

  async remove(path: string): Promise<void> {
    const at = absolutePath(path);
    existing(at, (await this.#tree()).find(at, false));
    await this.#layer.change(this.options.limitBytes, async (stage) => {
      await stage.commit(async (edit) => {
        const tree = await this.#tree();
        const place = tree.find(at, false);
        existing(at, place);
        if (place.path === ".") throw new WardianError("file-failed", "the root of an instance cannot be removed: name what is in it");
        removeFrom(edit, tree, place.path);
      });
    });
  }

  /** As it is now. */
  async #tree(): Promise<MergedTree> {
    this.#image ??= this.options.rootfs().then(readCpio);
    return new MergedTree(await this.#image, this.#layer.index);
  }
}

function removeFrom(edit: LayerEdit, tree: MergedTree, path: string): void {
  const isInside = (other: string): boolean => other === path || other.startsWith(`${path}/`);
  for (const other of edit.entries.keys()) if (isInside(other)) edit.entries.delete(other);
  for (const other of edit.removed) if (isInside(other)) edit.removed.delete(other);
  if (tree.imagePaths.some(isInside)) edit.removed.add(path);
}

function existing(path: string, { node }: Place): TreeNode {
  if (node === undefined) throw new WardianError("no-file", `there is no ${path} in the instance`);
  return node;
}

function requireRegular(path: string, node: TreeNode): void {
  if (kindOf(node) === S_IFDIR) throw new WardianError("is-a-folder", `${path} in the instance is a folder`);
  if (kindOf(node) !== S_IFREG) throw new WardianError("file-failed", `${path} in the instance is not a regular file`);
}

function requireWritable(path: string, { node }: Place): void {
  if (node !== undefined) requireRegular(path, node);
  else if (path.endsWith("/")) throw new WardianError("is-a-folder", `${path} names a folder: give a file's name`);
}

function notAFolder(path: string): WardianError {
  return new WardianError("not-a-folder", `${path} in the instance is not a folder`);
}

function statOf(name: string, node: TreeNode): FileStat {
  return makeStat(name, { ...node, sizeBytes: sizeOf(node) });
}

function isRef(content: Uint8Array | ContentRef | undefined): content is ContentRef {
  return content !== undefined && !(content instanceof Uint8Array);
}

/** Pieces of one size, so that a reader who stops early does not hold it all. */
function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function* entriesOf(root: TreeNode, prefix: string, view: LayerView): AsyncGenerator<PackEntry> {
  for (const [path, node] of walkNode(root)) {
    const { content } = node;
    yield {
      ...node,
      name: path === "." ? prefix : `${prefix}/${path}`,
      sizeBytes: sizeOf(node),
      content: () => (isRef(content) ? view.pieces(content) : Readable.from(cut(content ?? new Uint8Array(0)))),
    };
  }
}
