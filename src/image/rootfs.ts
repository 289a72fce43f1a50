// A root file system for a guest, as one newc cpio: from a tar or cpio on disk (plain, gzip, xz, zstd), or made from a
// busybox binary. Depends on errors and archive/.

import { readFile, stat } from "node:fs/promises";
import { WardianError } from "../errors.js";
import { decompress } from "./archive/compression.js";
import { type CpioEntry, looksLikeCpio, readCpio, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG, writeCpio } from "./archive/cpio.js";
import { normalizeRootedPath } from "./archive/path.js";
import { looksLikeTar } from "./archive/tar.js";
import { tarToCpio } from "./archive/tar-to-cpio.js";

/** Unpacked; the guest holds all of it in RAM. */
export const ROOTFS_LIMIT_BYTES = 1 << 30;

export interface RootfsOptions {
  limitBytes?: number;
}

/**
 * An uncompressed cpio, checked. A string is the path of an image; `{ busybox }` is the path of a static busybox, around
 * which a small root with all its commands is made. Errors: `image-not-found`, `image-unreadable`, `image-format`, `archive-...`.
 */
export async function loadRootfs(source: string | { busybox: string }, options: RootfsOptions = {}): Promise<Uint8Array> {
  const limitBytes = options.limitBytes ?? ROOTFS_LIMIT_BYTES;
  if (typeof source !== "string") return makeBusyboxRootfs(await readImage(source.busybox, limitBytes));
  const bytes = await decompress(await readImage(source, limitBytes), limitBytes);
  if (looksLikeCpio(bytes)) return checkCpio(bytes);
  if (looksLikeTar(bytes)) return tarToCpio(bytes, { limitBytes });
  throw new WardianError("image-format", `${source} is neither a tar nor a cpio archive (plain, gzip, xz or zstd).`);
}

async function readImage(path: string, limitBytes: number): Promise<Uint8Array> {
  try {
    const about = await stat(path);
    if (about.isDirectory()) throw new WardianError("image-format", `${path} is a directory; pack it with tar first.`);
    if (!about.isFile()) throw new WardianError("image-format", `${path} is not a regular file.`);
    if (about.size > limitBytes) throw new WardianError("archive-too-large", `${path} is larger than the limit of ${limitBytes} bytes.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof WardianError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw new WardianError("image-not-found", `There is no file ${path}.`, { cause: error });
    throw new WardianError("image-unreadable", `${path} cannot be read (${code ?? "unknown error"}).`, { cause: error });
  }
}

function checkCpio(bytes: Uint8Array): Uint8Array {
  const entries = readCpio(bytes);
  if (entries.length === 0) throw new WardianError("archive-corrupt", "The cpio archive is empty; a root file system is expected.");
  for (const entry of entries) normalizeRootedPath(entry.name);
  return bytes;
}

const DIRECTORIES = ["bin", "dev", "etc", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "usr/bin", "usr/sbin", "var"];
const CONSOLE_MAJOR = 5;
const CONSOLE_MINOR = 1;

/** /bin/busybox with a symbolic link for each of its commands, the usual empty directories, /dev/console, users and groups of root. */
export function makeBusyboxRootfs(busybox: Uint8Array): Uint8Array {
  const entries: CpioEntry[] = [];
  const add = (name: string, mode: number, data: Uint8Array, rdev: readonly [number, number] = [0, 0]) => {
    const [rdevMajor, rdevMinor] = rdev;
    entries.push({ name, mode, uid: 0, gid: 0, mtimeSeconds: 0, ino: entries.length + 1, nlink: 1, rdevMajor, rdevMinor, data });
  };
  const empty = new Uint8Array(0);
  for (const name of DIRECTORIES) add(name, S_IFDIR | (name === "tmp" ? 0o1777 : name === "root" ? 0o700 : 0o755), empty);
  add("dev/console", S_IFCHR | 0o600, empty, [CONSOLE_MAJOR, CONSOLE_MINOR]);
  add("etc/passwd", S_IFREG | 0o644, Buffer.from("root:x:0:0:root:/root:/bin/sh\n"));
  add("etc/group", S_IFREG | 0o644, Buffer.from("root:x:0:\n"));
  add("bin/busybox", S_IFREG | 0o755, busybox);
  for (const name of listApplets(busybox)) add(`bin/${name}`, S_IFLNK | 0o777, Buffer.from("busybox"));
  return writeCpio(entries);
}

/** The table is sorted, and "[" and "[[" come before all letters. */
const TABLE_START = "[\0[[\0";
const APPLETS_MAX = 1000;
const APPLET_NAME = /^[a-z0-9][a-z0-9_.-]{0,30}$/;
/** Enough to start a shell, which can call the others as `busybox NAME`. */
const ALWAYS = ["sh", "ls", "cat", "mount"];

/** The commands a busybox binary has, from the table of names in its data; a short list when there is no such table. */
export function listApplets(busybox: Uint8Array): string[] {
  const bytes = Buffer.from(busybox.buffer, busybox.byteOffset, busybox.byteLength);
  const start = bytes.indexOf(TABLE_START, 0, "latin1");
  const names = ["[", "[["];
  if (start < 0) return ALWAYS;
  for (let at = start + TABLE_START.length; names.length < APPLETS_MAX;) {
    const end = bytes.indexOf(0, at);
    const name = end < 0 || end - at > 31 ? "" : bytes.toString("latin1", at, end);
    if (!APPLET_NAME.test(name)) break;
    if (name !== "busybox") names.push(name);
    at = end + 1;
  }
  return ALWAYS.every((name) => names.includes(name)) ? names : ALWAYS;
}
