// What an instance's root file system has that its image has not, in a folder on disk: `layer.json`, the index, which is only ever
// replaced whole, and packs of file contents. A change writes a new pack, syncs it, then replaces the index: whatever is cut
// off where, the old state or the new one is there. May depend on errors, layer-index and layer-pack.
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { WardianError } from "../errors.js";
import type { BootedTree } from "./booted-tree.js";
import { type ContentRef, costOf, EMPTY_INDEX, formatIndex, type LayerEntry, type LayerIndex, parseIndex } from "./layer-index.js";
import { layerFull, LayerView, listPacks, openContent, packDamaged, packPath, packsBytes, PackWriter } from "./layer-pack.js";

const INDEX = "layer.json";
const NEW_INDEX = "layer.json.new";
/** More packs than this, or more waste than use, and they are written anew as one. */
const PACKS_MAX = 32;
const WASTE_ALLOWED_BYTES = 2 ** 20;

/** The state under change. */
export interface LayerEdit {
  entries: Map<string, LayerEntry>;
  removed: Set<string>;
}

/** Contents on their way into a layer: nobody else waits for them, and they are nothing until they are committed. */
export interface LayerStage {
  /** Throws `disk-full` beyond the limit. */
  write(content: AsyncIterable<Uint8Array>): Promise<ContentRef>;
  /** Makes the change that `apply` edits as one: when it has resolved, all of it is on disk. Throws `disk-full` beyond the limit. */
  commit(apply: (edit: LayerEdit) => void | Promise<void>): Promise<void>;
}

export class RootLayer {
  // Whoever opens the same folder gets the same layer, so that changes wait for each other.
  static readonly #opening = new Map<string, Promise<RootLayer>>();
  static readonly #known = new Map<string, WeakRef<RootLayer>>();

  /** What the guest that runs on this layer has started from; saving its changes takes it. */
  booted: BootedTree | undefined;
  #index: LayerIndex = EMPTY_INDEX;
  #nextPack = 1;
  readonly #staged = new Set<number>();
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(private readonly folder: string) {}

  /** The folder need not be there: it is made with the first change. Throws `layer-corrupt`. */
  static async open(folder: string): Promise<RootLayer> {
    const path = resolve(folder);
    const known = RootLayer.#known.get(path)?.deref();
    if (known !== undefined) return known;
    const opening = RootLayer.#opening.get(path) ?? RootLayer.#load(path).finally(() => RootLayer.#opening.delete(path));
    RootLayer.#opening.set(path, opening);
    return await opening;
  }

  static async #load(folder: string): Promise<RootLayer> {
    const layer = new RootLayer(folder);
    const path = join(folder, INDEX);
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new WardianError("layer-corrupt", `${path} cannot be read (${error.code})`, { cause: error });
    });
    if (text !== undefined) layer.#index = parseIndex(text, path);
    layer.#nextPack = 1 + Math.max(0, ...(await listPacks(folder)));
    await layer.#sweep();
    for (const [key, ref] of RootLayer.#known) if (ref.deref() === undefined) RootLayer.#known.delete(key);
    RootLayer.#known.set(folder, new WeakRef(layer));
    return layer;
  }

  get index(): LayerIndex {
    return this.#index;
  }

  get isEmpty(): boolean {
    return this.#index.entries.size === 0 && this.#index.removed.size === 0;
  }

  /** Contents, names and what keeping them takes. */
  get sizeBytes(): number {
    return costOf(this.#index);
  }

  /** The layer as it is now, with its contents; to be closed. */
  async view(): Promise<LayerView> {
    for (;;) {
      const index = this.#index;
      const view = await LayerView.open(this.folder, index);
      if (view !== undefined) return view;
      if (index === this.#index) throw packDamaged(this.folder);
    }
  }

  /** The content of an entry of the index as it is now. */
  async read(content: ContentRef): Promise<Readable> {
    const stream = await openContent(this.folder, content);
    if (stream === undefined) throw packDamaged(packPath(this.folder, content.pack));
    return stream;
  }

  /** Runs `work` with a stage; whatever it has not committed is thrown away. */
  async change(limitBytes: number, work: (stage: LayerStage) => Promise<void>): Promise<void> {
    const pack = this.#nextPack++;
    const writer = new PackWriter(this.folder, pack, limitBytes);
    this.#staged.add(pack);
    let committed = false;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await work({
        write: async (content) => await writer.write(content),
        commit: async (apply) => {
          await writer.sync();
          await this.#inTurn(async () => await this.#commit(limitBytes, apply));
          committed = true;
        },
      });
    } catch (error) {
      throw asLayerError(this.folder, error);
    } finally {
      this.#staged.delete(pack);
      if (!committed) await writer.discard();
    }
    if (committed) await this.#inTurn(async () => await this.#tidy());
  }

  async #commit(limitBytes: number, apply: (edit: LayerEdit) => void | Promise<void>): Promise<void> {
    const edit = { entries: new Map(this.#index.entries), removed: new Set(this.#index.removed) };
    await apply(edit);
    if (costOf(edit) > limitBytes) throw layerFull(limitBytes);
    await this.#replaceIndex(edit);
  }

  async #replaceIndex(index: LayerIndex): Promise<void> {
    const path = join(this.folder, NEW_INDEX);
    const handle = await open(path, "w", 0o600);
    try {
      await handle.writeFile(formatIndex(index));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(path, join(this.folder, INDEX));
    this.#index = index;
    // The change has been made; a file system whose folders cannot be synced keeps it as well as it can.
    const folder = await open(this.folder, "r").catch(() => undefined);
    await folder?.sync().catch(() => {});
    await folder?.close();
  }

  /** Forgets what no entry refers to, and closes the gaps when they have become many. */
  async #tidy(): Promise<void> {
    await this.#sweep();
    const packs = (await listPacks(this.folder)).filter((pack) => !this.#staged.has(pack));
    const isWasteful = this.#staged.size === 0 && (await packsBytes(this.folder)) > 2 * this.sizeBytes + WASTE_ALLOWED_BYTES;
    if (packs.length <= PACKS_MAX && !isWasteful) return;
    const writer = new PackWriter(this.folder, this.#nextPack++, Number.POSITIVE_INFINITY);
    try {
      const entries = await this.#copyAll(writer);
      await writer.sync();
      await this.#replaceIndex({ entries, removed: this.#index.removed });
    } catch {
      await writer.discard(); // the change before has been made all the same, and the next one will try again
    }
    await this.#sweep();
  }

  /** Every content into one new pack; those that names share once. */
  async #copyAll(writer: PackWriter): Promise<Map<string, LayerEntry>> {
    const entries = new Map(this.#index.entries);
    const moved = new Map<string, ContentRef>();
    const view = await this.view();
    try {
      for (const [path, entry] of entries) {
        const { content } = entry;
        if (content === undefined || content.sizeBytes === 0) continue;
        const key = `${content.pack}:${content.offset}`;
        const to = moved.get(key) ?? (await writer.write(view.pieces(content)));
        moved.set(key, to);
        entries.set(path, { ...entry, content: to });
      }
    } finally {
      await view.close();
    }
    return entries;
  }

  async #sweep(): Promise<void> {
    const used = new Set(Array.from(this.#index.entries.values(), (entry) => entry.content?.pack));
    for (const pack of await listPacks(this.folder))
      if (!used.has(pack) && !this.#staged.has(pack)) await rm(packPath(this.folder, pack), { force: true });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    await turn;
  }
}

/** What the host's own file system says no to; everything else as it is. */
function asLayerError(folder: string, error: unknown): unknown {
  if (error instanceof WardianError || !(error instanceof Error)) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const kind = code === "ENOSPC" || code === "EDQUOT" ? "disk-full" : "file-failed";
  return new WardianError(kind, `the instance's files cannot be kept in ${folder} (${code ?? "unknown error"})`, { cause: error });
}
