// `npm run soak:lockstep [-- --minutes N] [--seed S] [--engine eager]`: Linux under a mixed load on two machines, one interpreting and one
// translating, that are compared all the time (lockstep-pair.ts). Every ROUND_INSNS instructions the guest is booted anew with the
// next seed. On a difference it says where, looks again from the last place where all was alike, more closely, and ends with status 1.
import { parseArgs } from "node:util";
import { ENGINE_NAMES } from "../../src/machine/engine-name.js";
import { fetchLinux } from "../linux/linux.js";
import { planLoad } from "./lockstep-load.js";
import { Pair, Parting, Waiting } from "./lockstep-pair.js";

const ROUND_INSNS = 4_000_000_000n;
const STEPS_A_LOOK = 1000;
/** Translated code has its turn where something of a budget is left, so that small pieces show the place best and large ones more faults. */
const PIECES = [16, 256, 2048];

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    engine: { type: "string", default: "translate" },
  },
});
const engine = ENGINE_NAMES.find((name) => name === values.engine);
const [minutes, firstSeed] = [Number(values.minutes), Number(values.seed)];
if (engine === undefined || !(minutes > 0) || !Number.isSafeInteger(firstSeed)) throw new Error("see the head of test/soak/lockstep.ts");
const endMs = performance.now() + minutes * 60_000;
const files = await fetchLinux();
if (files === undefined) process.exit(1);

const makePair = (seed: number): Pair => new Pair(planLoad(files, seed), engine, seed);

/** Until the guest has run long enough, or waits where the two cannot be compared. */
function runRound(seed: number): Pair {
  const pair = makePair(seed);
  try {
    while (pair.interpreting.instructions < ROUND_INSNS && performance.now() < endMs) for (let n = 0; n < STEPS_A_LOOK; n++) pair.step();
  } catch (error) {
    if (!(error instanceof Waiting)) throw error;
    console.log(`seed ${seed}: ${error.message}; the round ends here`);
  }
  return pair;
}

/** The same again, with a look at RAM at each step since all was alike, and at the last step in pieces; gives how they part then. */
function lookClosely(seed: number, parting: Parting): string {
  for (const pieceInsns of PIECES) {
    const pair = makePair(seed);
    try {
      while (pair.steps < parting.step - 1) pair.step({ ram: pair.steps >= parting.alikeStep });
      pair.step({ pieceInsns });
    } catch (error) {
      if (error instanceof Parting) return `in pieces of ${pieceInsns} instructions, ${error.message}`;
      throw error;
    }
  }
  return `in pieces of ${PIECES.join(" or ")} instructions they do not part`;
}

function report(seed: number, { interpreting, translating, comparisons, ramComparisons }: Pair): void {
  const { instructions, translated_instructions, translator_regions, translator_bundles, traps, interrupts } = translating.counts;
  const share = ((100 * translated_instructions) / instructions).toFixed(1);
  console.log(
    `seed ${seed}: ${interpreting.instructions} instructions (${share} % translated, ${translator_regions} regions, ${translator_bundles} bundles), ${traps} traps, ` +
      `${interrupts} interrupts; ${comparisons} comparisons, ${ramComparisons} of all RAM`,
  );
}

let [instructions, comparisons] = [0n, 0];
for (let seed = firstSeed; performance.now() < endMs; seed++) {
  try {
    const pair = runRound(seed);
    report(seed, pair);
    instructions += pair.interpreting.instructions;
    comparisons += pair.comparisons;
  } catch (error) {
    console.log(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    if (!(error instanceof Parting)) throw error;
    console.log(lookClosely(seed, error));
    process.exit(1);
  }
}
console.log(`${engine} and interpret are alike: ${instructions} instructions, ${comparisons} comparisons`);
