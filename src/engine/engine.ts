// Applies actions: the one place behind every door. Holds the instances by their ids. May depend on errors, instance/ and
// action.ts.
import { WardianError } from "../errors.js";
import { GuestInstance } from "../instance/guest-instance.js";
import type { Instance, InstanceInfo } from "../instance/instance.js";
import { MachineInstance } from "../instance/machine-instance.js";
import type { Action, ResultOf, Results } from "./action.js";

type Handlers = { [K in Action["kind"]]: (action: Extract<Action, { kind: K }>) => Promise<Results[K]> };

export class Engine implements AsyncDisposable {
  readonly #instances = new Map<string, GuestInstance | MachineInstance>();
  #nextId = 1;

  readonly #handlers: Handlers = {
    "boot-guest": async ({ spec }) => this.#add(await GuestInstance.start(this.#takeId("guest"), spec)),
    "boot-machine": async ({ spec }) => this.#add(await MachineInstance.start(this.#takeId("machine"), spec)),
    exec: async ({ instance, command }) => this.#guest(instance).exec(command),
    "write-file": async ({ instance, path, data, mode }) => {
      await this.#guest(instance).writeFile(path, data, mode);
      return undefined;
    },
    "read-file": ({ instance, path }) => this.#guest(instance).readFile(path),
    inspect: async ({ instance }) => {
      const found = this.#find(instance);
      return { stats: await found.inspect(), info: found.info() };
    },
    list: async () => [...this.#instances.values()].map((instance): InstanceInfo => instance.info()),
    stop: async ({ instance }) => {
      await this.#find(instance).stop();
      this.#instances.delete(instance);
      return undefined;
    },
  };

  /** Does it. Throws a WardianError for what cannot be done. */
  async apply<A extends Action>(action: A): Promise<ResultOf<A>> {
    // The table's type ties each kind to its result; a union of functions cannot be called without this step.
    const handler = this.#handlers[action.kind] as unknown as (action: A) => Promise<ResultOf<A>>;
    return handler(action);
  }

  /** Stops every instance. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#instances.values()].map((instance) => instance.stop()));
    this.#instances.clear();
  }

  #takeId(prefix: string): string {
    return `${prefix}-${this.#nextId++}`;
  }

  #add<T extends GuestInstance | MachineInstance>(instance: T): T {
    this.#instances.set(instance.id, instance);
    return instance;
  }

  #find(id: string): (GuestInstance | MachineInstance) & Instance {
    const instance = this.#instances.get(id);
    if (instance === undefined) throw new WardianError("no-instance", `there is no instance ${JSON.stringify(id)}`);
    return instance;
  }

  #guest(id: string): GuestInstance {
    const instance = this.#find(id);
    if (instance instanceof GuestInstance) return instance;
    throw new WardianError("no-agent", `the instance ${id} is a bare machine without an agent: use its serial console`);
  }
}
