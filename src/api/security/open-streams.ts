// The requests that last, by who made them: so many at once for each, and all of them ended when the right to them is gone.
// Depends on types beside it.
import type { Principal } from "./principal.js";

export class OpenStreams {
  readonly #open = new Map<string, Map<() => void, Principal>>();

  /** Undefined where `most` are open; otherwise call the result when it is over. `end` is to cut it. */
  add(principal: Principal, end: () => void, most: number): (() => void) | undefined {
    const { key } = principal;
    const streams = this.#open.get(key) ?? new Map<() => void, Principal>();
    if (streams.size >= most) return undefined;
    streams.set(end, principal);
    this.#open.set(key, streams);
    return () => {
      streams.delete(end);
      if (streams.size === 0 && this.#open.get(key) === streams) this.#open.delete(key);
    };
  }

  countOf(key: string): number {
    return this.#open.get(key)?.size ?? 0;
  }

  /** Tokens are revoked and run out while their streams are open. */
  endRevoked(): void {
    for (const streams of this.#open.values()) for (const [end, principal] of streams) if (!principal.isValid()) end();
  }

  endAll(): void {
    for (const streams of this.#open.values()) for (const end of streams.keys()) end();
  }
}
