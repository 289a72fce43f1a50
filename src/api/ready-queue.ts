// What has come, in order, for one who waits. Instead of Promise.race(), which keeps something for every round on each promise that
// stays pending: an endless stdout beside a silent stderr would grow without bound. Depends on nothing.

export class ReadyQueue<T> {
  readonly #items: T[] = [];
  #wake: () => void = () => {};

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Undefined when the time is up first. For one caller at a time. */
  async take(timeoutMs?: number): Promise<T | undefined> {
    if (this.#items.length === 0) await this.#wait(timeoutMs);
    return this.#items.shift();
  }

  #wait(timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export interface Turn<T> {
  readonly index: number;
  readonly result: IteratorResult<T> | undefined;
  readonly error?: unknown;
}

/** Puts what `iterator` gives next into the queue, whatever it is. */
export function readInto<T>(queue: ReadyQueue<Turn<T>>, iterator: AsyncIterator<T>, index = 0): void {
  iterator.next().then(
    (result) => queue.push({ index, result }),
    (error: unknown) => queue.push({ index, result: undefined, error }),
  );
}

/** Returns it without waiting: a generator that waits for its source returns only when that gives something, or fails. */
export function leave(iterator: AsyncIterator<unknown>): void {
  void iterator.return?.().then(undefined, () => {});
}

/** Several iterables as one, each item as it comes. */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const queue = new ReadyQueue<Turn<T>>();
  iterators.forEach((iterator, index) => readInto(queue, iterator, index));
  let open = iterators.length;
  try {
    while (open > 0) {
      const turn = await queue.take();
      if (turn?.result === undefined) throw turn?.error;
      if (turn.result.done === true) open -= 1;
      else {
        yield turn.result.value;
        const iterator = iterators[turn.index];
        if (iterator) readInto(queue, iterator, turn.index);
      }
    }
  } finally {
    iterators.forEach(leave);
  }
}
