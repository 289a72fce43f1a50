// Boots an instance in one call, as the library and `run` and `boot` do: made, started, and gone when it is stopped. May depend on
// errors, names of machine/, instance/ and the files beside it.
import { WardianError } from "../errors.js";
import type { BootFile } from "../instance/boot-files.js";
import { DEFAULT_IMAGE } from "../instance/guest-files.js";
import type { InstanceRequest } from "../instance/spec.js";
import type { StartHooks } from "../instance/start-hooks.js";
import type { EngineName } from "../machine/engine-name.js";
import type { Door } from "./action.js";
import { BareMachine } from "./bare-machine.js";
import { Guest } from "./guest.js";

interface CommonOptions extends Omit<StartHooks, "files"> {
  /** Bytes, or a size such as "512M". */
  readonly memory?: string | number | undefined;
  /** Hard cap, in CPUs. */
  readonly cpus?: number | undefined;
  /** More words for the kernel's command line. */
  readonly append?: string | undefined;
  /** How guest code is run; default: auto. */
  readonly engine?: EngineName | undefined;
}

export interface GuestOptions extends CommonOptions {
  /** "busybox" (the default), or the path of a root file system: tar or cpio, plain or compressed. */
  readonly image?: string | undefined;
  /** Path of a kernel instead of the default one. */
  readonly kernel?: string | undefined;
}

export interface MachineOptions extends CommonOptions {
  readonly kernel?: BootFile | undefined;
  readonly bios?: BootFile | undefined;
  readonly initrd?: BootFile | undefined;
  readonly dtb?: BootFile | undefined;
  readonly disks?: readonly { readonly path: string; readonly readOnly?: boolean }[] | undefined;
}

/** What a record says of a file that exists in memory only. */
const IN_MEMORY = "(in memory)";

/** Resolves when the guest takes commands. */
export async function bootGuest(door: Door, options: GuestOptions = {}): Promise<Guest> {
  const { memory, cpus, append, engine, image = DEFAULT_IMAGE, kernel, ...hooks } = options;
  const request = { image, ...given({ kernel, append, engine }), limits: given({ memory, cpus }) };
  const { id } = await door.apply({ kind: "create", request });
  return new Guest(door, await start(door, id, hooks));
}

/** Resolves when the machine is switched on. */
export async function bootMachine(door: Door, options: MachineOptions): Promise<BareMachine> {
  const { memory, cpus, append, engine, kernel, bios, initrd, dtb, disks = [], ...hooks } = options;
  if (kernel === undefined && bios === undefined)
    throw new WardianError("nothing-to-boot", "there is nothing to boot: give a kernel or a bios");
  const request: InstanceRequest = {
    ...given({ append, engine, kernel: nameOf(kernel), bios: nameOf(bios), initrd: nameOf(initrd) }),
    disks: disks.map((disk) => ({ ...disk })),
    limits: given({ memory, cpus }),
  };
  const { id } = await door.apply({ kind: "create", request });
  const console = await door.apply({ kind: "attach", instance: id, stdin: true });
  return new BareMachine(door, await start(door, id, { ...hooks, files: given({ kernel, bios, initrd, dtb }) }), console);
}

async function start(door: Door, instance: string, hooks: StartHooks): ReturnType<typeof door.apply<{ kind: "start"; instance: string }>> {
  try {
    return await door.apply({ kind: "start", instance, hooks });
  } catch (error) {
    await door.apply({ kind: "remove", instance, force: true }).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

function nameOf(file: BootFile | undefined): string | undefined {
  return file === undefined || typeof file === "string" ? file : IN_MEMORY;
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
