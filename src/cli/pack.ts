// A file or a folder of this machine as a tar. Symbolic links are packed as links; what is neither file, folder nor link is left out.
// May depend on errors.
import type { Stats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Header, type Pack, pack as createPack } from "tar-stream";
import { WardianError } from "../errors.js";

export const CONTENTS = ".";

type EntryHeader = Partial<Header> & Pick<Header, "name">;

export interface PackOptions {
  /** What the file or folder is called in the archive; CONTENTS: what is in the folder, without itself. */
  readonly name: string;
  /** Owners as they are here; otherwise everything is root's. */
  readonly keepOwners: boolean;
  readonly onSkip: (path: string, why: string) => void;
  /** How large each file is. */
  readonly onFile?: (sizeBytes: number) => void;
}

/** Read it to the end, or destroy it. It breaks with `file-failed`. */
export function pack(path: string, options: PackOptions): AsyncIterable<Uint8Array> & { destroy(): void } {
  const archive = createPack();
  archive.on("error", () => {}); // whoever reads it meets it, too
  addTree(archive, path, options.name, options).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(explain(error)),
  );
  return archive as AsyncIterable<Uint8Array> & { destroy(): void };
}

async function addTree(archive: Pack, path: string, name: string, options: PackOptions): Promise<void> {
  const about = await lstat(path);
  const header = headerOf(name, about, options);
  if (about.isSymbolicLink()) return addEntry(archive, { ...header, type: "symlink", linkname: await readlink(path) });
  if (about.isFile()) return addFile(archive, path, header, options.onFile);
  if (!about.isDirectory()) return options.onSkip(path, "it is neither file, folder nor link");
  const isContents = name === CONTENTS;
  if (!isContents) await addEntry(archive, { ...header, type: "directory" });
  const entries = await readdir(path);
  for (const entry of entries.toSorted()) await addTree(archive, join(path, entry), isContents ? entry : `${name}/${entry}`, options);
}

function headerOf(name: string, { mode, uid, gid, mtime }: Stats, { keepOwners }: PackOptions): EntryHeader {
  return { name, mode: mode & 0o7777, mtime, ...(keepOwners ? { uid, gid } : { uid: 0, gid: 0 }) };
}

function addEntry(archive: Pack, header: EntryHeader): Promise<void> {
  return new Promise((resolve, reject) => archive.entry(header, (error) => (error ? reject(error) : resolve())));
}

/** As many bytes as it has now: one that grows meanwhile is cut there. */
async function addFile(archive: Pack, path: string, header: EntryHeader, onFile: PackOptions["onFile"]): Promise<void> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  onFile?.(size);
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    const about = { ...header, type: "file", size } as const;
    if (size === 0) archive.entry(about, Buffer.alloc(0), done);
    else pipeline(file.createReadStream({ start: 0, end: size - 1, autoClose: false }), archive.entry(about, done)).catch(reject);
  });
}

function explain(error: unknown): WardianError {
  if (error instanceof WardianError) return error;
  return new WardianError("file-failed", `it cannot be read: ${(error as Error).message}`, { cause: error });
}
