// The way to the engine that is meant: a server's; or that of a state folder, through the process that owns it, or in this process
// where nobody does and nothing is to run on. May depend on errors, store/, engine/ and the files beside it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Door } from "../engine/action.js";
import { Engine } from "../engine/engine.js";
import { WardianError } from "../errors.js";
import { type Ownership, readOwner, takeOwnership } from "../store/ownership.js";
import { locateState, openStateFolder, type StateFolder } from "../store/state-folder.js";
import { OwnerProcess } from "./owner-process.js";
import { RemoteDoor } from "./remote-door.js";
import type { TlsOptions } from "./transport.js";

/** What is to be done with stored records only, or also with instances that run, or are to run. */
export type OwnerNeed = "records" | "running";

export interface DoorPlace {
  /** A server's address; without it, the state folder's owner is meant. */
  readonly host?: string | undefined;
  readonly token?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Default: $WARDIAN_STATE, or the user's own folder. */
  readonly state?: string | undefined;
  /** Default: "running". */
  readonly need?: OwnerNeed | undefined;
  /** The program that becomes an owner, and what goes before its arguments; default: our own command line. */
  readonly ownerCommand?: readonly string[] | undefined;
  readonly onNote?: ((text: string) => void) | undefined;
}

/** For an owner that was started to answer, and for one that is busy with something short to be done. */
const OWNER_TIMEOUT_MS = 30_000;
const LOOK_MS = 25;
/** Owners that end at once are started so often: another may have had the folder for a moment. */
const OWNER_STARTS = 5;
/** How one answers, or does not, that is about to end, or was killed. */
const GOING: readonly string[] = ["unreachable", "closing", "shutting-down"];

export async function openDoor(place: DoorPlace = {}): Promise<Door> {
  const { host, token, tls } = place;
  if (host !== undefined) return new RemoteDoor(host, { token, tls });
  return await openFolder(openStateFolder(locateState(place.state)), place);
}

/** Whoever gets the folder's lock is its owner; everybody else speaks to that one. */
async function openFolder(folder: StateFolder, place: DoorPlace): Promise<Door> {
  const deadline = performance.now() + OWNER_TIMEOUT_MS;
  const search = new OwnerSearch(folder, place);
  try {
    while (performance.now() < deadline && !search.isHopeless) {
      const door = (await askOwner(folder)) ?? (await search.takePart());
      if (door !== undefined) {
        search.settleFor(readOwner(folder)?.pid);
        return door;
      }
      await sleep(LOOK_MS);
    }
    throw search.failure();
  } finally {
    search.leave();
  }
}

/** While nobody listens: our own part in there being an owner. */
class OwnerSearch {
  #started: OwnerProcess | undefined;
  #starts = 0;
  #need: OwnerNeed;

  constructor(
    private readonly folder: StateFolder,
    private readonly place: DoorPlace,
  ) {
    this.#need = place.need ?? "running";
  }

  get isHopeless(): boolean {
    return this.#starts >= OWNER_STARTS && this.#started?.hasEnded === true;
  }

  /** The folder may be free: then we are its owner for a moment, or start one that stays. */
  async takePart(): Promise<Door | undefined> {
    if (this.#started?.hasEnded === false) return undefined;
    const ownership = takeOwnership(this.folder);
    if (ownership === undefined) return undefined;
    const door = this.#need === "records" ? await openHere(this.folder, ownership, this.place) : undefined;
    if (door !== undefined) return door;
    ownership.release();
    this.#need = "running";
    this.#started = OwnerProcess.start(this.folder, this.place.ownerCommand);
    this.#starts += 1;
    return undefined;
  }

  /** Another one's process came first: ours would wait for its turn, and then have nothing to do. */
  settleFor(pid: number | undefined): void {
    if (pid !== undefined && this.#started !== undefined && pid !== this.#started.pid) this.#started.end();
  }

  failure(): WardianError {
    return this.#started?.failure() ?? inUse(this.folder);
  }

  leave(): void {
    this.#started?.leave();
  }
}

/** Undefined where none listens, or the one that did is going. */
async function askOwner(folder: StateFolder): Promise<Door | undefined> {
  const owner = readOwner(folder);
  if (owner?.socket === undefined) return undefined;
  const door = new RemoteDoor(`unix:${owner.socket}`);
  try {
    await door.apply({ kind: "info" });
    return door;
  } catch (error) {
    await door[Symbol.asyncDispose]();
    if (error instanceof WardianError && GOING.includes(error.code)) return undefined;
    throw error;
  }
}

/** An engine for a moment. Undefined, with the lock given back, where instances are to start again: that takes one that stays. */
async function openHere(folder: StateFolder, ownership: Ownership, { onNote }: DoorPlace): Promise<Door | undefined> {
  try {
    const engine = await Engine.open({ state: folder.path, ownership, onNote });
    const door: Door = {
      apply: (action) => engine.apply(action),
      async [Symbol.asyncDispose]() {
        await engine[Symbol.asyncDispose]();
        ownership.release();
      },
    };
    const { instances } = await engine.apply({ kind: "list", filter: { states: ["restarting", "starting"], limit: 1 } });
    if (instances.length === 0) return door;
    await door[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    ownership.release();
    throw error;
  }
}

function inUse(folder: StateFolder): WardianError {
  return new WardianError(
    "state-in-use",
    `another process uses the state folder ${folder.path} and does not answer: end it, or give another folder with --state`,
  );
}
