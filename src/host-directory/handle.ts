// Open directories and files of host directories, by number. Depends on node:fs and mount.
import { closeSync } from "node:fs";
import type { Mount } from "./mount.js";

/** What a handle stands for. Of a directory `fd` only names it (O_PATH); of a file it is open as `access` says. */
export interface Handle {
  readonly mount: Mount;
  readonly isDirectory: boolean;
  /** The root of its mount; it takes the mount's kept directories with it. */
  readonly isRoot: boolean;
  readonly access: number;
  fd: number;
  fdflags: number;
  position: number;
}

/** Handles by small numbers; a number is given again after its handle was closed. */
export class HandleTable {
  readonly #handles: (Handle | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#handles.length - this.#free.length >= this.#max;
  }

  get(number: number): Handle | undefined {
    return this.#handles[number];
  }

  add(handle: Handle): number {
    const number = this.#free.pop() ?? this.#handles.length;
    this.#handles[number] = handle;
    return number;
  }

  /** The number is free at once; what closing the descriptor throws comes after that. */
  close(number: number): void {
    const handle = this.#handles[number];
    if (handle === undefined) return;
    this.#handles[number] = undefined;
    this.#free.push(number);
    if (handle.isRoot) handle.mount.cache.clear();
    closeSync(handle.fd);
  }

  numbers(): number[] {
    return [...this.#handles.keys()].filter((number) => this.#handles[number] !== undefined);
  }
}
