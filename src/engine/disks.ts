// Disks are files of the host: two machines that write to one would destroy it. May depend on errors and managed-instance.ts types.
import { WardianError } from "../errors.js";
import type { ManagedInstance } from "./managed-instance.js";

/** Throws `disk-in-use` where another live instance has one of its disks, and either may write to it. */
export function requireFreeDisks(instance: ManagedInstance, others: Iterable<ManagedInstance>): void {
  const { disks } = instance.record.spec;
  if (disks.length === 0) return;
  for (const other of others) {
    if (other === instance || !other.isLive) continue;
    const shared = disks.find(({ path, readOnly }) =>
      other.record.spec.disks.some((its) => its.path === path && !(readOnly && its.readOnly)),
    );
    if (shared !== undefined)
      throw new WardianError(
        "disk-in-use",
        `the disk ${shared.path} is in use by ${other.id}: stop that one, or make it read-only in both`,
      );
  }
}
