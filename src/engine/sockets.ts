// Local sockets of a name: what some containers of one owner listen on, and others are connected to. May depend on errors, container/,
// instance/ and the files beside it.
import { type GivenSocket, LocalSocket } from "../container/socket.js";
import { WardianError } from "../errors.js";
import type { InstanceRecord } from "../instance/record.js";
import { OwnedThings } from "./owned.js";

/** Of an owner's records, whether their sockets are made or not. */
const OWNER_SOCKETS = 64;

export class Sockets {
  readonly #made = new OwnedThings<LocalSocket>();

  constructor(private readonly recordsIn: (namespace: string) => readonly InstanceRecord[]) {}

  /** Of a record that is to be stored. Throws `quota-exceeded`. */
  admit({ namespace, spec }: InstanceRecord): void {
    const names = this.#namesIn(namespace);
    for (const { name } of spec.sockets) names.add(name);
    if (spec.sockets.length > 0 && names.size > OWNER_SOCKETS)
      throw new WardianError("quota-exceeded", `an owner has at most ${OWNER_SOCKETS} sockets: remove instances that name others`);
  }

  /** Those that an instance is given when it starts. Throws `kernel-memory`. */
  open({ namespace, spec }: InstanceRecord): GivenSocket[] {
    return spec.sockets.map(({ name, role }) => ({ socket: this.#made.find(namespace, name, () => new LocalSocket()), name, role }));
  }

  /** Gives those of an owner back that no record names any more. */
  release(namespace: string): void {
    for (const socket of this.#made.takeOthers(namespace, this.#namesIn(namespace))) socket.release();
  }

  /** All of them. */
  close(): void {
    for (const socket of this.#made.takeAll()) socket.release();
  }

  #namesIn(namespace: string): Set<string> {
    return new Set(this.recordsIn(namespace).flatMap(({ spec }) => spec.sockets.map(({ name }) => name)));
  }
}
