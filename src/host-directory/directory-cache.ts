// Directories below a mount's root that paths led through lately, kept open. Depends on node:fs and descriptor-path.
//
// A kept descriptor names the directory itself, so what it is asked is only whether that directory is still where the path says:
// the kernel tells its present place (readlink of /proc/self/fd/N), from real directories only, no links among them. If that is the
// root's place and the path behind it, a walk now would end in the same directory; anything else, and the walk is done. So a rename, a
// removal or a link in its place is seen at once. One readlink costs as much as opening one directory: short paths are not kept.
import { closeSync, readlinkSync } from "node:fs";
import { reopenPath } from "./descriptor-path.js";

/** Descriptors that one mount keeps; the one out of use for longest gives way. */
export const KEPT_MAX = 32;
/** Directories on the way, from which on keeping the last one pays. */
const DEPTH_MIN = 2;
/** What the kernel puts behind the place of a directory that was removed. */
const REMOVED = " (deleted)";

/** Where a directory is at present, its bytes as latin1; "" where the kernel does not tell (a path too long). */
export function placeOf(fd: number): string {
  try {
    return readlinkSync(reopenPath(fd), "latin1");
  } catch {
    return "";
  }
}

/** A mount's directories by their whole path. A walk borrows what it finds until it ends; only one walk at a time uses a cache. */
export class DirectoryCache {
  readonly #kept = new Map<string, number>();

  /** The directory that is at `path` now, if it was kept. The descriptor stays the cache's. */
  find(path: string): number | undefined {
    const fd = this.#kept.get(path);
    if (fd === undefined) return undefined;
    this.#kept.delete(path);
    if (placeOf(fd) === path) {
      this.#kept.set(path, fd);
      return fd;
    }
    closeSync(fd);
    return undefined;
  }

  /** Takes `fd` over if it is worth keeping. */
  offer(path: string, depth: number, fd: number): boolean {
    if (depth < DEPTH_MIN || this.#kept.has(path) || path.endsWith(REMOVED)) return false;
    this.#kept.set(path, fd);
    if (this.#kept.size > KEPT_MAX) this.#dropOldest();
    return true;
  }

  clear(): void {
    while (this.#kept.size > 0) this.#dropOldest();
  }

  #dropOldest(): void {
    for (const [path, fd] of this.#kept) {
      this.#kept.delete(path);
      closeSync(fd);
      return;
    }
  }
}
