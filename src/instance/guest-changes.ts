// What a run has changed in a guest's root, found and kept: one walk through the guest tells every name, with the content of
// what has a later ctime than the agent's start; what is told without content must be as it was booted, or is asked for by name.
// May depend on errors, image/archive, machine/agent and the files beside it.
import { WardianError } from "../errors.js";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../image/archive/cpio.js";
import { CpioReader, type StreamEntry } from "../image/archive/cpio-stream.js";
import { normalizeRootedPath } from "../image/archive/path.js";
import type { AgentSession } from "../machine/agent/index.js";
import type { BootedNode, BootedTree } from "./booted-tree.js";
import { AGENT_PATH } from "./guest-initrd.js";
import type { LayerEntry, LayerIndex } from "./layer-index.js";
import type { LayerStage, RootLayer } from "./root-layer.js";

export interface SaveOptions {
  /** Of the whole layer. Beyond it, `disk-full`, and the layer stays as it was. */
  readonly limitBytes: number;
  readonly signal?: AbortSignal | undefined;
}

const OWN = AGENT_PATH.slice(1);
/** More than so many files to be asked for, and all are told at once. */
const SINGLE_MAX = 64;

export async function saveChanges(session: AgentSession, layer: RootLayer, { limitBytes, signal }: SaveOptions): Promise<void> {
  const { booted } = layer;
  if (booted === undefined) throw new WardianError("file-failed", "the guest was not started from this layer: its changes cannot be kept");
  const options = signal === undefined ? {} : { signal };
  const before = layer.index;
  await layer.change(limitBytes, async (stage) => {
    const changes = new Changes(booted, before, stage);
    await changes.take(await session.getTree("/", { ...options, contents: "changed" }));
    if (changes.unsure.size > SINGLE_MAX) await changes.takeUnsure(await session.getTree("/", { ...options, contents: "all" }));
    for (const path of changes.unsure) {
      // What has gone meanwhile, or has a name that only bytes can tell, stays out.
      const one = await session.getTree(`/${path}`, { ...options, depth: 0 }).catch(() => undefined);
      if (one !== undefined) await changes.takeOne(path, one);
    }
    await changes.commit();
  });
}

class Changes {
  /** Regular files whose content must be seen, though their ctime is old: moved with their folder, or the clock was set back. */
  readonly unsure = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #mounts = new Set<string>();
  readonly #entries = new Map<string, LayerEntry>();

  constructor(
    private readonly booted: BootedTree,
    private readonly before: LayerIndex,
    private readonly stage: LayerStage,
  ) {}

  async take(archive: AsyncIterable<Uint8Array>): Promise<void> {
    await read(archive, async (path, entry, reader) => {
      this.#seen.add(path);
      const kind = entry.mode & S_IFMT;
      if (kind === S_IFDIR && entry.isHeaderOnly) this.#mounts.add(path);
      else if (kind === S_IFREG && !entry.isHeaderOnly) await this.#write(path, entry, reader);
      else if (isSame(path, entry, this.booted.nodes.get(path)) && this.#keep(path)) return;
      else if (kind === S_IFREG) this.unsure.add(path);
      else this.#entries.set(path, entryOf(entry));
    });
  }

  async takeUnsure(archive: AsyncIterable<Uint8Array>): Promise<void> {
    await read(archive, async (path, entry, reader) => {
      if (this.unsure.has(path) && (entry.mode & S_IFMT) === S_IFREG && !entry.isHeaderOnly) await this.#write(path, entry, reader);
    });
  }

  async takeOne(path: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
    await read(archive, async (_name, entry, reader) => {
      if ((entry.mode & S_IFMT) === S_IFREG && !entry.isHeaderOnly) await this.#write(path, entry, reader);
    });
  }

  async commit(): Promise<void> {
    // Below a mount nobody has looked: it stays as it was.
    for (const [path, entry] of this.before.entries) if (this.#isMounted(path)) this.#entries.set(path, entry);
    const isGone = (path: string): boolean => path !== "." && !this.#seen.has(path) && !this.#isMounted(path);
    const gone = new Set(this.booted.imagePaths.filter(isGone));
    for (const path of this.before.removed) if (this.#isMounted(path)) gone.add(path);
    const removed = new Set(Array.from(gone).filter((path) => !gone.has(parentOf(path))));
    await this.stage.commit((edit) => {
      edit.entries = this.#entries;
      edit.removed = removed;
    });
  }

  /** As it was booted: from the image, which needs no word, or from the layer, unless that has lost the content meanwhile. */
  #keep(path: string): boolean {
    const booted = this.booted.layered.get(path);
    if (booted === undefined) return true;
    const entry = booted.content === undefined ? booted : this.before.entries.get(path);
    const { mtimeSeconds, content } = entry ?? {};
    if (entry === undefined || mtimeSeconds !== booted.mtimeSeconds || content?.sizeBytes !== booted.content?.sizeBytes) return false;
    this.#entries.set(path, entry);
    return true;
  }

  async #write(path: string, entry: StreamEntry, reader: CpioReader): Promise<void> {
    this.#entries.set(path, { ...entryOf(entry), content: await this.stage.write(reader.content()) });
    this.unsure.delete(path);
  }

  #isMounted(path: string): boolean {
    for (let at = path; at !== "."; at = parentOf(at)) if (this.#mounts.has(at)) return true;
    return false;
  }
}

/** Calls `take` for each entry of a guest's archive but our own program. */
async function read(
  archive: AsyncIterable<Uint8Array>,
  take: (path: string, entry: StreamEntry, reader: CpioReader) => Promise<void>,
): Promise<void> {
  const reader = new CpioReader(archive);
  try {
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      const path = normalizeRootedPath(entry.name);
      if (path !== OWN) await take(path, entry, reader);
    }
  } finally {
    await reader.close();
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash);
}

function entryOf({ mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor, target }: StreamEntry): LayerEntry {
  const entry = { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor };
  return target === undefined ? entry : { ...entry, target };
}

/** Told without content, is it what was booted? Only some kinds have all of these attributes. */
function isSame(path: string, entry: StreamEntry, booted: BootedNode | undefined): boolean {
  if (booted === undefined || (booted.mode & S_IFMT) !== (entry.mode & S_IFMT)) return false;
  if (booted.uid !== entry.uid || booted.gid !== entry.gid || booted.target !== entry.target) return false;
  const kind = entry.mode & S_IFMT;
  if (kind !== S_IFLNK && booted.mode !== entry.mode) return false;
  if (kind === S_IFREG && booted.sizeBytes !== entry.sizeBytes) return false;
  const isDevice = kind === S_IFCHR || kind === S_IFBLK;
  if (isDevice && (booted.rdevMajor !== entry.rdevMajor || booted.rdevMinor !== entry.rdevMinor)) return false;
  // Making our own mount points touches the root.
  return path === "." || booted.mtimeSeconds === entry.mtimeSeconds;
}
