// `npm run soak:escape [-- SECONDS]`: hostile threads swap what is inside a host directory for links to a secret outside, as fast as
// they can, for 60 seconds, while a guest does everything there is to do. Ends with status 1 if a byte of the secret was seen, anything
// outside was changed, a descriptor was lost, or the attack did not even fool a reader that trusts path names. Linux only.
import { runEscapeRace } from "../../src/host-directory/testing/escape-race.js";

const SECONDS = Number(process.argv[2] ?? 60);

const result = await runEscapeRace(SECONDS);
console.log(
  `${SECONDS} s: ${result.operations} operations of the guest, ${result.succeeded} succeeded, ${result.attackRounds} rounds of attacks`,
);
console.log(`a reader that trusts names got the secret ${result.controlLeaks} times; the guest ${result.leaks.length} times`);
for (const leak of result.leaks.slice(0, 20)) console.log(`  leak: ${leak}`);
console.log(`outside ${result.outsideChanges.length === 0 ? "untouched" : "CHANGED"}, ${result.lostDescriptors} descriptors lost`);
for (const change of result.outsideChanges) console.log(`  changed: ${change}`);
const isGood = result.leaks.length === 0 && result.outsideChanges.length === 0 && result.lostDescriptors === 0 && result.controlLeaks > 0;
process.exitCode = isGood ? 0 : 1;
