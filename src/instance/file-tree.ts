// The root file system of an instance, running or not, as the doors see it. Paths are the guest's and absolute; a relative one
// begins at "/". Errors: `no-file`, `not-a-folder`, `is-a-folder`, `bad-path`, `file-too-large`, `disk-full`, `file-failed`. Depends on nothing.
import type { Readable } from "node:stream";

export const FILE_TYPES = ["file", "folder", "symlink", "character", "block", "fifo", "socket"] as const;
export type FileType = (typeof FILE_TYPES)[number];

export interface FileStat {
  /** Its last part; "/" for the root. */
  readonly name: string;
  readonly type: FileType;
  readonly sizeBytes: number;
  /** Permission bits with set-id and sticky, as in chmod: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: string;
  /** Of a symbolic link. */
  readonly target?: string;
}

export interface WriteOptions {
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** Symbolic links are followed by read and write, as the guest's kernel does it; stat and list tell of the link itself. */
export interface FileTree {
  stat(path: string): Promise<FileStat>;
  /** Entries of a folder, sorted by name. */
  list(path: string): Promise<FileStat[]>;
  /** A regular file's content, read as the caller takes it; destroy it to stop early. */
  read(path: string): Promise<{ readonly stat: FileStat; readonly content: Readable }>;
  /** Makes or replaces a regular file. */
  write(path: string, content: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<void>;
  /** A tar (pax where needed) of a file or folder; names begin with the path's last part, as in `docker cp`. */
  archive(path: string): Promise<Readable>;
  /** Unpacks a tar (plain, gzip or zstd) into a folder, which must be there; owners and modes as the tar has them. */
  extract(path: string, tar: AsyncIterable<Uint8Array>): Promise<void>;
  /** Removes a file, or a folder with all that is in it. */
  remove(path: string): Promise<void>;
}
