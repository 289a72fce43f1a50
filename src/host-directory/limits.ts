// What one container may do to host directories. Depends on errno. Each limit ends in an errno of its own.
import { FBIG, NOSPC } from "./errno.js";

export interface HostDirectoryLimits {
  /** Open handles, mounts among them; MFILE. */
  readonly maxHandles: number;
  /** Bytes of a file, as far as the container makes it larger; FBIG. */
  readonly maxFileSizeBytes: number;
  /** Bytes written by the container in all, whatever became of them; NOSPC. */
  readonly maxWrittenBytes: number;
  /** Files, directories and links created by the container in all; NOSPC. */
  readonly maxCreatedFiles: number;
  /** Entries of a directory that is listed, and of all listings that are kept; NOMEM. */
  readonly maxDirectoryEntries: number;
}

export const DEFAULT_LIMITS: HostDirectoryLimits = {
  maxHandles: 1024,
  maxFileSizeBytes: Number.MAX_SAFE_INTEGER,
  maxWrittenBytes: Number.POSITIVE_INFINITY,
  maxCreatedFiles: Number.POSITIVE_INFINITY,
  maxDirectoryEntries: 250_000,
};

/** What has been used of the limits. */
export class Spending {
  writtenBytes = 0;
  createdFiles = 0;
  readonly limits: HostDirectoryLimits;

  constructor(limits: HostDirectoryLimits) {
    this.limits = limits;
  }

  get mayCreate(): boolean {
    return this.createdFiles < this.limits.maxCreatedFiles;
  }

  /** How many of `bytes` may be written at `start`: a short write first, then minus an errno. */
  room(start: number, bytes: number): number {
    const toSize = this.limits.maxFileSizeBytes - start;
    if (toSize <= 0) return -FBIG;
    const toTotal = this.limits.maxWrittenBytes - this.writtenBytes;
    if (toTotal <= 0) return -NOSPC;
    return Math.min(bytes, toSize, toTotal);
  }
}
