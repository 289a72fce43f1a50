// What an owner's containers share by a name: made when the first one that names it is started, given back when no record names it any
// more. Depends on nothing.
export interface Owned<T> {
  readonly namespace: string;
  readonly name: string;
  readonly value: T;
}

export class OwnedThings<T> {
  readonly #made = new Map<string, Owned<T>>();

  /** It is made where it is not there. */
  find(namespace: string, name: string, make: () => T): T {
    const key = keyOf(namespace, name);
    const found = this.#made.get(key) ?? { namespace, name, value: make() };
    this.#made.set(key, found);
    return found.value;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#made.get(keyOf(namespace, name))?.value;
  }

  all(): Owned<T>[] {
    return [...this.#made.values()];
  }

  of(namespace: string): Owned<T>[] {
    return this.all().filter((owned) => owned.namespace === namespace);
  }

  /** Takes out those of an owner that are not among `names`. */
  takeOthers(namespace: string, names: ReadonlySet<string>): T[] {
    const others = this.of(namespace).filter(({ name }) => !names.has(name));
    for (const { name } of others) this.#made.delete(keyOf(namespace, name));
    return others.map(({ value }) => value);
  }

  takeAll(): T[] {
    const values = this.all().map(({ value }) => value);
    this.#made.clear();
    return values;
  }
}

/** No namespace and no name has a NUL. */
export function keyOf(namespace: string, name: string): string {
  return `${namespace}\0${name}`;
}
