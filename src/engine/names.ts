// Ids and made-up names of instances. Depends on nothing.
import { randomBytes, randomInt } from "node:crypto";

const ID_BYTES = 6;

// prettier-ignore
const MANNERS = [
  "amber", "bold", "calm", "clear", "cool", "deft", "early", "fair", "fresh", "gentle", "glad", "green", "keen", "kind", "lively", "lucid",
  "mellow", "mild", "neat", "noble", "patient", "plain", "quick", "quiet", "ready", "round", "sharp", "silent", "sleek", "solid", "spry", "still",
  "sturdy", "subtle", "sunny", "swift", "tidy", "vivid", "warm", "wise",
];
// prettier-ignore
const PLANTS = [
  "acacia", "alder", "aspen", "aster", "bamboo", "begonia", "birch", "bracken", "cedar", "clover", "crocus", "cypress", "dahlia", "elder", "fern",
  "fir", "foxglove", "gentian", "ginkgo", "hazel", "heather", "holly", "iris", "ivy", "juniper", "larch", "laurel", "lichen", "lilac", "lotus",
  "maple", "moss", "myrtle", "oak", "orchid", "palm", "peony", "pine", "poppy", "reed", "rowan", "sage", "sedge", "sorrel", "spruce", "tansy",
  "thistle", "thyme", "tulip", "violet", "willow", "yarrow", "yew",
];
const TRIES = 20;

export function makeId(isTaken: (id: string) => boolean): string {
  for (;;) {
    const id = randomBytes(ID_BYTES).toString("hex");
    if (!isTaken(id)) return id;
  }
}

/** Such as "calm-fern"; with a number when those are used up. */
export function makeName(isTaken: (name: string) => boolean): string {
  for (let n = 0; ; n++) {
    const name = `${pick(MANNERS)}-${pick(PLANTS)}${n < TRIES ? "" : `-${randomInt(1_000_000)}`}`;
    if (!isTaken(name)) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? "";
}
