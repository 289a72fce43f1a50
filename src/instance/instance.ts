// What every instance is, whatever kind it has, and the states it passes through. May depend on errors.
import { WardianError } from "../errors.js";

/**
 *   starting -> running -> ended
 *       \---------------->/
 */
export type InstanceState = "starting" | "running" | "ended";

export interface InstanceInfo {
  readonly id: string;
  readonly kind: "guest" | "machine";
  readonly state: InstanceState;
  readonly memoryBytes: number;
  readonly startedAt: Date;
  /** One line on how it ended. */
  readonly end?: string;
}

export interface Instance extends AsyncDisposable {
  readonly id: string;
  info(): InstanceInfo;
  /** Ends it; resolves when nothing of it is left. Calling it again is harmless. */
  stop(): Promise<void>;
}

const NEXT_STATES: Record<InstanceState, readonly InstanceState[]> = { starting: ["running", "ended"], running: ["ended"], ended: [] };

export class Lifecycle {
  readonly startedAt = new Date();
  #state: InstanceState = "starting";
  #end: string | undefined;

  get state(): InstanceState {
    return this.#state;
  }

  get end(): string | undefined {
    return this.#end;
  }

  /** Moves on; a step that leads nowhere is ignored, since an end can come from several sides at once. */
  enter(next: InstanceState, end?: string): void {
    if (!NEXT_STATES[this.#state].includes(next)) return;
    this.#state = next;
    this.#end = end;
  }

  /** Throws `instance-ended` unless it runs. */
  requireRunning(id: string): void {
    if (this.#state === "running") return;
    const why = this.#state === "starting" ? "is still starting" : `has ended${this.#end === undefined ? "" : ` (${this.#end})`}`;
    throw new WardianError(this.#state === "ended" ? "instance-ended" : "instance-starting", `the instance ${id} ${why}`);
  }
}
