// Changes to the files of an instance that are under way. A client may take its time with what it sends, but is not waited for by
// those who end or remove the instance. May depend on errors.
import { WardianError } from "../errors.js";

/** Bytes that stop coming when somebody says so. */
export type Interruptible = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

export class FileChanges {
  readonly #underWay = new Map<Promise<void>, AbortController>();

  async make(change: (interruptible: Interruptible) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    const made = change((source) => interruptible(source, abort.signal));
    this.#underWay.set(made, abort);
    try {
      await made;
    } finally {
      this.#underWay.delete(made);
    }
  }

  /** Resolves when there are none; or the signal says not to wait any longer, and they are given up. */
  async settled(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => this.giveUp();
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    await Promise.allSettled(this.#underWay.keys());
    signal.removeEventListener("abort", giveUp);
  }

  giveUp(): void {
    for (const abort of this.#underWay.values()) abort.abort();
  }
}

async function* interruptible(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await nextOf(iterator, signal);
      if (done === true) return;
      yield value;
    }
  } finally {
    void iterator.return?.()?.catch(() => {}); // its own end is not waited for either
  }
}

function nextOf(iterator: AsyncIterator<Uint8Array>, signal: AbortSignal): Promise<IteratorResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new WardianError("aborted", "the instance was ended or removed before all of it had come"));
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", giveUp));
  });
}
