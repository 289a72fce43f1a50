// The files of an instance in whatever state it is: through its agent while it runs, from its image and its layer otherwise.
// May depend on errors, instance/, store/ types and the files beside it.
import { WardianError } from "../errors.js";
import { noFiles } from "../instance/container-instance.js";
import type { FileTree } from "../instance/file-tree.js";
import { layerLimitBytes } from "../instance/guest-instance.js";
import { describeState } from "../instance/lifecycle.js";
import { loadImage } from "../instance/guest-files.js";
import type { HostFiles } from "../instance/host-files.js";
import { noAgent, parseMemory } from "../instance/machine-instance.js";
import { RootLayer } from "../instance/root-layer.js";
import { StoredTree } from "../instance/stored-tree.js";
import type { StateFolder } from "../store/state-folder.js";
import type { ManagedInstance } from "./managed-instance.js";

/** Throws `no-agent` for a bare machine, `wrong-state` between running and not. */
export async function filesOf(instance: ManagedInstance, hostFiles: HostFiles, folder: StateFolder | undefined): Promise<FileTree> {
  const { state, spec } = instance.record;
  if (spec.kind === "container") throw noFiles();
  if (spec.image === undefined) throw noAgent("its files are not accessible");
  if (state === "running") return instance.requireRunning().files();
  if (instance.isLive || state === "removing" || folder === undefined)
    throw new WardianError("wrong-state", `the files of ${instance.name} are not accessible: ${describeState(state)}`);
  const memoryBytes = parseMemory(spec.limits.memory);
  return new StoredTree({
    rootfs: async () => loadImage((await hostFiles.locate(spec)).image ?? "", memoryBytes),
    layer: await RootLayer.open(folder.instance(instance.id)),
    limitBytes: layerLimitBytes(memoryBytes),
  });
}
