// The instances by id and by name, and who may see which. May depend on errors, instance/ and the files beside it.
import { WardianError } from "../errors.js";
import type { InstanceRecord } from "../instance/record.js";
import { type Caller, DEFAULT_NAMESPACE } from "./caller.js";
import type { ManagedInstance } from "./managed-instance.js";
import { type InstanceFilter, type InstancePage, MAX_PAGE, MAX_PAGE_BYTES } from "./views.js";

const SHORTEST_PREFIX = 4;
/** About what a record has around its spec, as JSON. */
const RECORD_BYTES = 512;

export class Directory {
  /** In the order in which they were made. */
  readonly #byId = new Map<string, ManagedInstance>();
  /** What each costs as JSON, of those that have been listed: specs never change. */
  readonly #sizes = new Map<string, number>();

  add(instance: ManagedInstance): void {
    this.#byId.set(instance.id, instance);
  }

  delete(instance: ManagedInstance): void {
    this.#byId.delete(instance.id);
    this.#sizes.delete(instance.id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  get(id: string): ManagedInstance | undefined {
    return this.#byId.get(id);
  }

  all(): IterableIterator<ManagedInstance> {
    return this.#byId.values();
  }

  of(caller: Caller): ManagedInstance[] {
    return [...this.all()].filter(({ record }) => sees(caller, record.namespace));
  }

  /** Of one owner. */
  recordsIn(namespace: string): InstanceRecord[] {
    return [...this.all()].map(({ record }) => record).filter((record) => record.namespace === namespace);
  }

  /** By id, by name, or by the beginning of an id. Throws `no-instance` or `ambiguous-instance`. */
  find(ref: string, caller: Caller): ManagedInstance {
    const [only, ...more] = this.#matches(ref, caller);
    if (only === undefined) throw new WardianError("no-instance", `there is no instance ${JSON.stringify(shorten(ref))}`);
    if (more.length > 0)
      throw new WardianError("ambiguous-instance", `${JSON.stringify(shorten(ref))} is more than one instance: use the whole id`);
    return only;
  }

  /** The same, where there is one. */
  look(ref: string, caller: Caller): ManagedInstance | undefined {
    const found = this.#matches(ref, caller);
    return found.length === 1 ? found[0] : undefined;
  }

  #matches(ref: string, caller: Caller): ManagedInstance[] {
    const exact = this.#byId.get(ref);
    if (exact !== undefined && sees(caller, exact.record.namespace)) return [exact];
    const visible = this.of(caller);
    const named = visible.filter(({ record }) => record.name === ref);
    const begun = ref.length < SHORTEST_PREFIX ? [] : visible.filter(({ id }) => id.startsWith(ref));
    if (caller.namespace !== "*") return named.length > 0 ? named : begun;
    // Who sees everything must not be led astray by a name that somebody else has chosen.
    const own = named.filter(({ record }) => record.namespace === homeOf(caller));
    return own.length > 0 ? own : [...new Set([...named, ...begun])];
  }

  isNameTaken(namespace: string, name: string): boolean {
    return [...this.all()].some(({ record }) => record.namespace === namespace && record.name === name);
  }

  /** Oldest first. */
  page(caller: Caller, filter: InstanceFilter = {}): InstancePage {
    const limit = filter.limit ?? MAX_PAGE;
    const visible = this.of(caller);
    const start = filter.after === undefined ? 0 : visible.findIndex(({ id }) => id === filter.after) + 1;
    if (filter.after !== undefined && start === 0)
      throw new WardianError("bad-request", "after: it is not the id of an instance, or no longer");
    const found = visible.slice(start).filter((instance) => matches(instance, filter));
    const instances = this.#fitting(found.slice(0, limit)).map(({ record }) => record);
    const last = instances.at(-1);
    return { instances, ...(found.length > instances.length && last !== undefined ? { next: last.id } : {}) };
  }

  /** As many as make a page of bounded size; at least one, so that pages lead on. */
  #fitting(found: readonly ManagedInstance[]): readonly ManagedInstance[] {
    let sizeBytes = 0;
    const end = found.findIndex((instance) => (sizeBytes += this.#sizeOf(instance)) > MAX_PAGE_BYTES);
    return end < 0 ? found : found.slice(0, Math.max(1, end));
  }

  #sizeOf({ id, record }: ManagedInstance): number {
    const sizeBytes = this.#sizes.get(id) ?? RECORD_BYTES + Buffer.byteLength(JSON.stringify(record.spec));
    this.#sizes.set(id, sizeBytes);
    return sizeBytes;
  }
}

export function sees(caller: Caller, namespace: string): boolean {
  return caller.namespace === "*" || caller.namespace === namespace;
}

/** Where a caller's new instances go. */
export function homeOf(caller: Caller): string {
  return caller.namespace === "*" ? DEFAULT_NAMESPACE : caller.namespace;
}

function matches({ record }: ManagedInstance, { states, kind, name, labels }: InstanceFilter): boolean {
  if (states !== undefined && !states.includes(record.state)) return false;
  if (kind !== undefined && record.spec.kind !== kind) return false;
  if (name !== undefined && !record.name.includes(name) && !record.id.startsWith(name)) return false;
  return Object.entries(labels ?? {}).every(([key, value]) => {
    const own = Object.hasOwn(record.spec.labels, key) ? record.spec.labels[key] : undefined;
    return own !== undefined && (value === "" || own === value);
  });
}

function shorten(ref: string): string {
  return ref.length > 80 ? `${ref.slice(0, 80)}...` : ref;
}
