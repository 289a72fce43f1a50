// What an engine finds when it opens a state folder: records of instances whose runs ended with the last engine, removals that
// were under way, folders that belong to nobody. May depend on instance/, store/ and the files beside it.
import { LIVE_STATES } from "../instance/lifecycle.js";
import type { InstanceRecord } from "../instance/record.js";
import type { StateFolder } from "../store/state-folder.js";
import type { Store } from "../store/store.js";
import type { ManagedInstance } from "./managed-instance.js";
import { shouldRestart } from "./restart-policy.js";

/** Resolves when every record is as it should be; those that start again do so afterwards. */
export async function recover(
  store: Store,
  folder: StateFolder,
  onNote: (text: string) => void,
  adopt: (record: InstanceRecord) => ManagedInstance,
): Promise<void> {
  const records = store.instances();
  // Of all of them: a record that a newer version wrote, and we cannot read, keeps its folder.
  await folder.removeOrphans(new Set(store.instanceIds()), onNote);
  for (const record of records) {
    const instance = adopt(record);
    await settle(instance).catch((error: Error) => onNote(`${record.id} could not be put in order: ${error.message}`));
  }
}

async function settle(instance: ManagedInstance): Promise<void> {
  if (LIVE_STATES.has(instance.record.state)) instance.findLost();
  const { state, spec, wanted } = instance.record;
  if (state === "removing") await instance.finishRemoval();
  else if (spec.autoRemove && state === "exited") await instance.remove();
  else if (state === "restarting") instance.resumeRestart();
  else if (state === "exited" && wanted === "running" && shouldRestart(instance.record)) instance.restartLater();
}
