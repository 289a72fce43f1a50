// What Wardian takes for granted unless somebody says otherwise, and its exit statuses. Depends on nothing.

import { readFileSync } from "node:fs";

export const DEFAULT_MEMORY = "256M";

/** Files named on the command line are read whole: a kernel, an initrd, firmware, a device tree. */
export const BOOT_FILE_LIMIT_BYTES = 2 ** 30;
/** A guest that has not spoken by then is given up; generous, because hosts can be slow and busy. */
export const GUEST_START_TIMEOUT_MS = 120_000;
/** Bytes of one stream that run() keeps for its caller. */
export const RUN_OUTPUT_LIMIT_BYTES = 64 * 2 ** 20;

let version: string | undefined;

/** Of the package. */
export function readVersion(): string {
  version ??= findVersion();
  return version;
}

/** The package is found from both src/ and dist/src/. */
function findVersion(): string {
  for (const up of ["../", "../../"]) {
    try {
      return (JSON.parse(readFileSync(new URL(`${up}package.json`, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      // the other place, then
    }
  }
  return "unknown";
}

// prettier-ignore
export const EXIT_STATUS = {
  timeout:      124,
  error:        125, // of Wardian itself
  notRunnable:  126,
  notFound:     127,
  signalBase:   128, // plus the number of the signal
  crash:        134, // the guest's kernel panicked or reported a failure
} as const;
