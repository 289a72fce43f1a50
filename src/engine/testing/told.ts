// What tests ask of a door most: all that an instance has said, and why something was refused.
import type { Door } from "../action.js";

export async function logOf(door: Door, instance: string): Promise<string> {
  let said = "";
  for await (const { bytes } of await door.apply({ kind: "logs", instance })) said += Buffer.from(bytes).toString("latin1");
  return said;
}

/** "CODE: MESSAGE" of what it rejects with. */
export function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  );
}
