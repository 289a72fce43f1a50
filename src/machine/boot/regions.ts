// Who has which part of RAM while a boot is laid out: nothing is put over anything else, and what does not fit says
// how much memory would do. Physical addresses are plain numbers (RAM ends far below 2^53).
// May depend on abi, errors and size.ts.
import { PAGE_BYTES, RAM_BASE } from "../../../assembly/machine/abi.js";
import { WardianError } from "../../errors.js";
import { formatSize } from "../size.js";

interface Region {
  what: string;
  start: number;
  end: number;
}

export const MIB = 0x100000;
/** Firmware has the start of RAM, and protects it as a whole, so nothing that may lie anywhere is put there. */
export const HIGH_FLOOR_PA = RAM_BASE + 2 * MIB;

export class Regions {
  readonly ramEnd: number;
  readonly #ramBytes: number;
  readonly #taken: Region[] = [];

  constructor(ramBytes: number) {
    this.#ramBytes = ramBytes;
    this.ramEnd = RAM_BASE + ramBytes;
  }

  /** Takes exactly [pa, pa + sizeBytes). */
  claim(what: string, pa: number, sizeBytes: number): void {
    const end = pa + sizeBytes;
    if (pa < RAM_BASE) {
      throw new WardianError(
        "bad-address",
        `${what} wants to be at ${hex(pa)}, but RAM begins at ${hex(RAM_BASE)}: link it for that address`,
      );
    }
    if (end > this.ramEnd) this.#tooSmall(what, end - RAM_BASE);
    const other = this.#taken.find((region) => pa < region.end && region.start < end);
    if (other !== undefined) {
      throw new WardianError("bad-address", `${what} at ${hex(pa)} would overlap ${other.what} at ${hex(other.start)}..${hex(other.end)}`);
    }
    this.#taken.push({ what, start: pa, end });
  }

  /** Takes the highest free place that ends at or below one of `tops` (tried in turn), on a page boundary. */
  claimHigh(what: string, sizeBytes: number, tops: readonly number[]): number {
    for (const top of tops) {
      const pa = this.#highestFree(sizeBytes, Math.min(top, this.ramEnd));
      if (pa === undefined) continue;
      this.#taken.push({ what, start: pa, end: pa + sizeBytes });
      return pa;
    }
    // More RAM moves up what lies high, and so widens the gap below it.
    return this.#tooSmall(what, this.#ramBytes + Math.max(PAGE_BYTES, pageUp(sizeBytes) - this.#widestGap()));
  }

  // Every step goes below one more region, so there are no more steps than regions.
  #highestFree(sizeBytes: number, top: number): number | undefined {
    let pa = pageDown(top - sizeBytes);
    for (let step = 0; step <= this.#taken.length && pa >= HIGH_FLOOR_PA; step++) {
      const below = pa;
      const blocker = this.#taken.find((region) => below < region.end && region.start < below + sizeBytes);
      if (blocker === undefined) return pa;
      pa = pageDown(blocker.start - sizeBytes);
    }
    return undefined;
  }

  #widestGap(): number {
    let widest = 0;
    let start = HIGH_FLOOR_PA;
    for (const region of [...this.#taken].sort((a, b) => a.start - b.start)) {
      widest = Math.max(widest, pageDown(region.start) - pageUp(start));
      start = Math.max(start, region.end);
    }
    return Math.max(widest, this.ramEnd - pageUp(start));
  }

  #tooSmall(what: string, neededBytes: number): never {
    const needed = Math.ceil(neededBytes / MIB) * MIB;
    throw new WardianError(
      "not-enough-memory",
      `${what} does not fit in ${formatSize(this.#ramBytes)} of memory: give at least ${formatSize(needed)}`,
    );
  }
}

export function hex(pa: number): string {
  return `0x${pa.toString(16)}`;
}

function pageDown(pa: number): number {
  return Math.floor(pa / PAGE_BYTES) * PAGE_BYTES;
}

function pageUp(sizeBytes: number): number {
  return Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
}
