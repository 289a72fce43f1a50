// What the limits of a program may be, for every door that takes them. May depend on the kernel's abi.
import { MAX_DESCRIPTORS } from "../../assembly/kernel/abi.js";

/** Its standard streams, which are there from the start. */
export const STANDARD_DESCRIPTORS = 3;

// prettier-ignore
export const LIMIT_BOUNDS = {
  descriptors:   { min: STANDARD_DESCRIPTORS, max: MAX_DESCRIPTORS },
  createdFiles:  { min: 1,                    max: Number.MAX_SAFE_INTEGER },
  /** V8 makes no larger table. */
  tableElements: { min: 1,                    max: 10_000_000 },
} as const;
