// The image and its layer as one archive for a guest's kernel to unpack: no guest has to know of layers. May depend on image/archive
// and the files beside it.
import { type CpioEntry, readCpio, S_IFDIR, S_IFMT, writeCpio } from "../image/archive/cpio.js";
import { encodeName } from "../image/archive/name.js";
import { type BootedTree, noteTree } from "./booted-tree.js";
import type { ContentRef } from "./layer-index.js";
import type { LayerView } from "./layer-pack.js";
import { MergedTree, type TreeNode } from "./merged-tree.js";
import type { RootLayer } from "./root-layer.js";

const NO_BYTES = new Uint8Array(0);

/** `cpio` is what boots, `booted` what saveChanges compares with. */
export interface BootImage {
  readonly cpio: Uint8Array;
  readonly booted: BootedTree;
}

/** `rootfs` is an uncompressed cpio; where nothing differs it is what boots. */
export async function makeBootImage(rootfs: Uint8Array, layer: RootLayer): Promise<BootImage> {
  const view = await layer.view();
  try {
    const tree = new MergedTree(readCpio(rootfs), view.index);
    const isSame = view.index.entries.size === 0 && view.index.removed.size === 0;
    return { cpio: isSame ? rootfs : await write(tree, view), booted: noteTree(tree, view.index.entries) };
  } finally {
    await view.close();
  }
}

export async function mergedCpio(rootfs: Uint8Array, layer: RootLayer | undefined): Promise<Uint8Array> {
  return layer === undefined ? rootfs : (await makeBootImage(rootfs, layer)).cpio;
}

async function write(tree: MergedTree, view: LayerView): Promise<Uint8Array> {
  const nodes = [...tree];
  const links = new Map<number, number>();
  for (const [, { ino }] of nodes) if (ino !== undefined) links.set(ino, (links.get(ino) ?? 0) + 1);
  const left = new Map(links);
  let plain = 0x8000_0000; // inode numbers beside those of the image's hard links
  const entries: CpioEntry[] = [];
  for (const [name, node] of nodes) {
    const { ino } = node;
    const count = ino === undefined ? 1 : (links.get(ino) ?? 1);
    // Of a file with several names, the last one carries the content.
    const after = ino === undefined ? 0 : (left.get(ino) ?? 1) - 1;
    if (ino !== undefined) left.set(ino, after);
    const data = isRef(node.content) ? await view.whole(node.content) : dataOf(node);
    entries.push({ ...attributes(node), name, ino: count > 1 ? (ino ?? 0) : plain++, nlink: count, data: after === 0 ? data : NO_BYTES });
  }
  return writeCpio(entries);
}

function attributes({ mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor }: TreeNode) {
  return { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor };
}

function dataOf({ mode, target, content }: TreeNode): Uint8Array {
  if (target !== undefined) return encodeName(target);
  return (mode & S_IFMT) === S_IFDIR || !(content instanceof Uint8Array) ? NO_BYTES : content;
}

function isRef(content: Uint8Array | ContentRef | undefined): content is ContentRef {
  return content !== undefined && !(content instanceof Uint8Array);
}
