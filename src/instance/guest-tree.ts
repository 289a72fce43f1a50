// The files of a running guest, through its agent. What the guest sends is its own story: it can lie about its files, but not make us
// hold more than a header of them. May depend on errors, image/archive, machine/agent and the files beside it.
import { Readable } from "node:stream";
import { WardianError } from "../errors.js";
import { CpioReader, type StreamEntry } from "../image/archive/cpio-stream.js";
import { normalizeRootedPath } from "../image/archive/path.js";
import { packTar, type PackEntry } from "../image/archive/pack-tar.js";
import { S_IFREG } from "../image/archive/cpio.js";
import { tarToAgent } from "../image/archive/tar-to-agent.js";
import { AgentFileError, type AgentSession, type PutOptions, type TreeOptions } from "../machine/agent/index.js";
import type { FileStat, FileTree, WriteOptions } from "./file-tree.js";
import {
  absolutePath,
  archivePrefix,
  EXTRACT_LIMIT_BYTES,
  lastPart,
  LIST_ENTRIES_MAX,
  makeStat,
  sortByName,
  tooMany,
} from "./file-path.js";
import { type SaveOptions, saveChanges } from "./guest-changes.js";
import type { RootLayer } from "./root-layer.js";

// Linux's errno numbers, and what they are for the doors.
const CODES: ReadonlyMap<number, string> = new Map([
  [2, "no-file"],
  [20, "not-a-folder"],
  [21, "is-a-folder"],
  [27, "file-too-large"],
  [28, "disk-full"],
  [36, "bad-path"],
  [40, "bad-path"],
  [122, "disk-full"],
]);

/** An error of the guest's file system under the doors' codes; any other as it is. */
export function asFileError(error: unknown): unknown {
  if (!(error instanceof AgentFileError)) return error;
  return new WardianError(CODES.get(error.errno) ?? "file-failed", error.message, { cause: error });
}

async function mapped<T>(work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    throw asFileError(error);
  });
}

export class GuestTree implements FileTree {
  constructor(private readonly session: AgentSession) {}

  async stat(path: string): Promise<FileStat> {
    const at = absolutePath(path);
    const reader = await this.#open(at, { contents: "none", depth: 0 });
    try {
      return statOf(lastPart(at), await firstEntry(reader));
    } finally {
      await reader.close();
    }
  }

  async list(path: string): Promise<FileStat[]> {
    // With the dot, a link to a folder stands for the folder.
    const at = absolutePath(path);
    const reader = await this.#open(`${at}/.`, { contents: "none", depth: 1 });
    try {
      await firstEntry(reader);
      const stats: FileStat[] = [];
      for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
        if (stats.length >= LIST_ENTRIES_MAX) throw tooMany(at);
        stats.push(statOf(entry.name, entry));
      }
      return sortByName(stats);
    } catch (error) {
      throw asFileError(error);
    } finally {
      await reader.close();
    }
  }

  async read(path: string): Promise<{ stat: FileStat; content: Readable }> {
    const at = absolutePath(path);
    const { content, mode, ...info } = await mapped(this.session.getFile(at));
    return { stat: makeStat(lastPart(at), { mode: mode | S_IFREG, ...info }), content: relay(content) };
  }

  async write(path: string, content: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<void> {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as PutOptions;
    await mapped(this.session.putFile(absolutePath(path), content, given));
  }

  async archive(path: string): Promise<Readable> {
    const at = absolutePath(path);
    const source = await mapped(this.session.getTree(at));
    const reader = new CpioReader(source);
    try {
      // Waits for the first entry, so that what is not there is told before any byte is.
      const first = await firstEntry(reader);
      return endingWith(source, packTar(namedEntries(reader, first, archivePrefix(at))));
    } catch (error) {
      source.destroy();
      throw error;
    }
  }

  async extract(path: string, tar: AsyncIterable<Uint8Array>): Promise<void> {
    await mapped(this.session.putTree(absolutePath(path), tarToAgent(tar, EXTRACT_LIMIT_BYTES)));
  }

  async remove(path: string): Promise<void> {
    await mapped(this.session.remove(absolutePath(path)));
  }

  /** Writes what differs from the image into `layer`, as the guest was prepared with it. */
  async saveChanges(layer: RootLayer, options: SaveOptions): Promise<void> {
    await mapped(saveChanges(this.session, layer, options));
  }

  async #open(path: string, options: TreeOptions): Promise<CpioReader> {
    return new CpioReader(await mapped(this.session.getTree(path, options)));
  }
}

function statOf(name: string, entry: StreamEntry): FileStat {
  return makeStat(name, entry);
}

async function firstEntry(reader: CpioReader): Promise<StreamEntry> {
  const first = await reader.next().catch((error: unknown) => {
    throw asFileError(error);
  });
  if (first?.name !== ".") throw new WardianError("file-failed", "the guest's agent told of another file than it was asked for");
  return first;
}

async function* namedEntries(reader: CpioReader, first: StreamEntry, prefix: string): AsyncGenerator<PackEntry> {
  try {
    yield { ...first, name: prefix, content: () => reader.content() };
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next())
      // What an adversary calls its files must not lead the tar's reader anywhere else.
      yield { ...entry, name: `${prefix}/${normalizeRootedPath(entry.name)}`, content: contentOf(reader, entry) };
  } catch (error) {
    throw asFileError(error);
  } finally {
    await reader.close();
  }
}

/** A file whose content is left out (a mount over a file) is told with zeros: the tar's sizes must hold. */
function contentOf(reader: CpioReader, entry: StreamEntry): () => AsyncIterable<Uint8Array> {
  if (!entry.isHeaderOnly) return () => reader.content();
  return async function* () {
    for (let left = entry.sizeBytes; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
  };
}

const ZEROS = new Uint8Array(65_536);

/** The same bytes, with errors under the doors' codes. */
function relay(content: Readable): Readable {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of content) yield piece as Uint8Array;
    } catch (error) {
      throw asFileError(error);
    }
  }
  return endingWith(content, pieces());
}

/** `pieces` as a stream that takes its source along when it ends early, even while it waits for a guest that is silent. */
function endingWith(source: Readable, pieces: AsyncGenerator<Uint8Array>): Readable {
  const stream = Readable.from(pieces, { objectMode: false, highWaterMark: 65_536 });
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, done) => {
    source.destroy();
    destroy(error, done);
  };
  return stream;
}
