// A running instance as the library hands it out, whatever it is: each method is one action. May depend on errors, instance/ and
// metrics/ types, and action.ts.
import { WardianError } from "../errors.js";
import type { InstanceEnd, InstanceRecord } from "../instance/record.js";
import type { InstanceMetrics } from "../metrics/view.js";
import type { Door } from "./action.js";

export class InstanceHandle implements AsyncDisposable {
  readonly id: string;
  /** How its run ended; never rejects. */
  readonly exit: Promise<InstanceEnd>;
  protected readonly door: Door;

  /** `instance` runs, and is removed when this handle is stopped. */
  constructor(door: Door, instance: InstanceRecord) {
    this.door = door;
    this.id = instance.id;
    this.exit = door.apply({ kind: "wait", instance: this.id }).then(
      (record) => record?.end ?? gone(),
      () => gone(),
    );
  }

  inspect(): Promise<InstanceRecord> {
    return this.door.apply({ kind: "inspect", instance: this.id });
  }

  metrics(windowMs?: number): Promise<InstanceMetrics> {
    return this.door.apply({ kind: "metrics", instance: this.id, windowMs });
  }

  /** No instruction is executed until resume(). */
  async pause(): Promise<void> {
    await this.door.apply({ kind: "pause", instance: this.id });
  }

  async resume(): Promise<void> {
    await this.door.apply({ kind: "resume", instance: this.id });
  }

  /** Switches it off and forgets it; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    await this.door.apply({ kind: "remove", instance: this.id, force: true }).catch((error: unknown) => {
      if (!(error instanceof WardianError) || error.code !== "no-instance") throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function gone(): InstanceEnd {
  return { at: new Date().toISOString(), reason: "stopped", status: 0, message: "it was removed" };
}
