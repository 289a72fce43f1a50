// Switches an instance on, whatever kind it has: the one place that tells kinds apart. May depend on the files beside it.
import { ContainerInstance } from "./container-instance.js";
import { GuestInstance } from "./guest-instance.js";
import type { LiveContext, LiveInstance } from "./live.js";
import { MachineInstance } from "./machine-instance.js";
import type { InstanceSpec } from "./spec.js";

/** `spec` names files by absolute paths. Resolves when the instance can be used. */
export function startInstance(spec: InstanceSpec, context: LiveContext): Promise<LiveInstance> {
  const { image, kind } = spec;
  if (kind === "container") return ContainerInstance.start({ ...spec, image: image ?? "" }, context);
  return image === undefined ? MachineInstance.start(spec, context) : GuestInstance.start({ ...spec, image }, context);
}
