// Generated small loops, most of which have one way around: of few or of many registers, with pointers that constants or registers move, or that are read
// from where they point to; left at their end, in their middle, entered there, or begun where the loop around them begins.
import type { Random } from "../random.js";
import type { Guest } from "./agree.js";
import { GuestCode } from "./guest-code.js";
import { powerOff } from "./power-off.js";
import { CSR, enterSupervisor, PageTables, RWX_S } from "./supervisor.js";
import { DATA, HASH, T1, WORK, Work } from "./work.js";

const CODE_PA = 0x80100000;
const DATA_PA = 0x81000000;
const PAGE_BYTES = 4096;
const DATA_PAGES = 80;
const DATA_BYTES = DATA_PAGES * PAGE_BYTES;
const TABLES_PA = 0x82000000;
const GIGABYTE = 2 ** 30;
/** Here the pages of the data are in the opposite order. */
const DATA_VA = 0x40000000;
const FS_DIRTY = 3 << 13;
/** Pages of the data: of addresses in it, what other work is near, and from where those are. No loop moves a pointer from there to one of the others, or out of the data. */
const [TABLE_PAGE, WORK_PAGE, FIRST_PAGE] = [8, 40, 48];
const ADDRESSES = 256;
const [STEP, OUTER, LEFT, AGAIN, TABLE] = [1, 2, 3, 9, 19];
const POINTERS = [4, 5, 6, 7];
const MANY = [...WORK, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31];
const MOVES = [8, 8, 4, 16, 24, 64, 256, -8, -24];
const BRANCHES = ["beq", "bne", "blt", "bge", "bltu", "bgeu"] as const;

export function rounds(random: Random, outer: number): Guest {
  const code = new GuestCode(CODE_PA);
  const pool = random.chance(2) ? MANY : WORK.slice(0, 2 + random.below(4));
  const work = new Work(code, random, pool);
  const tables = new PageTables(TABLES_PA);
  const root = tables.root();
  tables.map(root, 2 * GIGABYTE, 2 * GIGABYTE, RWX_S, 2);
  tables.map(root, 0x100000, 0x100000, RWX_S); // the finisher
  for (let page = 0; page < DATA_PAGES; page++)
    tables.map(root, DATA_VA + page * PAGE_BYTES, DATA_PA + (DATA_PAGES - 1 - page) * PAGE_BYTES, RWX_S);
  enterSupervisor(code, tables.satp(root), "start");
  code.label("start");
  code.li(LEFT, FS_DIRTY);
  code.op("csrrs", { rs1: LEFT, imm: CSR.sstatus });
  for (const register of [...pool, HASH]) code.li(register, random.u64());
  code.li(DATA, DATA_VA + WORK_PAGE * PAGE_BYTES);
  code.li(TABLE, DATA_VA + TABLE_PAGE * PAGE_BYTES);
  code.li(OUTER, outer);
  code.li(STEP, random.pick(MOVES));
  code.label("outer");
  if (random.chance(2)) code.op("sfence.vma");
  for (const pointer of POINTERS) code.op("ld", { rd: pointer, rs1: TABLE, imm: 8 * random.below(ADDRESSES) });
  for (let n = 0, loops = 1 + random.below(3); n < loops; n++) loop(work, `${n}`);
  for (const register of pool) code.op("xor", { rd: HASH, rs1: HASH, rs2: register });
  code.op("addi", { rd: OUTER, rs1: OUTER, imm: -1 });
  code.op("bge", { rs2: OUTER, imm: 8 });
  code.jump("outer");
  powerOff(code, HASH);
  return {
    entryPa: CODE_PA,
    loads: [...tables.loads(), { pa: CODE_PA, bytes: code.bytes() }, { pa: DATA_PA, bytes: dataOf(random) }],
    compared: [{ pa: DATA_PA, bytes: DATA_BYTES }],
    maxInsns: outer * 100_000,
  };
}

/** In the order of physical memory. */
function dataOf(random: Random): Uint8Array {
  const data = new Uint8Array(DATA_BYTES);
  for (let n = 0; n < data.length; n++) data[n] = random.u32();
  const table = new DataView(data.buffer, (DATA_PAGES - 1 - TABLE_PAGE) * PAGE_BYTES, PAGE_BYTES);
  for (let n = 0; n < ADDRESSES; n++) {
    const page = DATA_VA + PAGE_BYTES * (FIRST_PAGE + random.below(4));
    const address = page + (random.chance(3) ? -random.below(128) : random.below(PAGE_BYTES));
    table.setBigUint64(8 * n, BigInt(random.chance(8) ? address : address - (address % 8)), true);
  }
  return data;
}

/** A loop of up to 40 rounds, gone through up to three times where it begins with the one around it. */
function loop(work: Work, name: string): void {
  const { code, random } = work;
  const isTwice = random.chance(4);
  const isEntered = random.chance(6);
  code.op("addi", { rd: AGAIN, imm: 3 });
  code.op("addi", { rd: LEFT, imm: 1 + random.below(random.chance(3) ? 40 : 9) });
  if (isEntered) code.to(random.pick(BRANCHES), { rs1: HASH, rs2: work.rs() }, `middle${name}`);
  code.label(`head${name}`);
  const parts = 1 + random.below(4);
  move(work);
  for (let part = 0; part < parts; part++) {
    for (let n = 1 + random.below(5); n > 0; n--) step(work);
    if (part === 0) code.label(`middle${name}`);
    else code.to(random.pick(BRANCHES), { rs1: work.rs(), rs2: work.rs() }, random.chance(2) ? `out${name}` : `end${name}`);
  }
  if (random.chance(4)) code.to(random.pick(BRANCHES), { rs1: work.rs(), rs2: work.rs() }, `end${name}`);
  if (random.chance(2)) move(work);
  code.label(`end${name}`);
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
  if (random.chance(3)) {
    code.op("bge", { rs2: LEFT, imm: 8 });
    code.jump(`head${name}`);
  } else code.to("blt", { rs2: LEFT }, `head${name}`);
  code.op("addi", { rd: AGAIN, rs1: AGAIN, imm: -1 });
  code.op("addi", { rd: LEFT, imm: 5 });
  if (isTwice) code.to("blt", { rs2: AGAIN }, `head${name}`);
  code.label(`out${name}`);
}

function move(work: Work): void {
  const { code, random } = work;
  const pointer = random.pick(POINTERS);
  if (random.chance(4)) code.op("add", { rd: pointer, rs1: pointer, rs2: STEP });
  else code.op("addi", { rd: pointer, rs1: pointer, imm: random.pick(MOVES) });
}

/** Few instructions, so that loops stay small, but of many registers. */
function step(work: Work): void {
  const { code, random, pool } = work;
  const dice = random.below(20);
  const pointer = random.pick(POINTERS);
  if (dice < 6) for (let n = 1 + random.below(3); n > 0; n--) work.touch(pointer);
  else if (dice < 8) follow(work, pointer);
  else if (dice < 9) work.item();
  else if (dice < 12)
    for (let n = 2 + random.below(10); n > 0; n--) code.op("add", { rd: random.pick(pool), rs1: random.pick(pool), rs2: work.rs() });
  else code.op(random.pick(["add", "addw", "xor", "sub", "sltu", "mulw"]), { rd: random.pick(pool), rs1: work.rs(), rs2: work.rs() });
}

/** An address from among those in the data. */
function follow(work: Work, pointer: number): void {
  const { code, random } = work;
  if (random.chance(2)) code.op("ld", { rd: pointer, rs1: TABLE, imm: 8 * random.below(ADDRESSES) });
  else {
    code.op("andi", { rd: T1, rs1: work.rs(), imm: 0x7f8 });
    code.op("add", { rd: T1, rs1: T1, rs2: TABLE });
    code.op("ld", { rd: pointer, rs1: T1 });
  }
}
