// The board that our instances have: what the device tree says of the hart. Addresses are in assembly/machine/abi.ts.
// May depend on machine/.
import { randomBytes } from "node:crypto";
import type { Board } from "../machine/boot/plan.js";
import { TIMEBASE_HZ } from "../machine/vm.js";

// prettier-ignore
const ISA = [
  "i", "m", "a", "f", "d", "c", "zicsr", "zicntr", "zifencei", "zihintpause", "zicboz", "zicbom", "zicond", "zawrs",
  "zba", "zbb", "zbc", "zbs", "sstc", "svadu", "svinval", "svnapot",
] as const;

const SEED_BYTES = 32;

/** A fresh seed each time: no two boots begin with the same random numbers. */
export function makeBoard(): Board {
  return {
    harts: 1,
    isa: ISA,
    modes: "sv57",
    timebaseHz: TIMEBASE_HZ,
    virtioMmio: false,
    rngSeed: randomBytes(SEED_BYTES),
    consoleTarget: "uart",
  };
}
