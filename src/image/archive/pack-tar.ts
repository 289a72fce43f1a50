// Entries of a file tree as a tar (pax where a name, an owner or a size needs it), in pieces. Depends on tar-stream, cpio.
import { type Header, pack } from "tar-stream";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from "./cpio.js";

export interface PackEntry {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly target?: string | undefined;
  readonly sizeBytes: number;
  /** Exactly `sizeBytes`; called for regular files only, and before the next entry is asked for. */
  content(): AsyncIterable<Uint8Array>;
}

const TYPES: ReadonlyMap<number, Header["type"]> = new Map([
  [S_IFREG, "file"],
  [S_IFDIR, "directory"],
  [S_IFLNK, "symlink"],
  [S_IFCHR, "character-device"],
  [S_IFBLK, "block-device"],
  [S_IFIFO, "fifo"],
]);
/** The most that the octal field of an owner or a device number holds. */
const OCTAL_MAX = 0o777777;
/** The library counts seconds in 32 bits with a sign. */
const MTIME_MAX = 2 ** 31 - 1;
const PIECE_BYTES = 65_536;

/** Sockets are left out: a tar has no place for them, and they mean nothing elsewhere. */
export async function* packTar(entries: AsyncIterable<PackEntry>): AsyncGenerator<Uint8Array> {
  const tar = pack({ highWaterMark: PIECE_BYTES });
  // Not waited for at an early end: it may hang on a source that only its owner can close.
  void feed(entries, tar).then(
    () => void tar.finalize(),
    (error: unknown) => void tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    yield* tar as AsyncIterable<Uint8Array>;
  } finally {
    tar.destroy();
  }
}

async function feed(entries: AsyncIterable<PackEntry>, tar: ReturnType<typeof pack>): Promise<void> {
  for await (const entry of entries) {
    const type = TYPES.get(entry.mode & S_IFMT);
    if (type === undefined) continue;
    const sink = tar.entry(headersOf(entry, type));
    const over = new Promise<void>((resolve, reject) => void sink.on("error", reject).on("close", resolve));
    over.catch(() => {});
    if (type === "file") {
      for await (const chunk of entry.content()) {
        if (sink.destroyed) break;
        if (!sink.write(chunk)) await Promise.race([new Promise<void>((resolve) => void sink.once("drain", resolve)), over]);
      }
    }
    sink.end(null);
    await over;
  }
}

function headersOf(entry: PackEntry, type: Header["type"]): Partial<Header> & { name: string } {
  const { uid, gid, mtimeSeconds, target } = entry;
  const pax: Record<string, string> = {};
  if (uid > OCTAL_MAX) pax.uid = String(uid);
  if (gid > OCTAL_MAX) pax.gid = String(gid);
  if (mtimeSeconds > MTIME_MAX) pax.mtime = String(mtimeSeconds);
  return {
    name: type === "directory" && !entry.name.endsWith("/") ? `${entry.name}/` : entry.name,
    type,
    // The library takes 0 for "not said".
    mode: (entry.mode & 0o7777) | S_IFREG,
    uid: Math.min(uid, OCTAL_MAX),
    gid: Math.min(gid, OCTAL_MAX),
    mtime: new Date(Math.min(mtimeSeconds, MTIME_MAX) * 1000),
    size: type === "file" ? entry.sizeBytes : 0,
    ...(target === undefined ? {} : { linkname: target }),
    ...(type === "character-device" || type === "block-device" ? { devmajor: entry.rdevMajor, devminor: entry.rdevMinor } : {}),
    ...(Object.keys(pax).length === 0 ? {} : { pax }),
  };
}
