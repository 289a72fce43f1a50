// A command on several instances: one that fails does not keep the others from it. May depend on config, engine/ and the files beside it.
import { EXIT_STATUS } from "../config.js";
import type { InstanceRecord } from "../instance/record.js";
import { describeError, sayError } from "./message.js";
import { print } from "./output.js";

export const EACH_HELP = `
Exit status: 0, or 125 when it failed for one of them (the others have had it done all the same).
`;

/** So many at once. */
const WIDTH = 8;

/** Prints each name as it was given, or the record that came of it, in order. The exit status. */
export async function forEachInstance(
  refs: readonly string[],
  options: { readonly json?: true },
  apply: (ref: string) => Promise<InstanceRecord | undefined>,
): Promise<number> {
  let status = 0;
  for (let at = 0; at < refs.length; at += WIDTH) {
    const some = refs.slice(at, at + WIDTH);
    const results = await Promise.allSettled(some.map((ref) => apply(ref)));
    for (const [i, result] of results.entries()) {
      const ref = some[i] ?? "";
      if (result.status === "fulfilled") await print(options, result.value ?? { instance: ref }, ref);
      else {
        sayError(describeError(result.reason));
        status = EXIT_STATUS.error;
      }
    }
  }
  return status;
}
