// What Wardian takes for granted unless somebody says otherwise, and its exit statuses. Depends on abi only.
import { RAM_MAX_BYTES, RAM_MIN_BYTES } from "../assembly/machine/abi.js";

export const DEFAULT_MEMORY = "256M";
export const MEMORY_BOUNDS = { what: "memory size", minBytes: RAM_MIN_BYTES, maxBytes: RAM_MAX_BYTES } as const;

/** Files named on the command line are read whole: a kernel, an initrd, firmware, a device tree. */
export const BOOT_FILE_LIMIT_BYTES = 2 ** 30;
/** A guest that has not spoken by then is given up; generous, because hosts can be slow and busy. */
export const GUEST_START_TIMEOUT_MS = 120_000;
/** After the agent was asked to power off, and before the machine is just switched off. */
export const GUEST_STOP_TIMEOUT_MS = 3_000;
/** Bytes of one stream that run() keeps for its caller. */
export const RUN_OUTPUT_LIMIT_BYTES = 64 * 2 ** 20;

// biome-ignore format: a table
export const EXIT_STATUS = {
  timeout:      124,
  error:        125, // of Wardian itself
  notRunnable:  126,
  notFound:     127,
  signalBase:   128, // plus the number of the signal
  crash:        134, // the guest's kernel panicked or reported a failure
} as const;
