// From a directory and a path to the directory that holds the path's last component. Depends on descriptor-path and errno.
//
// One component at a time, each directory opened below the descriptor of the one before it, never following a link: links are read
// and walked by us, ".." goes back to the descriptor that we came from and not to where that directory hangs by now. So a rename or a
// swap of a directory with a link, at any instant, changes at most which directory *inside* is found. Whatever would leave the
// starting directory is PERM, as in wasmtime: an absolute path or link, and ".." above the start.
import { closeSync, openSync, readlinkSync } from "node:fs";
import type { DirectoryCache } from "./directory-cache.js";
import { childPath, NAME_DIRECTORY } from "./descriptor-path.js";
import { codeOf, errnoOf, INVAL, LOOP, NAMETOOLONG, NOENT, NOTDIR, PERM, SUCCESS } from "./errno.js";

/** Bytes of a name, of a path, and links in one walk: Linux' own limits. */
export const NAME_MAX = 255;
export const PATH_MAX = 4095;
export const SYMLOOP_MAX = 40;
/** Descriptors that one walk holds at once; directories further up are closed, and walked to again should a ".." want them. */
const HELD_MAX = 64;
/** How often a component may change between being a link and being none before it counts as not a directory. */
const SWAPS_MAX = 3;

const CLOSED = -1;
/** The last component is "." or "..": it is walked as well, and no name is left. */
const ENDS_IN_DOTS = /(?:^|\/)\.{1,2}\/*$/;

/** The bytes as a string of as many characters. Copied first: the memory may be another thread's, too. */
export const textOf = (path: Uint8Array): string => Buffer.from(path).toString("latin1");

/** What is wrong with a path before any directory is looked at. */
function checkPath(path: string): number {
  if (path === "") return NOENT;
  if (path.length > PATH_MAX) return NAMETOOLONG;
  if (path.includes("\0")) return INVAL;
  return path.startsWith("/") ? PERM : SUCCESS;
}

/** A directory and a plain path below it: no doubled slash, none at the end, no dots. */
const isPlain = (path: string): boolean => !path.startsWith("/") && !/\/(?:\/|$)|(?:^|\/)\.{1,2}(?:\/|$)/.test(path);

/** Where paths begin that may be looked for in a cache of directories. */
export interface Root {
  readonly place: string;
  readonly cache: DirectoryCache;
}

/** A walk is used again and again; `finish` closes what it holds. Where it ended: the entry `name` of directory `fd`. */
export class Walk {
  /** The last component, not looked at yet; "" when the path ends in the directory `fd` itself. */
  name = "";
  /** The path ended in a slash: whatever it names has to be a directory. */
  mustBeDirectory = false;

  #base = CLOSED;
  readonly #fds: number[] = [];
  readonly #names: string[] = [];
  /** Components to come, the next one last. */
  readonly #pending: string[] = [];
  #links = 0;
  /** The directory that is the cache's, and is not to be closed. */
  #borrowed = CLOSED;
  #root: Root | undefined;
  /** Whole path and depth of the directory before the last component, should it be worth keeping. */
  #keepAs = "";
  #keepDepth = 0;

  /** The directory where the walk has come to. */
  get fd(): number {
    return this.#fds.at(-1) ?? this.#base;
  }

  /** Walks from directory `base` to the last component of `path`. SUCCESS or an errno. `root`: base is the root of a mount. */
  begin(base: number, path: string, root?: Root): number {
    this.finish();
    this.#base = base;
    this.#links = 0;
    this.#pending.length = 0;
    this.mustBeDirectory = false;
    const wrong = checkPath(path);
    const slash = path.lastIndexOf("/");
    if (root === undefined || wrong !== SUCCESS || slash < 0 || !isPlain(path)) return this.#walk(path);
    return this.#borrow(root, path.slice(0, slash)) ? this.#walk(path.slice(slash + 1)) : this.#walk(path);
  }

  /** Looks for a directory in the cache: the walk is there then, as if it had come on foot and closed what is above. */
  #borrow(root: Root, prefix: string): boolean {
    const names = prefix.split("/");
    this.#root = root;
    this.#keepAs = `${root.place}/${prefix}`;
    this.#keepDepth = names.length;
    const fd = root.cache.find(this.#keepAs);
    if (fd === undefined) return false;
    for (const name of names) {
      this.#names.push(name);
      this.#fds.push(CLOSED);
    }
    this.#fds[names.length - 1] = fd;
    this.#borrowed = fd;
    return true;
  }

  /** `name` was found to be a link to `target`: walks on from here to where that ends. */
  follow(target: string): number {
    this.#links++;
    return this.#links > SYMLOOP_MAX ? LOOP : this.#walk(target);
  }

  finish(): void {
    if (this.#root !== undefined && this.#isWorthKeeping() && this.#root.cache.offer(this.#keepAs, this.#keepDepth, this.fd))
      this.#fds.pop();
    for (const fd of this.#fds) this.#close(fd);
    this.#fds.length = 0;
    this.#names.length = 0;
    this.#borrowed = CLOSED;
    this.#root = undefined;
  }

  /** The walk stands before its last component, came there without a link, and not by the cache. */
  #isWorthKeeping(): boolean {
    return this.#borrowed === CLOSED && this.#links === 0 && this.#fds.length === this.#keepDepth;
  }

  #close(fd: number): void {
    if (fd !== CLOSED && fd !== this.#borrowed) closeSync(fd);
  }

  #walk(path: string): number {
    const wrong = checkPath(path);
    if (wrong !== SUCCESS) return wrong;
    if (!path.includes("/") && path !== "." && path !== "..") return this.#stopAt(path);
    this.#push(path);
    const toTheEnd = ENDS_IN_DOTS.test(path);
    if (toTheEnd || path.endsWith("/")) this.mustBeDirectory = true;
    return this.#advance(toTheEnd);
  }

  /** Puts a path's components before those to come. */
  #push(path: string): void {
    const parts = path.split("/");
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i] ?? "";
      if (part !== "" && part !== ".") this.#pending.push(part);
    }
  }

  #advance(toTheEnd: boolean): number {
    for (let part = this.#pending.pop(); part !== undefined; part = this.#pending.pop()) {
      const isLast = this.#pending.length === 0 && !toTheEnd;
      if (isLast && part !== "..") return this.#stopAt(part);
      const errno = part === ".." ? this.#leave() : this.#enter(part);
      if (errno !== SUCCESS) return errno;
    }
    this.name = "";
    return SUCCESS;
  }

  #stopAt(name: string): number {
    if (name.length > NAME_MAX) return NAMETOOLONG;
    this.name = name;
    return SUCCESS;
  }

  /** Goes into directory `name`, or puts where a link of that name leads before the components to come. */
  #enter(name: string): number {
    if (name.length > NAME_MAX) return NAMETOOLONG;
    const path = childPath(this.fd, name);
    for (let swaps = 0; ; swaps++) {
      try {
        this.#hold(openSync(path, NAME_DIRECTORY), name);
        return SUCCESS;
      } catch (error) {
        const code = codeOf(error);
        if (code !== "ENOTDIR" && code !== "ELOOP") return errnoOf(error);
      }
      try {
        return this.#detour(readlinkSync(path, "latin1"));
      } catch (error) {
        if (codeOf(error) !== "EINVAL") return errnoOf(error);
        if (swaps === SWAPS_MAX) return NOTDIR;
      }
    }
  }

  #detour(target: string): number {
    this.#links++;
    if (this.#links > SYMLOOP_MAX) return LOOP;
    const wrong = checkPath(target);
    if (wrong === SUCCESS) this.#push(target);
    return wrong;
  }

  #hold(fd: number, name: string): void {
    this.#fds.push(fd);
    this.#names.push(name);
    const above = this.#fds.length - 1 - HELD_MAX;
    if (above < 0) return;
    this.#close(this.#fds[above] ?? CLOSED);
    this.#fds[above] = CLOSED;
  }

  /** "..": back to the directory that this one was entered from. */
  #leave(): number {
    const fd = this.#fds.pop();
    this.#names.pop();
    if (fd === undefined) return PERM;
    this.#close(fd);
    return this.#fds.at(-1) === CLOSED ? this.#returnTo(this.#names.length) : SUCCESS;
  }

  /**
   * Opens the directory at `depth` again, from the start: its names are known, and none of them was a link. Those next to it are held as
   * well, so that going up and up costs a walk only now and then.
   */
  #returnTo(depth: number): number {
    const heldFrom = depth - HELD_MAX / 2;
    let at = this.#base;
    for (let level = 0; level < depth; level++) {
      const isPassing = level > 0 && level - 1 < heldFrom;
      try {
        const next = openSync(childPath(at, this.#names[level] ?? ""), NAME_DIRECTORY);
        if (isPassing) closeSync(at);
        at = next;
      } catch (error) {
        if (isPassing) closeSync(at);
        return errnoOf(error);
      }
      if (level >= heldFrom) this.#fds[level] = at;
    }
    return SUCCESS;
  }
}
