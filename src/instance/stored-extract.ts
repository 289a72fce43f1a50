// A tar into a layer: first all contents, which may take as long as they take to come, then all names at once, each where the tree
// says that it belongs. May depend on errors, image/archive and the files beside it.
import { WardianError } from "../errors.js";
import { S_IFDIR, S_IFMT, S_IFREG } from "../image/archive/cpio.js";
import { quote } from "../image/archive/tar.js";
import { type UnpackEntry, unpackTar } from "../image/archive/unpack-tar.js";
import type { ContentRef, LayerEntry } from "./layer-index.js";
import { layerFull } from "./layer-pack.js";
import { joinPath, kindOf, type MergedTree, type TreeNode } from "./merged-tree.js";
import type { LayerEdit, LayerStage } from "./root-layer.js";

interface Staged {
  readonly entry: Omit<UnpackEntry, "content">;
  readonly content: ContentRef | undefined;
}

type Plant = (tree: MergedTree, folder: string, edit: LayerEdit) => void;

/** About what a name takes in memory until it has found its place. */
const ENTRY_COST_BYTES = 256;

/** Takes the whole tar, and gives what puts it into a folder of a tree that is changed alongside. */
export async function stageTar(
  tar: AsyncIterable<Uint8Array>,
  tarLimitBytes: number,
  limitBytes: number,
  stage: LayerStage,
): Promise<Plant> {
  const staged: Staged[] = [];
  let namesBytes = 0;
  for await (const { content, ...entry } of unpackTar(tar, tarLimitBytes)) {
    namesBytes += ENTRY_COST_BYTES + entry.path.length + (entry.target?.length ?? 0);
    if (namesBytes > limitBytes) throw layerFull(limitBytes);
    staged.push({ entry, content: (entry.mode & S_IFMT) === S_IFREG ? await stage.write(content()) : undefined });
  }
  return (tree, folder, edit) => {
    const { path } = tree.find(folder, true);
    for (const { entry, content } of staged) plant({ tree, edit, base: path, entry, content });
  };
}

interface Planting extends Staged {
  readonly tree: MergedTree;
  readonly edit: LayerEdit;
  readonly base: string;
}

function plant({ tree, edit, base, entry, content }: Planting): void {
  const parent = makeParents(tree, edit, base, entry.path);
  const path = joinPath(parent, entry.path.slice(entry.path.lastIndexOf("/") + 1));
  const { node } = tree.find(`/${path}`, false);
  const isFolder = (entry.mode & S_IFMT) === S_IFDIR;
  if (isFolder && node?.target !== undefined) {
    // A link to a folder stands for it, and stays as it is.
    if (tree.find(`/${path}`, true).node?.children === undefined) throw refuse("not-a-folder", entry.path, "is no folder in the instance");
    return;
  }
  if (isFolder && node !== undefined && node.children === undefined)
    throw refuse("not-a-folder", entry.path, "is no folder in the instance");
  if (!isFolder && node?.children !== undefined) throw refuse("is-a-folder", entry.path, "is a folder in the instance");
  put(tree, edit, path, (entry.mode & S_IFMT) === 0 ? linkEntry(tree, edit, base, entry) : newEntry(entry, content));
}

function put(tree: MergedTree, edit: LayerEdit, path: string, entry: LayerEntry): void {
  tree.put(path, entry);
  edit.entries.set(path, entry);
}

function newEntry(entry: Staged["entry"], content: ContentRef | undefined): LayerEntry {
  const { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor, target } = entry;
  return { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor, target, content };
}

/** The folder that an entry goes into, without links; missing ones are made, as tar does it. */
function makeParents(tree: MergedTree, edit: LayerEdit, base: string, entryPath: string): string {
  let folder = base;
  for (const part of entryPath.split("/").slice(0, -1)) {
    const place = tree.find(`/${joinPath(folder, part)}`, true);
    if (place.node === undefined) put(tree, edit, place.path, newFolder());
    else if (place.node.children === undefined) throw refuse("not-a-folder", entryPath, "leads through what is no folder in the instance");
    folder = place.path;
  }
  return folder;
}

function newFolder(): LayerEntry {
  return { mode: S_IFDIR | 0o755, uid: 0, gid: 0, mtimeSeconds: Math.floor(Date.now() / 1000), rdevMajor: 0, rdevMinor: 0 };
}

/** A hard link becomes a further entry of the same content. Only the layer's contents can be shared: those that came before in the tar. */
function linkEntry(tree: MergedTree, edit: LayerEdit, base: string, { path, target = "" }: Staged["entry"]): LayerEntry {
  const place = tree.find(`/${joinPath(base, target)}`, false);
  const known: LayerEntry | undefined = edit.entries.get(place.path);
  if (known !== undefined && kindOf(known) !== S_IFDIR) return known;
  throw refuse("archive-unsafe", path, describeLink(place.node, target));
}

function describeLink(node: TreeNode | undefined, target: string): string {
  const why = node === undefined ? "which is not there" : node.children === undefined ? "which does not come from the tar" : "a folder";
  return `is a hard link to ${quote(target)}, ${why}`;
}

function refuse(code: string, path: string, why: string): WardianError {
  return new WardianError(code, `the tar was refused: ${quote(path)} ${why}`);
}
