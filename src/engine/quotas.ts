// A namespace's quotas: what its instances may come to together. May depend on errors, instance/ and caller.ts.
import { WardianError } from "../errors.js";
import { LIVE_STATES } from "../instance/lifecycle.js";
import { memoryBytesOf } from "../instance/memory-limit.js";
import type { InstanceRecord } from "../instance/record.js";
import type { InstanceSpec } from "../instance/spec.js";
import { formatSize } from "../machine/size.js";
import type { Caller, Quotas } from "./caller.js";

/** An instance without a cap can take one CPU: it has one hart. */
const UNCAPPED_CPUS = 1;

export function requireRoom(caller: Caller, ofNamespace: readonly InstanceRecord[]): void {
  const { instances } = caller.quotas;
  if (instances !== undefined && ofNamespace.length >= instances) throw exceeded(`${instances} instances`);
}

/** Before `record` starts. One that its policy starts again keeps its place meanwhile. `volumeBytes` are the namespace's, whoever runs. */
export function requireCapacity(
  { quotas }: Caller,
  record: InstanceRecord,
  ofNamespace: readonly InstanceRecord[],
  volumeBytes: number,
): void {
  const others = ofNamespace.filter(({ id, state }) => id !== record.id && (LIVE_STATES.has(state) || state === "restarting"));
  const live = [...others, record].map(({ spec }) => spec);
  const limits: readonly [keyof Quotas, number, (limit: number) => string][] = [
    ["running", live.length, (limit) => `${limit} running instances`],
    ["memoryBytes", sum(live, memoryBytesOf) + volumeBytes, (limit) => `${formatSize(limit)} of memory`],
    ["cpus", sum(live, ({ limits }) => limits.cpus ?? UNCAPPED_CPUS), (limit) => `${limit} CPUs`],
  ];
  for (const [name, needed, say] of limits) {
    const limit = quotas[name];
    if (limit !== undefined && needed > limit) throw exceeded(say(limit));
  }
}

function sum(specs: readonly InstanceSpec[], of: (spec: InstanceSpec) => number): number {
  return specs.reduce((total, spec) => total + of(spec), 0);
}

function exceeded(what: string): WardianError {
  return new WardianError("quota-exceeded", `the quota of ${what} is used up: remove or stop some first`);
}
