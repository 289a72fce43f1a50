// `wardian run FILE.wasm` with -v, --listen, --connect or --stdin-from: a program that has something together with instances. It is one of them
// while it runs, in the process that keeps them, and removed afterwards. May depend on engine/ types, errors and the files beside it.
import type { Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { requestOf } from "./create.js";
import { withDoor } from "./door-options.js";
import type { RunOptions } from "./run.js";
import { startAttached } from "./start.js";

/** What only a program of this process can have. */
const OF_ITS_OWN = ["tmpfs", "trace"] as const satisfies readonly (keyof RunOptions)[];

/** The exit status. */
export async function runShared(path: string, args: readonly string[], options: RunOptions): Promise<number> {
  const clash = OF_ITS_OWN.find((name) => options[name] !== undefined);
  if (clash !== undefined)
    throw new WardianError(
      "bad-option",
      `--${clash} goes without -v, --listen, --connect and --stdin-from: with them the program runs among the instances`,
    );
  const request = requestOf(path, args, { ...options, runTime: options.timeout }, true, "container");
  return withDoor({}, async (door) => {
    const { id } = await door.apply({ kind: "create", request });
    try {
      return await startAttached(door, id, options.interactive === true ? "asked" : "none", undefined);
    } finally {
      await remove(door, id);
    }
  });
}

/** Somebody else may have done so. */
async function remove(door: Door, instance: string): Promise<void> {
  await door.apply({ kind: "remove", instance, force: true }).catch((error: WardianError) => {
    if (error.code !== "no-instance") throw error;
  });
}
