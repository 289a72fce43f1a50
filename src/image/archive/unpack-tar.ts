// A tar that somebody wants unpacked into a folder, entry by entry as it comes: names judged, attributes in range. What cannot be or
// must not be is an `archive-...` error. Depends on errors, compression, cpio, path, tar.
import { WardianError } from "../../errors.js";
import { type DecompressOptions, decompressStream } from "./compression.js";
import { PATH_LIMIT_BYTES, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from "./cpio.js";
import { normalizePath } from "./path.js";
import type { ByteSource } from "./source.js";
import { quote, streamTar, type TarMember, type TarType } from "./tar.js";

export interface UnpackEntry {
  /** Relative, without "." or ".." in it. */
  readonly path: string;
  /** Kind and permission bits; no kind is a hard link to the path in `target`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly target: string | undefined;
  readonly sizeBytes: number;
  content(): AsyncGenerator<Uint8Array>;
}

const KIND: Readonly<Record<TarType, number>> = {
  file: S_IFREG,
  directory: S_IFDIR,
  symlink: S_IFLNK,
  hardlink: 0,
  character: S_IFCHR,
  block: S_IFBLK,
  fifo: S_IFIFO,
};
/** Clients send these. One xz decoder serves the whole process: whoever stalls an upload would stall all images. */
const UPLOADS: DecompressOptions = { accept: ["none", "gzip", "zstd"], zstdWindowBytes: 8 << 20 };
const U32_MAX = 0xffff_ffff;
const DEVICE_MAJOR_MAX = 0xfff;
const DEVICE_MINOR_MAX = 0xf_ffff;

/** The entries but for the root itself, whose attributes are the folder's own business. `limitBytes` is for the tar unpacked. */
export async function* unpackTar(source: ByteSource, limitBytes: number): AsyncGenerator<UnpackEntry> {
  for await (const member of streamTar(decompressStream(source, limitBytes, UPLOADS))) {
    const path = normalizePath(member.name);
    if (path !== ".") yield judge(member, path);
    else if (member.type !== "directory") throw refuse(member, "stands for the folder itself but is none");
  }
}

function judge(member: TarMember, path: string): UnpackEntry {
  const { type, mode, uid, gid, mtimeSeconds, deviceMajor, deviceMinor, sizeBytes } = member;
  if (uid > U32_MAX || gid > U32_MAX) throw refuse(member, "has an impossible owner");
  if (deviceMajor > DEVICE_MAJOR_MAX || deviceMinor > DEVICE_MINOR_MAX) throw refuse(member, "is a device that Linux cannot have");
  return {
    path,
    mode: KIND[type] | mode,
    uid,
    gid,
    mtimeSeconds: Math.min(mtimeSeconds, U32_MAX),
    rdevMajor: deviceMajor,
    rdevMinor: deviceMinor,
    target: targetOf(member),
    sizeBytes,
    content: () => member.content(),
  };
}

function targetOf(member: TarMember): string | undefined {
  if (member.type === "hardlink") {
    const target = normalizePath(member.linkName);
    if (target === ".") throw refuse(member, "is a hard link to a folder");
    return target;
  }
  if (member.type !== "symlink") return undefined;
  const targetBytes = Buffer.byteLength(member.linkName);
  if (targetBytes === 0 || targetBytes >= PATH_LIMIT_BYTES) throw refuse(member, "is a symbolic link with an impossible target");
  return member.linkName;
}

function refuse(member: TarMember, why: string): WardianError {
  return new WardianError("archive-unsafe", `The tar archive was refused: ${quote(member.name)} ${why}.`);
}
