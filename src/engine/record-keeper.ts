// The record of one instance: what it is now, every step stored with the events that tell of it, and those who wait for a step. May
// depend on errors, instance/, store/ types and surroundings.ts.
import { WardianError } from "../errors.js";
import { type InstanceState, requireStep } from "../instance/lifecycle.js";
import type { InstanceEvent, InstanceRecord } from "../instance/record.js";
import type { NewEvent } from "../store/store.js";
import type { Surroundings } from "./surroundings.js";

export class RecordKeeper {
  #record: InstanceRecord;
  readonly #watchers = new Set<() => void>();
  #isOver = false;

  constructor(
    record: InstanceRecord,
    private readonly around: Surroundings,
  ) {
    this.#record = record;
  }

  get record(): InstanceRecord {
    return this.#record;
  }

  /** A state, and the event that tells of it. Throws where the step is not one, or cannot be stored; then nothing has happened. */
  enter(state: InstanceState, changes: Partial<InstanceRecord>, event?: InstanceEvent["type"], detail: NewEvent["detail"] = {}): void {
    requireStep(this.#record.name, this.#record.state, state, state);
    this.commit({ ...changes, state }, event, detail);
  }

  /** The same for what has happened whether it can be stored or not: the next step that can be stored brings it along. */
  mustEnter(state: InstanceState, changes: Partial<InstanceRecord>, event: InstanceEvent["type"], detail: NewEvent["detail"] = {}): void {
    try {
      this.enter(state, changes, event, detail);
    } catch (error) {
      this.around.onNote(`that ${this.#record.id} is ${state} could not be stored: ${(error as Error).message}`);
      this.#record = { ...this.#record, ...changes, state };
      this.tell();
    }
  }

  commit(changes: Partial<InstanceRecord>, event?: InstanceEvent["type"], detail: NewEvent["detail"] = {}): void {
    const record = { ...this.#record, ...changes };
    if (record.state === "running") delete record.end;
    const events = event === undefined ? [] : [{ ...this.makeEvent(event, detail), name: record.name }];
    const stored = this.around.store.update(record, ...events);
    this.#record = record;
    this.around.publish(stored);
    this.tell();
  }

  /** An event that is news, but no new state: if it cannot be stored, that is no reason to fail. */
  append(type: InstanceEvent["type"], detail: NewEvent["detail"]): void {
    if (this.#isOver || this.around.isClosing()) return;
    try {
      this.around.publish([this.around.store.append(this.makeEvent(type, detail))]);
    } catch (error) {
      this.around.onNote(`the event ${type} of ${this.#record.id} could not be stored: ${(error as Error).message}`);
    }
  }

  makeEvent(type: InstanceEvent["type"], detail: NewEvent["detail"] = {}): NewEvent {
    const { id, namespace, name } = this.#record;
    return { type, namespace, instance: id, name, detail };
  }

  /** Not in the record, but for those who wait: something is different. */
  tell(): void {
    for (const look of this.#watchers) look();
  }

  /** There will be no further step: whoever still waits is told so. */
  end(): void {
    this.#isOver = true;
    this.tell();
  }

  /** The record as it is when `isSo` no longer holds. Rejects with the signal's reason, or with `closing`. */
  waitWhile(isSo: (record: InstanceRecord) => boolean, signal?: AbortSignal): Promise<InstanceRecord> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#watchers.delete(look);
        signal?.removeEventListener("abort", giveUp);
      };
      const look = (): void => {
        if (isSo(this.#record) && !this.#isOver) return;
        end();
        if (isSo(this.#record)) reject(new WardianError("closing", "Wardian is shutting down"));
        else resolve(this.#record);
      };
      const giveUp = (): void => {
        end();
        reject(signal?.reason);
      };
      if (signal?.aborted === true) return giveUp();
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#watchers.add(look);
      look();
    });
  }
}
