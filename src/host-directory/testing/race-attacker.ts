// A hostile thread of the escape race. It does with node:fs on real paths what other containers could do to a directory that they share,
// and more: its links are absolute as well. As fast as it can it swaps what is inside for links to what is outside, and back.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { AttackerData } from "./escape-race.js";

const { inside, outside, number, signal } = workerData as AttackerData;
const words = new Int32Array(signal);
const at = (name: string): string => `${inside}/${name}`;
const spare = (name: string): string => `${inside}/.spare-${number}-${name}`;

/** Whatever others have moved meanwhile does not matter. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The other threads took it away.
  }
}

/** `name` is what it was, then a link out, then what it was. */
function swap(name: string, target: string): void {
  attempt(() => symlinkSync(target, spare("link")));
  attempt(() => renameSync(at(name), spare("real")));
  attempt(() => renameSync(spare("link"), at(name)));
  attempt(() => renameSync(at(name), spare("link")));
  attempt(() => renameSync(spare("real"), at(name)));
  attempt(() => rmSync(spare("link"), { force: true }));
}

/** A directory deep inside goes up and comes back while somebody walks "..", through it. */
function move(): void {
  attempt(() => renameSync(at("deep/a/b"), spare("b")));
  attempt(() => renameSync(spare("b"), at("deep/a/b")));
  attempt(() => renameSync(at("deep/a"), at("deep-a")));
  attempt(() => renameSync(at("deep-a"), at("deep/a")));
}

/** What was lost to another thread's swap is made again, so that the race goes on. Wherever a link may lead to, these names exist. */
function restore(): void {
  for (const name of ["dir", "deep/a", "deep/a/b", "deep/a/b/c"]) attempt(() => mkdirSync(at(name)));
  for (const name of ["file", "still/file", "dir/secret", "dir/file"]) attempt(() => writeFileSync(at(name), "inside", { flag: "wx" }));
}

// Nothing here goes through a name that another attack swaps for a link: it would be the attackers that change what is outside.
const ATTACKS = [
  () => swap("dir", outside),
  () => swap("file", `${outside}/secret`),
  () => swap("dir", "../outside"),
  () => swap("still/file", "../../outside/secret"),
  () => swap("deep/a/b", `${outside}/dir`),
  () => swap("deep/a/b", "../../../outside/dir"),
  move,
];

for (let turn = number; Atomics.load(words, 0) === 0; turn++) {
  for (let again = 0; again < 16; again++) ATTACKS[turn % ATTACKS.length]?.();
  restore();
  Atomics.add(words, 1, 1);
}
