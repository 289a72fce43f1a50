// Directories of the host that one container was given, and everything that a WASI program can do in them. Runs synchronously in the
// container's own thread. Depends on the files beside it. Semantics: WASI preview1, and wasmtime where that leaves it open.
//
// Every operation answers a number: >= 0 is its result, < 0 is minus a WASI errno. Only `mount` throws. Paths are bytes and are copied
// before they are looked at. Rights of descriptors are the kernel's business and were checked before.
import { fstatSync } from "node:fs";
import { WardianError } from "../errors.js";
import { FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE, LOOKUPFLAGS_SYMLINK_FOLLOW } from "./abi.js";
import * as entry from "./entry.js";
import { BADF, errnoOf, INVAL, MFILE, NOSPC, NOTDIR, ROFS, SUCCESS, XDEV } from "./errno.js";
import * as file from "./file.js";
import { ExactTimesOf, writeFilestat } from "./filestat.js";
import { type Handle, HandleTable } from "./handle.js";
import { DEFAULT_LIMITS, type HostDirectoryLimits, Spending } from "./limits.js";
import { Listings } from "./listing.js";
import { openMount } from "./mount.js";
import { openAt, type Opened, type OpenRequest } from "./open.js";
import { textOf, Walk } from "./walk.js";

const follows = (lookupflags: number): boolean => (lookupflags & LOOKUPFLAGS_SYMLINK_FOLLOW) !== 0;

export class HostDirectories {
  readonly #spending: Spending;
  readonly #handles: HandleTable;
  readonly #listings: Listings;
  readonly #exact = new ExactTimesOf();
  readonly #walk = new Walk();
  readonly #secondWalk = new Walk();

  constructor(limits: Partial<HostDirectoryLimits> = {}) {
    this.#spending = new Spending({ ...DEFAULT_LIMITS, ...limits });
    this.#handles = new HandleTable(this.#spending.limits.maxHandles);
    this.#listings = new Listings(this.#spending.limits.maxDirectoryEntries);
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#spending.writtenBytes;
  }

  /** Gives the directory `hostPath` to the container: the handle of its root. Throws WardianError, code `host-directory`. */
  mount(hostPath: string, options: { readOnly?: boolean } = {}): number {
    if (this.#handles.isFull)
      throw new WardianError("host-directory", `Too many host directories: ${this.#spending.limits.maxHandles} at most.`);
    const mount = openMount(hostPath, options.readOnly ?? false);
    return this.#handles.add({
      mount,
      isDirectory: true,
      isRoot: true,
      access: 0,
      fd: mount.fd,
      fdflags: 0,
      position: 0,
    });
  }

  filetype(handle: number): number {
    return this.#with(handle, ({ isDirectory }) => (isDirectory ? FILETYPE_DIRECTORY : FILETYPE_REGULAR_FILE));
  }

  isReadOnly(handle: number): boolean {
    return this.#handles.get(handle)?.mount.readOnly ?? true;
  }

  close(handle: number): number {
    return this.#with(handle, (it) => {
      this.#listings.forget(it);
      this.#handles.close(handle);
      return SUCCESS;
    });
  }

  /** The end of the container. */
  closeAll(): void {
    for (const handle of this.#handles.numbers()) this.close(handle);
  }

  // Open files and directories

  read(handle: number, into: Uint8Array): number {
    return this.#with(handle, (it) => file.read(it, into));
  }

  pread(handle: number, into: Uint8Array, offset: number): number {
    return this.#with(handle, (it) => file.readAt(it, into, offset));
  }

  write(handle: number, from: Uint8Array): number {
    return this.#with(handle, (it) => file.write(it, from, this.#spending));
  }

  pwrite(handle: number, from: Uint8Array, offset: number): number {
    return this.#with(handle, (it) => file.writeAt(it, from, offset, this.#spending));
  }

  seek(handle: number, offset: number, whence: number): number {
    return this.#with(handle, (it) => file.seek(it, offset, whence));
  }

  tell(handle: number): number {
    return this.#with(handle, (it) => (it.isDirectory ? -BADF : it.position));
  }

  flags(handle: number): number {
    return this.#with(handle, (it) => it.fdflags);
  }

  setFlags(handle: number, fdflags: number): number {
    return this.#with(handle, (it) => file.setFlags(it, fdflags));
  }

  setSize(handle: number, size: number): number {
    return this.#with(handle, (it) => file.setSize(it, size, this.#spending));
  }

  allocate(handle: number, offset: number, length: number): number {
    return this.#with(handle, (it) => file.allocate(it, offset, length, this.#spending));
  }

  sync(handle: number): number {
    return this.#with(handle, (it) => file.sync(it, false));
  }

  datasync(handle: number): number {
    return this.#with(handle, (it) => file.sync(it, true));
  }

  advise(handle: number, offset: number, length: number, advice: number): number {
    return this.#with(handle, (it) => file.advise(it, offset, length, advice));
  }

  /** 64 bytes of `filestat` at `at`. */
  filestat(handle: number, out: DataView, at: number): number {
    return this.#with(handle, ({ fd }) => {
      const stat = fstatSync(fd, { bigint: true });
      return writeFilestat(stat, this.#exact.of(stat), out, at);
    });
  }

  setTimes(handle: number, atim: bigint, mtim: bigint, fstflags: number): number {
    return this.#with(handle, (it) => file.setTimes(it, atim, mtim, fstflags, this.#exact));
  }

  /** Packed `dirent`s from `cookie` on: the bytes used. The directory is read anew at cookie 0. */
  readdir(handle: number, into: Uint8Array, cookie: number): number {
    return this.#with(handle, (it) => {
      if (!it.isDirectory) return -NOTDIR;
      if (!Number.isSafeInteger(cookie) || cookie < 0) return -INVAL;
      const listing = this.#listings.of(it, cookie);
      if (typeof listing === "number") return -listing;
      return listing.pack(it.fd, into, cookie);
    });
  }

  // Paths

  /** Opens or creates: a handle. `access` is ACCESS_READ and ACCESS_WRITE; the other flags are WASI's. */
  pathOpen(directory: number, lookupflags: number, path: Uint8Array, oflags: number, access: number, fdflags: number): number {
    if (this.#handles.isFull) return -MFILE;
    return this.#at(directory, path, (walk, { mount }) => {
      const request = { mount, lookupflags, oflags, access, fdflags, mayCreate: this.#spending.mayCreate };
      const opened = openAt(walk, request);
      return typeof opened === "number" ? -opened : this.#install(opened, request);
    });
  }

  pathFilestat(directory: number, lookupflags: number, path: Uint8Array, out: DataView, at: number): number {
    return this.#at(directory, path, (walk) => {
      const stat = entry.statEntry(walk, follows(lookupflags));
      return typeof stat === "number" ? -stat : writeFilestat(stat, this.#exact.of(stat), out, at);
    });
  }

  pathSetTimes(directory: number, lookupflags: number, path: Uint8Array, atim: bigint, mtim: bigint, fstflags: number): number {
    return this.#change(directory, path, (walk) => entry.setEntryTimes(walk, follows(lookupflags), atim, mtim, fstflags, this.#exact));
  }

  pathCreateDirectory(directory: number, path: Uint8Array): number {
    return this.#change(directory, path, (walk) => this.#creating(() => entry.createDirectory(walk)));
  }

  pathRemoveDirectory(directory: number, path: Uint8Array): number {
    return this.#change(directory, path, entry.removeDirectory);
  }

  pathUnlinkFile(directory: number, path: Uint8Array): number {
    return this.#change(directory, path, entry.unlinkFile);
  }

  pathSymlink(target: Uint8Array, directory: number, path: Uint8Array): number {
    return this.#change(directory, path, (walk) => this.#creating(() => entry.symlinkEntry(textOf(target), walk)));
  }

  /** The bytes of the link that fit into `into`: their count. */
  pathReadlink(directory: number, path: Uint8Array, into: Uint8Array): number {
    return this.#at(directory, path, (walk) => entry.readLink(walk, into));
  }

  /** INVAL with SYMLINK_FOLLOW, as in wasmtime. */
  pathLink(fromDirectory: number, lookupflags: number, from: Uint8Array, toDirectory: number, to: Uint8Array): number {
    if (follows(lookupflags)) return -INVAL;
    return this.#between(fromDirectory, from, toDirectory, to, (one, other) => this.#creating(() => entry.linkEntry(one, other)));
  }

  pathRename(fromDirectory: number, from: Uint8Array, toDirectory: number, to: Uint8Array): number {
    return this.#between(fromDirectory, from, toDirectory, to, entry.renameEntry);
  }

  // How all of the above are done

  #with(handle: number, operate: (it: Handle) => number): number {
    const it = this.#handles.get(handle);
    if (it === undefined) return -BADF;
    try {
      return operate(it);
    } catch (error) {
      return -errnoOf(error);
    }
  }

  /** Walks to `path`, and lets `visit` do something there. */
  #at(directory: number, path: Uint8Array, visit: (walk: Walk, from: Handle) => number, walk = this.#walk): number {
    return this.#with(directory, (from) => {
      if (!from.isDirectory) return -NOTDIR;
      try {
        // Of two walks under way only the first may use the cache: the other could make it close what the first has borrowed.
        const root = from.isRoot && walk === this.#walk ? from.mount : undefined;
        const errno = walk.begin(from.fd, textOf(path), root);
        return errno === SUCCESS ? visit(walk, from) : -errno;
      } finally {
        walk.finish();
      }
    });
  }

  #change(directory: number, path: Uint8Array, change: (walk: Walk) => number): number {
    return this.#at(directory, path, (walk, { mount }) => (mount.readOnly ? -ROFS : change(walk)));
  }

  #between(
    oneDirectory: number,
    one: Uint8Array,
    otherDirectory: number,
    other: Uint8Array,
    change: (one: Walk, other: Walk) => number,
  ): number {
    return this.#at(oneDirectory, one, (oneWalk, oneFrom) =>
      this.#at(
        otherDirectory,
        other,
        (otherWalk, otherFrom) => {
          if (oneFrom.mount !== otherFrom.mount) return -XDEV;
          return oneFrom.mount.readOnly ? -ROFS : change(oneWalk, otherWalk);
        },
        this.#secondWalk,
      ),
    );
  }

  #creating(create: () => number): number {
    if (!this.#spending.mayCreate) return -NOSPC;
    const result = create();
    if (result === SUCCESS) this.#spending.createdFiles++;
    return result;
  }

  #install({ fd, isDirectory, isNew }: Opened, { mount, access, fdflags }: OpenRequest): number {
    if (isNew) this.#spending.createdFiles++;
    return this.#handles.add({ mount, isDirectory, isRoot: false, access, fd, fdflags, position: 0 });
  }
}
