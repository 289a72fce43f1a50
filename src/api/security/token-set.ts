// The tokens a server accepts: those of its file, read again when that has changed. A file that is not valid (any more) changes
// nothing, and is told once. May depend on engine/ and the files beside it.
import { statSync } from "node:fs";
import type { Caller } from "../../engine/caller.js";
import { WardianError } from "../../errors.js";
import type { Principal } from "./principal.js";
import { readTokenFile } from "./token-file.js";
import { idOf, isExpired, matches, type TokenRecord } from "./token.js";

const CHECK_EVERY_MS = 1000;

interface Entry {
  readonly text: string;
  readonly hash: Buffer;
  readonly principal: Principal;
}

export interface TokenSetOptions {
  readonly onNote?: ((text: string) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

export class TokenSet {
  readonly #path: string;
  readonly #onNote: (text: string) => void;
  readonly #now: () => number;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #seen = "";
  #checkedAtMs = -Infinity;

  /** Throws where the file is missing, exposed or not valid. */
  constructor(path: string, options: TokenSetOptions = {}) {
    this.#path = path;
    this.#onNote = options.onNote ?? (() => {});
    this.#now = options.now ?? Date.now;
    this.#seen = this.#fingerprint();
    this.#load();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whose token it is; undefined where it is none of ours, or has run out. */
  authenticate(token: string | undefined): Principal | undefined {
    this.refresh();
    const entry = this.#entries.get(idOf(token ?? "") ?? "");
    return matches(token ?? "", entry?.hash) && entry?.principal.isValid() === true ? entry.principal : undefined;
  }

  /** Looks, at most once a second, whether the file is another one now. */
  refresh(): void {
    const nowMs = performance.now();
    if (nowMs - this.#checkedAtMs < CHECK_EVERY_MS) return;
    this.#checkedAtMs = nowMs;
    const fingerprint = this.#fingerprint();
    if (fingerprint === this.#seen) return;
    this.#seen = fingerprint;
    try {
      this.#load();
      this.#onNote(`the token file has changed: ${this.#entries.size} tokens`);
    } catch (error) {
      const reason = error instanceof WardianError ? error.message : String(error);
      this.#onNote(`${reason}; the tokens read before stay as they are`);
    }
  }

  /** Anything that changes with the file: a replaced one has another inode, a changed mode another ctime. */
  #fingerprint(): string {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(this.#path, { bigint: true });
      return [ino, size, mtimeNs, ctimeNs].join(":");
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? "unreadable";
    }
  }

  #load(): void {
    const records = readTokenFile(this.#path);
    // Entries that did not change stay the same objects: what is open on their behalf goes on.
    this.#entries = new Map(
      records.map((record) => {
        const known = this.#entries.get(record.id);
        return [record.id, known?.text === JSON.stringify(record) ? known : this.#entryOf(record)];
      }),
    );
  }

  #entryOf(record: TokenRecord): Entry {
    const { id, name, scope, namespace, quotas } = record;
    const caller: Caller = { name, scope, namespace, quotas, hostPaths: false };
    const isValid = (): boolean => this.#entries.get(id)?.principal === principal && !isExpired(record, this.#now());
    const principal: Principal = { caller, key: `token:${id}`, isValid };
    return { text: JSON.stringify(record), hash: Buffer.from(record.hash, "hex"), principal };
  }
}
