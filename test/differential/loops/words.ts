// Generated loops in which words, that is sign-extended 32 bits, meet doublewords that are none: within a block, behind branches, around a
// loop, and behind a call.
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { DATA, HASH, WORK, Work } from "./work.js";

const CODE_PA = 0x80100000;
const DATA_PA = 0x81002000;
const DATA_BYTES = 0x2000;
const STEPS = 24;
const [LEFT, SHORT] = [9, 20];

/** A loop of `rounds` rounds of steps, some of which are skipped in some rounds, and a function. */
export function words(random: Random, rounds: number): Guest {
  const code = new GuestCode(CODE_PA);
  const work = new Work(code, random, WORK.slice(0, 3 + random.below(3)));
  for (const register of work.pool) code.li(register, random.u64());
  code.li(HASH, random.u64());
  code.li(DATA, DATA_PA);
  code.li(LEFT, rounds);
  code.label("loop");
  for (let step = 0; step < STEPS; step++) {
    if (random.chance(3)) {
      const name = random.pick(["beq", "bne", "blt", "bge", "bltu", "bgeu"]);
      code.to(name, { rs1: random.pick(work.pool), rs2: random.chance(4) ? 0 : random.pick(work.pool) }, `behind${step}`);
    }
    if (random.chance(6)) shortLoop(code, work, random, step);
    else if (random.chance(8)) code.call("function");
    else work.wordsOrNot();
    if (random.chance(3)) code.op("ld", { rd: random.pick(work.pool), rs1: DATA, imm: 8 * random.below(100) });
    // Back where the way to the left may not have been taken.
    const [shifted, bits] = [random.chance(4) ? random.pick(work.pool) : 0, 32 + 8 * random.below(4)];
    if (shifted !== 0) code.op("slli", { rd: shifted, rs1: random.pick(work.pool), imm: bits });
    code.label(`behind${step}`);
    if (shifted !== 0) code.op(random.pick(["srli", "srai"]), { rd: shifted, rs1: shifted, imm: bits });
  }
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
  code.to("bne", { rs1: LEFT }, "loop");
  powerOff(code, HASH);
  code.label("function");
  for (let n = 1 + random.below(3); n > 0; n--) work.wordsOrNot();
  code.op("jalr", { rs1: 1 });
  const data = new Uint8Array(DATA_BYTES);
  for (let n = 0; n < data.length; n++) data[n] = random.u32();
  return {
    entryPa: CODE_PA,
    loads: [{ pa: CODE_PA, bytes: code.bytes() }, { pa: DATA_PA, bytes: data }], // prettier-ignore
    compared: [],
    maxInsns: rounds * STEPS * 100 + 100_000,
  };
}

/** A loop of one block that ends after 1 to 5 rounds: what is a word by its second round need not be one when it ends after the first. */
function shortLoop(code: GuestCode, work: Work, random: Random, step: number): void {
  const [a, b, c] = [random.pick(work.pool), random.pick(work.pool), random.pick(work.pool)];
  code.op("andi", { rd: SHORT, rs1: HASH, imm: 3 });
  code.op("addi", { rd: SHORT, rs1: SHORT, imm: 1 + random.below(2) });
  code.label(`short${step}`);
  code.op("addi", { rd: a, rs1: b });
  if (random.chance(2)) code.op("addi", { rd: c, rs1: a });
  code.op(random.pick(["addiw", "slliw"]), { rd: b, rs1: c, imm: random.below(32) });
  code.op("addi", { rd: SHORT, rs1: SHORT, imm: -1 });
  code.to("bne", { rs1: SHORT }, `short${step}`);
  code.op(random.pick(["xor", "or", "and", "sltu"]), { rd: a, rs1: a, rs2: random.pick([0, b, c]) });
}
