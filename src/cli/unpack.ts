// A tar from somebody else onto this machine. Whatever it says, nothing outside of the folder is made, changed or followed: names are
// judged, no symbolic link on the way is gone through, there are no devices and no set-id bits, and there is an end to it. May depend on
// errors and image/archive.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, lstat, mkdir, open, rename, rm, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { WardianError } from "../errors.js";
import { normalizePath } from "../image/archive/path.js";

export interface UnpackOptions {
  /** A real folder; nothing is made outside of it. */
  readonly root: string;
  /** Where an entry goes, as parts below `root`, none of them for the root itself. Throws for one that has no business here. */
  readonly place: (parts: readonly string[]) => readonly string[];
  /** Of all contents together. */
  readonly limitBytes: number;
  /** Told what was left out, and why. */
  readonly onSkip: (name: string, why: string) => void;
}

/** As tar-stream gives it. */
type Entry = AsyncIterable<unknown> & { readonly header: Header; resume(): unknown };

const ENTRIES_MAX = 1 << 20;
const PERMISSIONS = 0o777;
/** What lies in a folder must be reachable while it is filled. */
const FOLDER_MODE = 0o700;

/** How many bytes of contents. Throws `archive-unsafe`, `archive-too-large`, `archive-corrupt`, `file-failed`. */
export async function unpack(tar: Readable, options: UnpackOptions): Promise<number> {
  const unpacker = new Unpacker(options);
  const entries = extract();
  const feeding = pipeline(tar, entries);
  feeding.catch(() => {}); // it is awaited below
  try {
    for await (const entry of entries) await unpacker.take(entry);
    await feeding;
    return unpacker.sizeBytes;
  } catch (error) {
    entries.destroy();
    tar.on("error", () => {}).destroy();
    throw explain(error);
  }
}

class Unpacker {
  sizeBytes = 0;
  #count = 0;
  readonly #options: UnpackOptions;

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  async take(entry: Entry): Promise<void> {
    const { header } = entry;
    this.#count += 1;
    if (this.#count > ENTRIES_MAX) throw new WardianError("archive-too-large", `there are more than ${ENTRIES_MAX} files`);
    const parts = this.#place(header.name);
    const path = join(this.#options.root, ...parts);
    if (header.type === "directory") await this.#takeFolder(parts, header);
    else if (parts.length === 0) throw new WardianError("archive-unsafe", `${shown(header.name)} should be a folder, and is none`);
    else {
      await this.#requireWay(parts.slice(0, -1));
      await this.#takeLeaf(entry, path, header);
    }
    entry.resume();
  }

  #place(name: string): readonly string[] {
    const path = normalizePath(name);
    return this.#options.place(path === "." ? [] : path.split("/"));
  }

  async #takeLeaf(entry: Entry, path: string, header: Header): Promise<void> {
    const { onSkip } = this.#options;
    switch (header.type) {
      case "file":
      case "contiguous-file":
        return this.#takeFile(entry, path, header);
      case "symlink":
        await clear(path);
        return symlink(header.linkname, path);
      case "link":
        return this.#takeHardLink(path, header);
      default:
        onSkip(header.name, `a ${header.type} is not made here`);
    }
  }

  async #takeFolder(parts: readonly string[], { mode }: Header): Promise<void> {
    await this.#requireWay(parts.slice(0, -1));
    if (parts.length > 0) await this.#requireFolder(join(this.#options.root, ...parts), (mode & PERMISSIONS) | FOLDER_MODE);
  }

  /** Under a name that nobody has, and then in place of what is there: a link is replaced, not followed. */
  async #takeFile(entry: Entry, path: string, { size, mode, mtime }: Header): Promise<void> {
    this.sizeBytes += size;
    if (this.sizeBytes > this.#options.limitBytes)
      throw new WardianError("archive-too-large", `there are more than ${this.#options.limitBytes} bytes: raise the limit with --max-size`);
    const temporary = join(path, "..", `.wardian-${randomBytes(8).toString("hex")}`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(temporary, flags, 0o600);
    try {
      for await (const chunk of entry as AsyncIterable<Uint8Array>) await writeAll(file, chunk);
      await file.chmod(mode & PERMISSIONS);
      if (!Number.isNaN(mtime.getTime())) await file.utimes(mtime, mtime);
      await file.close();
      await rename(temporary, path);
    } catch (error) {
      await file.close().catch(() => {});
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** To a file that the archive has brought, or that was there: inside, and no link itself. */
  async #takeHardLink(path: string, { linkname }: Header): Promise<void> {
    const target = this.#place(linkname);
    await this.#requireWay(target.slice(0, -1));
    const source = join(this.#options.root, ...target);
    const about = await lstat(source);
    if (target.length === 0 || !about.isFile()) throw new WardianError("archive-unsafe", `${shown(linkname)} is linked to, and is no file`);
    if (source === path) return;
    await clear(path);
    await link(source, path);
  }

  /** Every folder on the way is there, and is a folder. */
  async #requireWay(parts: readonly string[]): Promise<void> {
    for (let depth = 1; depth <= parts.length; depth++)
      await this.#requireFolder(join(this.#options.root, ...parts.slice(0, depth)), 0o755);
  }

  async #requireFolder(path: string, mode: number): Promise<void> {
    const about = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (about === undefined) await mkdir(path, mode);
    else if (about.isSymbolicLink())
      throw new WardianError("archive-unsafe", `${shown(path)} is a symbolic link, through which nothing is copied`);
    else if (!about.isDirectory()) throw new WardianError("not-a-folder", `${shown(path)} is in the way: it is not a folder`);
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
}

/** Of a file or a link; a folder stays, and is an error of whoever comes next. */
async function clear(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

const FILE_ERRORS = /^E[A-Z]+$/;

function explain(error: unknown): unknown {
  if (error instanceof WardianError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && FILE_ERRORS.test(code))
    return new WardianError("file-failed", `it cannot be written: ${message}`, { cause: error });
  return new WardianError("archive-corrupt", `what came is no tar archive, or a damaged one: ${message}`, { cause: error });
}

function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
}
