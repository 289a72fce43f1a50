// The packs of a root layer: files of contents, one after the other, each written once and synced before anything refers to it.
// A view keeps them open, so that its contents stay readable whatever happens to the layer. May depend on errors and layer-index.
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { WardianError } from "../errors.js";
import type { ContentRef, LayerIndex } from "./layer-index.js";

const PACK = /^layer-(\d{1,9})\.pack$/;
const READ_BYTES = 2 ** 26;

export const packPath = (folder: string, pack: number): string => join(folder, `layer-${pack}.pack`);

/** Numbers of the packs in a folder, which need not be there. */
export async function listPacks(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => (PACK.test(name) ? [Number(PACK.exec(name)?.[1])] : []));
}

export async function packsBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const pack of await listPacks(folder)) bytes += (await stat(packPath(folder, pack)).catch(() => ({ size: 0 }))).size;
  return bytes;
}

/** One new pack, made when there is something to write. */
export class PackWriter {
  #handle: FileHandle | undefined;
  #sizeBytes = 0;

  constructor(
    private readonly folder: string,
    private readonly pack: number,
    private readonly limitBytes: number,
  ) {}

  /** Throws `disk-full` beyond the limit. */
  async write(content: AsyncIterable<Uint8Array>): Promise<ContentRef> {
    const offset = this.#sizeBytes;
    for await (const chunk of content) {
      if (this.#sizeBytes + chunk.length > this.limitBytes) throw layerFull(this.limitBytes);
      this.#handle ??= await open(packPath(this.folder, this.pack), "wx", 0o600);
      for (let at = 0; at < chunk.length;) {
        const { bytesWritten } = await this.#handle.write(chunk, at, chunk.length - at, this.#sizeBytes);
        at += bytesWritten;
        this.#sizeBytes += bytesWritten;
      }
    }
    const sizeBytes = this.#sizeBytes - offset;
    return sizeBytes === 0 ? { pack: 0, offset: 0, sizeBytes } : { pack: this.pack, offset, sizeBytes };
  }

  async sync(): Promise<void> {
    await this.#handle?.sync();
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async discard(): Promise<void> {
    await this.#handle?.close().catch(() => {});
    await rm(packPath(this.folder, this.pack), { force: true }).catch(() => {});
  }
}

/** A layer as it was at one moment. To be closed; streams that were taken from it live on. */
export class LayerView {
  private constructor(
    readonly index: LayerIndex,
    private readonly folder: string,
    private readonly handles: ReadonlyMap<number, FileHandle>,
  ) {}

  /** Undefined when a pack has gone: the layer has moved on, or is damaged. */
  static async open(folder: string, index: LayerIndex): Promise<LayerView | undefined> {
    const handles = new Map<number, FileHandle>();
    const view = new LayerView(index, folder, handles);
    for (const { content } of index.entries.values()) {
      if (content === undefined || content.sizeBytes === 0 || handles.has(content.pack)) continue;
      const handle = await open(packPath(folder, content.pack), "r").catch(() => undefined);
      if (handle !== undefined) handles.set(content.pack, handle);
      else return void (await view.close());
    }
    return view;
  }

  async whole({ pack, offset, sizeBytes }: ContentRef): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    for (let at = 0; at < sizeBytes;) at += await this.#fill(bytes.subarray(at, at + READ_BYTES), pack, offset + at);
    return bytes;
  }

  async *pieces({ pack, offset, sizeBytes }: ContentRef): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < sizeBytes;) {
      const piece = Buffer.allocUnsafe(Math.min(65_536, sizeBytes - at));
      const bytes = await this.#fill(piece, pack, offset + at);
      at += bytes;
      yield piece.subarray(0, bytes);
    }
  }

  async close(): Promise<void> {
    for (const handle of this.handles.values()) await handle.close();
  }

  async #fill(into: Uint8Array, pack: number, position: number): Promise<number> {
    const { bytesRead } = (await this.handles.get(pack)?.read(into, 0, into.length, position)) ?? { bytesRead: 0 };
    if (bytesRead === 0) throw packDamaged(packPath(this.folder, pack));
    return bytesRead;
  }
}

/** One content as a stream of its own; undefined when its pack has gone. */
export async function openContent(folder: string, { pack, offset, sizeBytes }: ContentRef): Promise<Readable | undefined> {
  if (sizeBytes === 0) return Readable.from([]);
  const handle = await open(packPath(folder, pack), "r").catch(() => undefined);
  return handle && createReadStream("", { fd: handle, start: offset, end: offset + sizeBytes - 1 });
}

export function layerFull(limitBytes: number): WardianError {
  return new WardianError("disk-full", `the instance's files differ from its image by more than the limit of ${limitBytes} bytes`);
}

export function packDamaged(path: string): WardianError {
  return new WardianError("layer-corrupt", `${path} is missing or cut short: remove the instance, or bring the file back`);
}
