// From a request to a record: validated, named, numbered, once for each idempotency key. May depend on errors, instance/ and
// the files beside it.
import { createHash } from "node:crypto";
import type { z } from "zod";
import { WardianError } from "../errors.js";
import { memoryBytesOf } from "../instance/memory-limit.js";
import { programLimits } from "../instance/program-limits.js";
import type { InstanceRecord } from "../instance/record.js";
import { type InstanceRequest, type InstanceSpec, instanceSpecSchema } from "../instance/spec.js";
import { signalNumber } from "../machine/agent/index.js";
import { parseSize } from "../machine/size.js";
import type { Caller } from "./caller.js";
import { type Directory, homeOf } from "./directory.js";
import { makeId, makeName } from "./names.js";
import { statedBytes } from "./volumes.js";

const LEAST_DISK_BYTES = 1 << 20;

/** Throws `bad-request` with where the fault is. */
export function parseRequest(request: InstanceRequest): InstanceSpec {
  const parsed = instanceSpecSchema.safeParse(request);
  if (!parsed.success) throw badRequest(parsed.error);
  checkSizes(parsed.data);
  checkVolumes(parsed.data);
  checkSignal(parsed.data);
  return parsed.data;
}

export function badRequest(error: z.ZodError): WardianError {
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return new WardianError("bad-request", `${where}${issue?.message ?? "the request is not valid"}`, { cause: error });
}

function checkSignal({ stopSignal }: InstanceSpec): void {
  try {
    signalNumber(stopSignal);
  } catch (error) {
    throw new WardianError("bad-request", `stopSignal: ${(error as Error).message}`, { cause: error });
  }
}

function checkSizes(spec: InstanceSpec): void {
  const { limits } = spec;
  try {
    memoryBytesOf(spec);
    if (spec.kind === "container") programLimits(limits);
    if (limits.disk !== undefined) parseSize(String(limits.disk), { what: "disk size", minBytes: LEAST_DISK_BYTES });
  } catch (error) {
    throw new WardianError("bad-request", `limits: ${(error as Error).message}`, { cause: error });
  }
}

function checkVolumes({ volumes }: InstanceSpec): void {
  try {
    for (const volume of volumes) statedBytes(volume);
  } catch (error) {
    throw new WardianError("bad-request", `volumes: ${(error as Error).message}`, { cause: error });
  }
}

/** Nothing of it is stored yet. Throws `name-taken`. */
export function makeRecord(spec: InstanceSpec, caller: Caller, directory: Directory): InstanceRecord {
  const namespace = homeOf(caller);
  const isTaken = (name: string): boolean => directory.isNameTaken(namespace, name);
  // The record has the name, which may change.
  const { name, ...rest } = spec;
  if (name !== undefined && isTaken(name)) throw nameTaken(name);
  return {
    id: makeId((id) => directory.has(id)),
    namespace,
    name: name ?? makeName(isTaken),
    state: "created",
    spec: rest,
    createdAt: new Date().toISOString(),
    restarts: 0,
    wanted: "stopped",
  };
}

export function nameTaken(name: string): WardianError {
  return new WardianError("name-taken", `the name ${JSON.stringify(name)} is taken: remove or rename the instance that has it`);
}

/** The same for requests that mean the same. */
export function hashRequest(spec: InstanceSpec): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(spec)))
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
