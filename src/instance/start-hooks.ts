// What a door in this process may bring along when it starts an instance; nothing of it is stored. May depend on image/ types.
import type { FetchOptions } from "../image/debian/guest.js";
import type { BootFile } from "./boot-files.js";

export interface StartHooks {
  /** For fetching the default guest: mirror, progress. */
  readonly fetch?: FetchOptions | undefined;
  /** Instead of the files that the spec names. */
  readonly files?:
    { readonly kernel?: BootFile; readonly bios?: BootFile; readonly initrd?: BootFile; readonly dtb?: BootFile } | undefined;
  /** What the guest's kernel says, as it comes. */
  readonly onConsole?: ((bytes: Uint8Array) => void) | undefined;
  /** Until a guest's agent answers. */
  readonly startTimeoutMs?: number | undefined;
  /** On the guest's reboot: start again, or end (the default for a guest with an agent). */
  readonly reboot?: "restart" | "end" | undefined;
  /** Size of the console's terminal. */
  readonly consoleSize?: readonly [cols: number, rows: number] | undefined;
  /** Ends the start, or what was started. */
  readonly signal?: AbortSignal | undefined;
}
