// Generated loops over records: loads and stores of all sizes some bytes from pointers that are moved, copied, and read from a table, to
// places within a page, across the end of one to another that lies elsewhere, and to what is not aligned. Some of them exchange pages
// whenever a few rounds are done, and fence each address, or all.
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR, enterSupervisor, PageTables, RWX_S } from "./supervisor.js";
import { DATA, HASH, T1, WORK, Work } from "./work.js";

const CODE_PA = 0x80100000;
const DATA_PA = 0x81002000;
const DATA_BYTES = 0x3000;
const PAGE_BYTES = 4096;
const TABLE_PA = 0x81010000;
const TABLE_ENTRIES = 64;
/** Of a large loop, and of a small one. */
const [STEPS, FEW_STEPS] = [40, 8];
const [LEFT, TABLE] = [9, 19];
const POINTERS = [20, 21, 22];
const [ENTRIES, ENTRY_1, ENTRY_2, FEW_LEFT] = [23, 24, 25, 26];
const FEW_ROUNDS = 10;
const TABLES_PA = 0x82000000;
const GIGABYTE = 2 ** 30;
/** Here, in the upper half, of which it is the low 39 bits, the pages of the data are in the opposite order; no page there is a large one. */
const DATA_VA = 0x4000002000;
const FS_DIRTY = 3 << 13;

/** A loop of `rounds` rounds. Of some guests all pointers are near the end of a page in every round. */
export function records(random: Random, rounds: number): Guest {
  const code = new GuestCode(CODE_PA);
  const work = new Work(code, random, WORK.slice(0, 3));
  const isNearEnd = random.chance(4);
  const hasCalls = random.chance(2);
  const exchanges = random.chance(2);
  const steps = random.chance(2) ? STEPS : FEW_STEPS;
  for (const register of work.pool) code.li(register, random.u64());
  code.li(HASH, random.u64());
  const tables = new PageTables(TABLES_PA);
  const root = tables.root();
  tables.map(root, 2 * GIGABYTE, 2 * GIGABYTE, RWX_S, 2);
  tables.map(root, 0, 0, RWX_S, 2); // the finisher
  for (let page = 0; page < DATA_BYTES; page += PAGE_BYTES)
    tables.map(root, DATA_VA + page, DATA_PA + DATA_BYTES - PAGE_BYTES - page, RWX_S);
  enterSupervisor(code, tables.satp(root), "start");
  code.label("start");
  code.li(LEFT, FS_DIRTY);
  code.op("csrrs", { rs1: LEFT, imm: CSR.sstatus });
  code.li(LEFT, rounds);
  code.li(DATA, inUpperHalf(DATA_VA));
  code.li(TABLE, TABLE_PA);
  code.li(ENTRIES, tables.entryPa(root, DATA_VA));
  code.label("exchange");
  if (exchanges) exchangePages(code, random);
  code.li(FEW_LEFT, FEW_ROUNDS);
  code.label("loop");
  for (const pointer of POINTERS) readPointer(code, random, pointer);
  for (let step = 0; step < steps; step++) {
    if (random.chance(16)) code.to("blt", { rs1: random.pick(work.pool), rs2: random.pick(work.pool) }, `behind${step}`);
    const pointer = random.pick(POINTERS);
    if (hasCalls && random.chance(16)) code.call("function");
    else if (random.chance(16)) code.op("fmv.d.x", { rd: random.pick(POINTERS), rs1: random.pick(work.pool) });
    else if (random.chance(10)) readPointer(code, random, pointer);
    else if (random.chance(8)) code.op("addi", { rd: pointer, rs1: random.pick(POINTERS), imm: 8 * (random.below(5) - 2) });
    else if (random.chance(12)) code.op("add", { rd: pointer, rs2: random.pick(POINTERS) });
    else if (random.chance(4)) work.wordsOrNot();
    else for (let n = random.chance(3) ? 1 : 1 + random.below(6); n > 0; n--) work.touch(pointer);
    code.label(`behind${step}`);
  }
  code.op("addi", { rd: FEW_LEFT, rs1: FEW_LEFT, imm: -1 });
  code.to("bne", { rs1: FEW_LEFT }, "loop");
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: -FEW_ROUNDS });
  code.to("blt", { rs2: LEFT }, "exchange");
  powerOff(code, HASH);
  code.label("function");
  for (const pointer of POINTERS) work.touch(pointer);
  code.op("jalr", { rs1: 1 });
  const data = new Uint8Array(DATA_BYTES);
  for (let n = 0; n < data.length; n++) data[n] = random.u32();
  const table = new BigUint64Array(TABLE_ENTRIES).map(() => BigInt.asUintN(64, inUpperHalf(DATA_VA + placeOf(random, isNearEnd))));
  return {
    entryPa: CODE_PA,
    loads: [...tables.loads(), { pa: CODE_PA, bytes: code.bytes() }, { pa: DATA_PA, bytes: data }, { pa: TABLE_PA, bytes: new Uint8Array(table.buffer) }], // prettier-ignore
    compared: [{ pa: DATA_PA, bytes: DATA_BYTES }],
    maxInsns: rounds * STEPS * 60 + 100_000,
  };
}

const inUpperHalf = (va: number): bigint => BigInt.asIntN(39, BigInt(va));

/** Offset of a record: most are aligned, and within the first page or near its end. */
function placeOf(random: Random, isNearEnd: boolean): number {
  const place = isNearEnd || random.chance(3) ? PAGE_BYTES - random.below(128) : 512 + random.below(PAGE_BYTES);
  return random.chance(6) ? place : place & ~7;
}

/** Two pages change places, which is told by a fence for each of both, or by one for all. */
function exchangePages(code: GuestCode, random: Random): void {
  const [first, second] = [random.below(3), random.below(3)];
  code.op("ld", { rd: ENTRY_1, rs1: ENTRIES, imm: 8 * first });
  code.op("ld", { rd: ENTRY_2, rs1: ENTRIES, imm: 8 * second });
  code.op("sd", { rs1: ENTRIES, rs2: ENTRY_2, imm: 8 * first });
  code.op("sd", { rs1: ENTRIES, rs2: ENTRY_1, imm: 8 * second });
  if (random.chance(3)) {
    code.op("sfence.vma");
    return;
  }
  for (const page of [first, second]) {
    code.li(ENTRY_1, inUpperHalf(DATA_VA + page * PAGE_BYTES + random.below(PAGE_BYTES)));
    code.op("sfence.vma", { rs1: ENTRY_1 });
  }
}

/** The same one in every round, or another. */
function readPointer(code: GuestCode, random: Random, pointer: number): void {
  const isFixed = random.chance(2);
  if (!isFixed) code.op("sh3add", { rd: T1, rs1: FEW_LEFT, rs2: TABLE });
  code.op("ld", { rd: pointer, rs1: isFixed ? TABLE : T1, imm: 8 * random.below(TABLE_ENTRIES - FEW_ROUNDS) });
}
