// In which order several instances are started: one that reads another one's output before that one, and one that listens on a socket before
// those that connect to it; for the rest at once. May depend on engine/, instance/ and the files beside it.
import type { Door } from "../engine/action.js";
import type { InstanceRecord } from "../instance/record.js";
import { forEachInstance } from "./each-instance.js";

export interface Candidate {
  /** As it was given. */
  readonly ref: string;
  /** Undefined where it cannot be looked at; why not is told when it is started. */
  readonly record: Pick<InstanceRecord, "id" | "namespace" | "spec"> | undefined;
}

/** As forEachInstance, in that order. */
export async function forEachInStartOrder(
  door: Door,
  refs: readonly string[],
  options: { readonly json?: true },
  apply: (ref: string) => Promise<InstanceRecord>,
): Promise<number> {
  let status = 0;
  for (const refsOfWave of refs.length === 1 ? [refs] : inStartOrder(await lookAt(door, refs)))
    status = (await forEachInstance(refsOfWave, options, apply)) || status;
  return status;
}

async function lookAt(door: Door, refs: readonly string[]): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const ref of refs) candidates.push({ ref, record: await door.apply({ kind: "inspect", instance: ref }).catch(() => undefined) });
  return candidates;
}

/** Groups, each to be started when the one before has been. Of those that wait for one another in a circle the first one given comes first. */
export function inStartOrder(given: readonly Candidate[]): string[][] {
  const waves: string[][] = [];
  for (let left = given; left.length > 0;) {
    const free = left.filter((one) => !left.some((other) => goesBefore(other, one)));
    const wave = free.length > 0 ? free : left.slice(0, 1);
    waves.push(wave.map(({ ref }) => ref));
    left = left.filter((one) => !wave.includes(one));
  }
  return waves;
}

function goesBefore({ record: one }: Candidate, { record: other }: Candidate): boolean {
  if (one === undefined || other === undefined || one.id === other.id || one.namespace !== other.namespace) return false;
  return one.spec.stdinFrom === other.id || namesOf(other, "connect").some((name) => namesOf(one, "listen").includes(name));
}

function namesOf({ spec }: NonNullable<Candidate["record"]>, role: "listen" | "connect"): string[] {
  return spec.sockets.filter((socket) => socket.role === role).map(({ name }) => name);
}
