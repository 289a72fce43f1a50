// For the tests of the store and of what uses it: a record made to order. Not part of the program. May depend on instance/.
import { instanceSchema, type InstanceRecord } from "../instance/record.js";
import { instanceSpecSchema } from "../instance/spec.js";
import type { NewEvent } from "./store.js";

export function makeRecord(id: string, more: Partial<InstanceRecord> = {}): InstanceRecord {
  const record = { id, namespace: "default", name: `name-${id}`, state: "created", createdAt: new Date(0).toISOString() };
  return instanceSchema.parse({ ...record, spec: instanceSpecSchema.parse({ kernel: "k" }), restarts: 0, wanted: "stopped", ...more });
}

export function makeEvent(record: InstanceRecord, type: NewEvent["type"] = "created", detail: NewEvent["detail"] = {}): NewEvent {
  return { type, namespace: record.namespace, instance: record.id, name: record.name, detail };
}
