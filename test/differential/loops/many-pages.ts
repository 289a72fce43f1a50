// More code than is kept decoded, and more functions than there are records of regions: pages and regions give way to others while code that
// leads from page to page goes on.
import type { Random } from "../random.js";
import { FINISHER_PA, type Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { HASH, T1, T2 } from "./work.js";

const CODE_PA = 0x80100000;
const KEEP_PA = 0x80081000;
const LEFT = 9;
const ROUNDS = 23;
const PAGE = 20;
const STRIDE = 21;
const PAGES = 22;

/** A function every 4096 / `perPage` bytes of `pages` pages, each called once a round, in another order in each. */
export function manyPages(random: Random, pages: number, perPage: number, rounds: number): Guest {
  const driver = new GuestCode(CODE_PA - 4096);
  const functions = new GuestCode(CODE_PA);
  const bytes = 4096 / perPage;
  const count = pages * perPage;
  for (let n = 0; n < count; n++) {
    functions.label(`f${n}`);
    functions.li(LEFT, 2 + random.below(6));
    functions.label(`head${n}`);
    functions.op("mul", { rd: T1, rs1: HASH, rs2: LEFT });
    functions.op("xori", { rd: HASH, rs1: HASH, imm: random.below(2048) });
    functions.op("add", { rd: HASH, rs1: HASH, rs2: T1 });
    functions.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    functions.to("bne", { rs1: LEFT }, `head${n}`);
    // Some lead into the next function, over the end of the page where it is there, by an instruction that lies on both.
    if (random.chance(4) && n % 8 !== 7 && n + 1 < count) {
      functions.jump(`over${n}`);
      functions.skip((CODE_PA + (n + 1) * bytes - functions.pa) / 2 - 1);
      functions.label(`over${n}`);
      functions.word(0x00840413); // addi x8, x8, 8, whose upper half the next function would begin with
      functions.jump(`f${n + 1}`);
      functions.label(`moved${n + 1}`);
    }
    if (!functions.has(`moved${n + 1}`)) {
      functions.op("jalr", { rs1: 1 });
      functions.skip((CODE_PA + (n + 1) * bytes - functions.pa) / 2);
    }
  }
  const places = Array.from({ length: count }, (_, n) => functions.place(`f${n}`));
  const table = new DataView(new ArrayBuffer(count * 8));
  for (const [n, pa] of places.entries()) table.setBigUint64(n * 8, BigInt(pa), true);
  const tablePa = CODE_PA + (count + 8) * bytes + 0x10000;
  driver.li(HASH, random.u64());
  driver.li(ROUNDS, rounds);
  driver.li(PAGES, count);
  driver.li(STRIDE, 1);
  driver.label("round");
  driver.li(24, count);
  driver.li(PAGE, 0);
  driver.label("next");
  driver.li(T2, tablePa);
  driver.op("sh3add", { rd: T1, rs1: PAGE, rs2: T2 });
  driver.op("ld", { rd: T1, rs1: T1 });
  driver.op("jalr", { rd: 1, rs1: T1 });
  driver.op("add", { rd: PAGE, rs1: PAGE, rs2: STRIDE });
  driver.op("remu", { rd: PAGE, rs1: PAGE, rs2: PAGES });
  driver.op("addi", { rd: 24, rs1: 24, imm: -1 });
  driver.to("bne", { rs1: 24 }, "next");
  driver.li(T1, KEEP_PA);
  driver.op("sd", { rs1: T1, rs2: HASH });
  driver.op("addi", { rd: STRIDE, rs1: STRIDE, imm: 6 });
  driver.op("addi", { rd: ROUNDS, rs1: ROUNDS, imm: -1 });
  driver.to("bne", { rs1: ROUNDS }, "round");
  driver.li(T1, 0x5555);
  driver.li(T2, FINISHER_PA);
  driver.op("sw", { rs1: T2, rs2: T1 });
  driver.label("stop");
  driver.jump("stop");
  return {
    entryPa: CODE_PA - 4096,
    loads: [
      { pa: CODE_PA - 4096, bytes: driver.bytes() },
      { pa: CODE_PA, bytes: functions.bytes() },
      { pa: tablePa - (tablePa % 8), bytes: new Uint8Array(table.buffer) },
    ],
    compared: [{ pa: KEEP_PA, bytes: 8 }],
    maxInsns: count * rounds * 500 + 100_000,
  };
}
