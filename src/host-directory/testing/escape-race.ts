// The escape race: hostile threads swap directories and files inside a given directory for links to a secret outside, while a guest
// opens, reads, writes, lists, links, renames and unlinks there. Not one byte of the secret may be read, nothing outside may change.
// A second reader, which trusts path names, runs as a control: it has to get the secret, or the race proves nothing.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { ACCESS_READ, ACCESS_WRITE, OFLAGS_CREAT, OFLAGS_TRUNC } from "../abi.js";
import { Ground, type Guest } from "./guest.js";

const SECRET = "the-secret-outside";
/** A name that is outside only. */
const MARKER = "outside-only";
const ATTACKERS = 2;
const TURNS_A_LOOK = 50;
/** On a machine that is busy with other things the race goes on for at most so long until the control was fooled once. */
const GRACE_MS = 30_000;

export interface AttackerData {
  readonly inside: string;
  readonly outside: string;
  readonly number: number;
  /** Word 0: stop; word 1: rounds of attacks so far. */
  readonly signal: SharedArrayBuffer;
}

export interface RaceResult {
  readonly operations: number;
  readonly succeeded: number;
  readonly attackRounds: number;
  /** What the guest saw of the outside; empty is what everything here is about. */
  readonly leaks: readonly string[];
  /** How often the reader that trusts path names got the secret. */
  readonly controlLeaks: number;
  /** What outside was before and is no more, and what it is since; empty as well. */
  readonly outsideChanges: readonly string[];
  /** Descriptors that are open now and were not before. */
  readonly lostDescriptors: number;
}

const attackerFile = (): string => {
  const beside = fileURLToPath(new URL("./race-attacker.js", import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL("../../../dist/src/host-directory/testing/race-attacker.js", import.meta.url));
};

function describeOutside(outside: string): string[] {
  const describe = (name: string): string => {
    const stat = lstatSync(join(outside, name), { bigint: true });
    const content = stat.isFile() ? readFileSync(join(outside, name), "utf8") : "";
    return `${name} ${stat.ino} ${stat.mode} ${stat.nlink} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${content}`;
  };
  return ["", ...readdirSync(outside, { recursive: true, encoding: "utf8" }).sort()].map(describe);
}

/** What only one of the two has. */
function differing(one: readonly string[], other: readonly string[]): string[] {
  return [...one.filter((line) => !other.includes(line)), ...other.filter((line) => !one.includes(line))];
}

/** Attackers swap each other's links, so that any of theirs may lead to `outside` or `outside/dir`: what they restore is in both. */
function build(ground: Ground): string {
  const outside = join(ground.folder, "outside");
  for (const name of ["c", "dir/c"]) mkdirSync(join(outside, name), { recursive: true });
  for (const name of ["secret", "file", MARKER, "dir/secret", "dir/file", "dir/c/secret"]) writeFileSync(join(outside, name), SECRET);
  mkdirSync(join(ground.inside, "deep/a/b/c"), { recursive: true });
  for (const name of ["dir", "still"]) mkdirSync(join(ground.inside, name));
  for (const name of ["file", "still/file", "dir/secret", "dir/file"]) writeFileSync(join(ground.inside, name), "inside");
  return outside;
}

const PATHS = [
  "file", "still/file", "dir/secret", "dir/file", "dir/../dir/secret", "dir/dir/secret", "deep/a/b/c/secret", "deep/a/b/file", "deep/a/b/secret",
  "deep/a/b/c/../../../../../outside/secret", "deep/a/b/c/../secret", "deep/a/b/../../../outside/secret", "dir/new", "dir/", "still/../file",
]; // prettier-ignore

/** One guest and what it has seen that it should not have. */
class Victim {
  readonly leaks: string[] = [];
  operations = 0;
  succeeded = 0;
  readonly #guest: Guest;
  readonly #inodes: ReadonlySet<bigint>;

  constructor(guest: Guest, inodes: ReadonlySet<bigint>) {
    this.#guest = guest;
    this.#inodes = inodes;
  }

  turn(path: string): void {
    const guest = this.#guest;
    const write = ACCESS_READ | ACCESS_WRITE;
    this.#see("read", path, guest.readFile(path));
    this.#see("read without following", path, guest.readFile(path, false));
    this.#see("readlink", path, guest.readlink(path), true);
    this.#seeInode(path, true);
    this.#seeInode(path, false);
    this.#seeNames(path);
    this.#count(guest.writeFile(path, "written by the guest", OFLAGS_CREAT | OFLAGS_TRUNC));
    const handle = guest.open(path, { access: write });
    if (handle >= 0) this.#through(handle, path);
    this.#count(guest.setTimes(path, 1n, 1n, 5));
    this.#count(guest.link(path, "stolen"));
    this.#see("read what was linked", path, guest.readFile("stolen"));
    this.#count(guest.unlink("stolen"));
    this.#count(guest.rename(path, "taken"));
    this.#see("read what was renamed", path, guest.readFile("taken"));
    this.#count(guest.rename("taken", path));
    this.#count(guest.mkdir(`${path}/made`));
    this.#count(guest.rmdir(`${path}/made`));
    this.#count(guest.symlink("dir/secret", `${path}/link`));
    this.#count(guest.unlink(`${path}/link`));
    this.#count(guest.unlink(path));
  }

  #through(handle: number, path: string): void {
    const { directories } = this.#guest;
    const stat = this.#guest.handleStat(handle);
    if (typeof stat === "object" && this.#inodes.has(stat.ino)) this.leaks.push(`opened ${path}`);
    this.#count(directories.write(handle, Buffer.from("through a handle")));
    this.#count(directories.setSize(handle, 3));
    this.#count(directories.setFlags(handle, 1));
    directories.close(handle);
  }

  #see(what: string, path: string, text: string | number, isLink = false): void {
    this.#count(typeof text === "number" ? text : 0);
    if (typeof text === "string" && !isLink && text.includes(SECRET)) this.leaks.push(`${what} ${path}`);
  }

  #seeInode(path: string, follow: boolean): void {
    const stat = this.#guest.stat(path, follow);
    this.#count(typeof stat === "number" ? stat : 0);
    if (typeof stat === "object" && this.#inodes.has(stat.ino)) this.leaks.push(`stat ${path}`);
  }

  #seeNames(path: string): void {
    const names = this.#guest.names(`${path.replace(/\/?[^/]*$/, "") || "."}/`);
    this.#count(typeof names === "number" ? names : 0);
    if (typeof names === "object" && names.includes(MARKER)) this.leaks.push(`list ${path}`);
  }

  #count(result: number): void {
    this.operations++;
    if (result >= 0) this.succeeded++;
  }
}

/** Reads as a program does that checks that a path has no link in it, and then opens it. */
function readTrusting(inside: string, path: string): boolean {
  try {
    return readFileSync(join(inside, path), "utf8").includes(SECRET);
  } catch {
    return false;
  }
}

function startAttackers(inside: string, outside: string): { signal: Int32Array; stop: () => Promise<void> } {
  const signal = new SharedArrayBuffer(8);
  const words = new Int32Array(signal);
  const workers = Array.from({ length: ATTACKERS }, (_, number) => {
    const data: AttackerData = { inside, outside, number, signal };
    return new Worker(attackerFile(), { workerData: data, execArgv: [] });
  });
  const ended = workers.map((worker) => new Promise((resolve, reject) => worker.once("exit", resolve).once("error", reject)));
  const stop = async (): Promise<void> => {
    Atomics.store(words, 0, 1);
    await Promise.all(ended);
  };
  return { signal: words, stop };
}

const countDescriptors = (): number => readdirSync("/proc/self/fd").length;
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs for `seconds`. The guest runs in this thread, the attackers in theirs. */
export async function runEscapeRace(seconds: number): Promise<RaceResult> {
  const ground = new Ground();
  const outside = build(ground);
  const names = ["", ...readdirSync(outside, { recursive: true, encoding: "utf8" })];
  const inodes = new Set(names.map((name) => lstatSync(join(outside, name), { bigint: true }).ino));
  const before = describeOutside(outside);
  const descriptors = countDescriptors();
  const guest = ground.guest();
  const victim = new Victim(guest, inodes);
  const attackers = startAttackers(ground.inside, outside);
  let controlLeaks = 0;
  try {
    while (Atomics.load(attackers.signal, 1) < ATTACKERS) await new Promise((resolve) => setTimeout(resolve, 5));
    const end = Date.now() + seconds * 1000;
    for (let now = Date.now(); now < end || (controlLeaks === 0 && now < end + GRACE_MS); now = Date.now()) {
      await pause();
      for (let turn = 0; turn < TURNS_A_LOOK; turn++) {
        const path = PATHS[turn % PATHS.length] ?? "";
        victim.turn(path);
        if (readTrusting(ground.inside, path)) controlLeaks++;
      }
    }
    await attackers.stop();
    guest.directories.closeAll();
    const lostDescriptors = countDescriptors() - descriptors;
    const { operations, succeeded, leaks } = victim;
    const outsideChanges = differing(before, describeOutside(outside));
    return { operations, succeeded, attackRounds: attackers.signal[1] ?? 0, leaks, controlLeaks, outsideChanges, lostDescriptors };
  } finally {
    await attackers.stop();
    ground.remove();
  }
}
