// The folder where fetched files stay: sha256/<sum> holds contents, <name>.json says what they are, partial/ holds what is not
// finished. No locks: files appear under their final name by rename, complete and flushed, so any number of processes may
// work at once and a kill leaves old or new. Depends on errors.

import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open as openFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { WardianError } from "../../errors.js";
import type { Target } from "./download.js";

/** Tests put a full disk here. */
export type OpenFile = (path: string, flags: string) => Promise<FileHandle>;

export interface Cache {
  readonly folder: string;
  readonly open: OpenFile;
}

/** Unfinished files of dead processes are kept so long for resuming. */
const PARTIAL_AGE_MAX_MS = 24 * 3600 * 1000;
const INDEX_LIMIT_BYTES = 1 << 20;
const READ_BYTES = 1 << 20;

export function defaultCacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = env.XDG_CACHE_HOME;
  // The XDG specification: paths that are not absolute are to be ignored.
  return join(base?.startsWith("/") === true ? base : join(homedir(), ".cache"), "wardian");
}

export async function openCache(folder: string, open: OpenFile = openFile): Promise<Cache> {
  await mkdir(join(folder, "sha256"), { recursive: true }).catch(rethrowDisk(folder));
  await mkdir(join(folder, "partial"), { recursive: true }).catch(rethrowDisk(folder));
  await sweep(join(folder, "partial"));
  return { folder, open };
}

export function blobPath(folder: string, sha256: string): string {
  return join(folder, "sha256", sha256);
}

/** True when the content is there and is what its name says. */
export async function hasBlob(folder: string, sha256: string): Promise<boolean> {
  try {
    return (await sha256OfFile(blobPath(folder, sha256))) === sha256;
  } catch {
    return false;
  }
}

/** Through one buffer: a kernel as a whole would be 36 MiB of fresh memory for each start. */
async function sha256OfFile(path: string): Promise<string> {
  await using file = await openFile(path);
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, bytesRead));
  }
}

export async function putBlob(cache: Cache, bytes: Uint8Array): Promise<string> {
  const sha256 = sha256Of(bytes);
  await writeAtomically(cache, blobPath(cache.folder, sha256), bytes);
  return sha256;
}

/** What was stored under that name, or undefined when there is nothing usable: the caller checks its shape. */
export async function readIndex(folder: string, name: string): Promise<unknown> {
  try {
    const path = join(folder, `${name}.json`);
    if ((await stat(path)).size > INDEX_LIMIT_BYTES) return undefined;
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

export async function writeIndex(cache: Cache, name: string, value: unknown): Promise<void> {
  await writeAtomically(cache, join(cache.folder, `${name}.json`), Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`));
}

async function writeAtomically(cache: Cache, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = partialPath(cache.folder, "new", process.pid);
  try {
    const handle = await cache.open(temporary, "wx");
    try {
      await writeAll(handle, bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(join(path, ".."));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    return rethrowDisk(cache.folder)(error);
  }
}

/** So that the new name survives a power cut; some file systems cannot, and that is no reason to fail. */
async function syncFolder(path: string): Promise<void> {
  const handle = await openFile(path, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}

/** An unfinished download that belongs to this process alone. */
export class Partial implements Target {
  readonly #cache: Cache;
  readonly #key: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  #sizeBytes: number;

  /** Takes over what an earlier, dead process left of the same file. */
  static async open(cache: Cache, sha256: string): Promise<Partial> {
    const path = partialPath(cache.folder, sha256, process.pid);
    try {
      await adopt(cache.folder, sha256, path);
      const handle = await cache.open(path, "a+");
      return new Partial(cache, sha256, path, handle, (await handle.stat()).size);
    } catch (error) {
      return rethrowDisk(cache.folder)(error);
    }
  }

  private constructor(cache: Cache, key: string, path: string, handle: FileHandle, sizeBytes: number) {
    this.#cache = cache;
    this.#key = key;
    this.#path = path;
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(chunk: Uint8Array): Promise<void> {
    await writeAll(this.#handle, chunk).catch(rethrowDisk(this.#cache.folder));
    this.#sizeBytes += chunk.length;
  }

  async truncate(): Promise<void> {
    await this.#handle.truncate(0).catch(rethrowDisk(this.#cache.folder));
    this.#sizeBytes = 0;
  }

  async readAll(): Promise<Uint8Array> {
    return readFile(this.#path).catch(rethrowDisk(this.#cache.folder));
  }

  /** Done with, for good or because it is worthless. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true }).catch(() => {});
  }

  /** Leaves it to whoever wants to go on. */
  async release(): Promise<void> {
    await this.#handle.close();
    await rename(this.#path, partialPath(this.#cache.folder, this.#key, NOBODY)).catch(() => {});
  }
}

// partial/<sum>.<host>.<pid>.<random>: the process that writes is in the name, as far as its own host can tell.
const NOBODY = 0;

function partialPath(folder: string, key: string, pid: number): string {
  return join(folder, "partial", `${key}.${hostTag()}.${pid}.${randomBytes(6).toString("hex")}`);
}

function hostTag(): string {
  return sha256Of(Buffer.from(hostname())).slice(0, 8);
}

/** Rename decides: of two that want the same leftover, one gets it. */
async function adopt(folder: string, sha256: string, path: string): Promise<void> {
  for (const name of await readdir(join(folder, "partial"))) {
    const [key, host, pid] = name.split(".");
    if (key !== sha256 || host !== hostTag() || isAlive(Number(pid))) continue;
    const taken = await rename(join(folder, "partial", name), path).then(
      () => true,
      () => false,
    );
    if (taken) return;
  }
}

function isAlive(pid: number): boolean {
  if (pid === NOBODY) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function sweep(partialFolder: string): Promise<void> {
  for (const name of await readdir(partialFolder).catch(() => [])) {
    const path = join(partialFolder, name);
    const about = await stat(path).catch(() => undefined);
    if (about !== undefined && Date.now() - about.mtimeMs > PARTIAL_AGE_MAX_MS) await rm(path, { force: true }).catch(() => {});
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Turns what the file system says into one line for users. */
function rethrowDisk(folder: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof WardianError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new WardianError(
        "guest-no-space",
        `No space is left for the guest in ${folder}; free about 100 MB, or choose another place with XDG_CACHE_HOME.`,
        { cause: error },
      );
    }
    throw new WardianError(
      "guest-cache",
      `The cache folder ${folder} cannot be used (${code}); choose another place with XDG_CACHE_HOME.`,
      { cause: error },
    );
  };
}
