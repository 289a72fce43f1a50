// Something that others listen to. Depends on nothing.

export class Topic<T = void> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Listens until the signal is aborted. */
  subscribe(listener: (value: T) => void, signal?: AbortSignal): void {
    this.#listeners.add(listener);
    signal?.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  publish(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
}
