// What a guest started from, without the contents: so that its end can be compared with it. Depends on layer-index and merged-tree.
import type { LayerEntry } from "./layer-index.js";
import { type MergedTree, sizeOf } from "./merged-tree.js";

export interface BootedNode {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly target: string | undefined;
  readonly sizeBytes: number;
}

export interface BootedTree {
  readonly nodes: ReadonlyMap<string, BootedNode>;
  /** All names of the image, also those that were hidden. */
  readonly imagePaths: readonly string[];
  /** The layer's part of it. */
  readonly layered: ReadonlyMap<string, LayerEntry>;
}

export function noteTree(tree: MergedTree, layered: ReadonlyMap<string, LayerEntry>): BootedTree {
  const nodes = new Map<string, BootedNode>();
  for (const [path, node] of tree) {
    const { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor, target } = node;
    nodes.set(path, { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor, target, sizeBytes: sizeOf(node) });
  }
  return { nodes, imagePaths: tree.imagePaths, layered };
}
