// Generated page tables: an access of any kind from U, S or M-mode with MPRV, through up to five entries with random bits,
// with and without PMP regions over tables and pages, delegated or not. The outcome holds the entries as the walk left them.
//
//   Fixed tables map RAM twice: at its own address for S-mode, U_OFFSET higher for U-mode. Cases write below the root's
//   entries LOW and HIGH. Bits 38:0 of a case's address are those of its page, so that superpages of any size lead there.
import type { Random } from "../random.js";
import { type Access, ACCESSES } from "./accesses.js";
import {
  ALL_PMP,
  type Case,
  CODE_PA,
  FLAG_JUMP,
  FS_DIRTY,
  type Harness,
  mpp,
  plainCase,
  PLAY_PA,
  PRIV_M,
  PRIV_S,
  PRIV_U,
  TABLES_PA,
} from "./case-record.js";
import type { Load } from "./run-cases.js";

const PAGE = 4096n;
const U_OFFSET = 0x40000000n;
const LOW = 5n;
const HIGH = 300n;
const DATA_PAGES = 8;
const DATA_PA = BigInt(PLAY_PA) + 8n * PAGE;
const V = 1n;
const R = 2n;
const W = 4n;
const X = 8n;
const U = 16n;
const A = 64n;
const D = 128n;
export const PTE_N = 1n << 63n;
export const ADUE = 1n << 61n;
const SUM = 1n << 18n;
const MXR = 1n << 19n;
const MPRV = 1n << 17n;
const PAGE_FAULTS = (1n << 12n) | (1n << 13n) | (1n << 15n);
const FETCH_ACCESS_BIT = 1n << 1n;
const DELEGABLE = 0xb1f7n; // not ecall from S-mode: the harness reports with it

const pte = (pa: bigint, flags: bigint): bigint => ((pa >> 12n) << 10n) | flags;
/** The fixed table of a level: 2 is Sv39's root, 3 Sv48's, 4 Sv57's. */
const tablePa = (level: number): bigint => BigInt(TABLES_PA) + BigInt(level) * PAGE;
/** The table of a level below the root that cases write in. */
const playTablePa = (level: number): bigint => BigInt(PLAY_PA) + BigInt(level) * PAGE;
const indexAt = (va: bigint, level: number): bigint => (va >> BigInt(12 + 9 * level)) & 511n;

export function pageLoads(): Load[] {
  const table = (level: number, entries: readonly (readonly [number, bigint])[]): Load => {
    const words = new BigUint64Array(512);
    for (const [index, value] of entries) words[index] = value;
    return { pa: Number(tablePa(level)), bytes: new Uint8Array(words.buffer) };
  };
  const all = V | R | W | X | A | D;
  const breakpoints = new Uint8Array(new Uint16Array((DATA_PAGES * Number(PAGE)) / 2).fill(0x9002).buffer);
  return [
    table(2, [[2, pte(0x80000000n, all)], [3, pte(0x80000000n, all | U)]]),
    table(3, [[0, pte(tablePa(2), V)]]),
    table(4, [[0, pte(tablePa(3), V)]]),
    { pa: Number(DATA_PA), bytes: breakpoints },
  ]; // prettier-ignore
}

export interface PageOptions {
  /** Use bit 63 and leave the reserved ones alone: QEMU 7.2 checks those only where it has no Svnapot. */
  readonly napot: boolean;
}

interface LeafOptions extends PageOptions {
  /** For accesses that cross a page: whether the first half of a store is done when the second has no memory is free. */
  readonly allMemory?: boolean;
}

export function pageCase(harness: Harness, random: Random, options: PageOptions): Case {
  const levels = random.pick([3, 3, 4, 5]);
  const mode = random.pick([PRIV_U, PRIV_U, PRIV_S, PRIV_S, PRIV_M]);
  // With MPRV, QEMU 7.2 lets the page that is executed be read as if by M-mode.
  const access = random.pick(mode === PRIV_M ? ACCESSES.filter(({ readsCode }) => readsCode !== true) : ACCESSES);
  const one = plainCase(harness);
  const va = pickAddress(random, access, levels);
  one.writes = walkWrites(random, va, levels, mode, access, options);
  one.satp = (BigInt(levels + 5) << 60n) | (BigInt(random.below(16)) << 44n) | (tablePa(levels - 1) >> 12n);
  one.a0 = BigInt.asUintN(64, va);
  one.a1 = random.u64();
  one.menvcfg = ADUE;
  one.medeleg = random.pick([0n, PAGE_FAULTS, DELEGABLE & ~FETCH_ACCESS_BIT, random.u64() & DELEGABLE & ~FETCH_ACCESS_BIT]);
  one.mstatus = FS_DIRTY | (random.chance(2) ? SUM : 0n) | (random.chance(3) ? MXR : 0n);
  const codeAt = BigInt(CODE_PA + access.offset);
  one.entry = mode === PRIV_U ? codeAt + U_OFFSET : codeAt;
  if (mode === PRIV_M) {
    one.flags = FLAG_JUMP;
    one.mstatus |= MPRV | mpp(random.pick([PRIV_U, PRIV_S, PRIV_S, PRIV_M]));
  } else {
    one.mstatus |= mpp(mode);
  }
  if (random.chance(4) && one.a0 % BigInt(access.sizeBytes) === 0n) addPmp(one, random, access);
  one.text = `Sv${12 + 9 * levels} ${access.name} from ${mode} at ${hex(va)}, ${describeRest(one)}`;
  return one;
}

const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;

function describeRest(one: Case): string {
  const entries = one.writes.map(([place, value]) => `${hex(place)}=${hex(value)}`);
  const regions = one.pmpaddr.map((addr) => hex(addr << 2n));
  return `mstatus ${hex(one.mstatus)}, pmpcfg0 ${hex(one.pmpcfg0)}, pmpaddr << 2 ${regions.join(" ")}, entries ${entries.join(" ")}`;
}

/** Stores go to the upper half of a page, fetches to the lower one, so that nothing but breakpoints is ever fetched. */
function pickAddress(random: Random, access: Access, levels: number): bigint {
  const page = DATA_PA + BigInt(random.below(DATA_PAGES - 1)) * PAGE;
  let offset = BigInt(random.below(1024)) * 2n;
  if (access.kind !== "fetch") {
    offset = 2048n + BigInt(random.below(2048 / access.sizeBytes)) * BigInt(access.sizeBytes);
    if (random.chance(6)) offset -= BigInt(random.below(8));
    if (random.chance(6)) offset = PAGE - 1n - BigInt(random.below(access.sizeBytes));
  }
  const top = random.pick([LOW, HIGH]);
  const width = BigInt(12 + 9 * levels);
  const va = (top << (width - 9n)) | ((page + offset) & ((1n << (width - 9n)) - 1n));
  const canonical = BigInt.asUintN(64, BigInt.asIntN(Number(width), va));
  return random.chance(20) ? canonical ^ (1n << BigInt(random.below(64 - Number(width)) + Number(width))) : canonical;
}

function walkWrites(random: Random, va: bigint, levels: number, mode: bigint, access: Access, options: PageOptions): Case["writes"] {
  const writes: Case["writes"] = [];
  const page = DATA_PA + ((va - DATA_PA) & 0x7000n);
  const leafLevel = random.chance(4) ? random.below(levels) : 0;
  const crosses = crossesPage(va, access);
  const leafOptions: LeafOptions = { ...options, allMemory: crosses };
  for (let level = levels - 1; level >= leafLevel; level--) {
    const table = level === levels - 1 ? tablePa(level) : playTablePa(level);
    const place = table + indexAt(va, level) * 8n;
    const value = level === leafLevel ? leaf(random, page, level, mode, leafOptions) : pointer(random, level, options);
    writes.push([place, value]);
  }
  if (crosses && leafLevel === 0)
    writes.push([playTablePa(0) + indexAt(va + PAGE, 0) * 8n, leaf(random, page + PAGE, 0, mode, leafOptions)]);
  return writes;
}

function pointer(random: Random, level: number, { napot }: PageOptions): bigint {
  const value = pte(playTablePa(level - 1), V);
  const odd = napot ? [V, U, A, D, 32n, 256n] : [V, U, A, D, 32n, 256n, PTE_N, 1n << 54n, 1n << 61n];
  return random.chance(24) ? value ^ random.pick(odd) : value;
}

function leaf(random: Random, page: bigint, level: number, mode: bigint, { napot, allMemory }: LeafOptions): bigint {
  const mask = (1n << BigInt(12 + 9 * level)) - 1n;
  let base = page & ~mask;
  if (level > 0 && random.chance(6)) base |= 1n << BigInt(12 + random.below(9 * level));
  let flags = random.pick([V | R | W | X, V | R | W, V | R, V | X, V | R | X, BigInt(random.below(16)), V | BigInt(random.below(16))]);
  if (mode === PRIV_U ? !random.chance(8) : random.chance(3)) flags |= U;
  if (!random.chance(3)) flags |= A;
  if (!random.chance(3)) flags |= D;
  if (random.chance(4)) flags |= BigInt(random.below(8)) << 8n;
  if (random.chance(4)) flags |= 32n;
  if (napot && random.chance(2)) return pte(random.chance(2) ? (base & ~0xffffn) | 0x8000n : base, flags) | PTE_N;
  if (!napot && random.chance(20)) flags |= 1n << BigInt(54 + random.below(9));
  if (allMemory !== true && random.chance(40)) base |= 1n << BigInt(40 + random.below(16)); // no memory there
  return pte(base, flags);
}

const crossesPage = (va: bigint, access: Access): boolean => Number(va & (PAGE - 1n)) + access.sizeBytes > Number(PAGE);

/** Regions over a table or a page that the case uses; the code and the fixed tables stay open. For aligned accesses only. */
function addPmp(one: Case, random: Random, access: Access): void {
  const mode = random.pick([1, 2, 3, 3]);
  const overEntry = random.chance(2);
  // QEMU 7.2 writes A and D whatever the PMP says: with a store behind it, memory would differ from there on.
  const changesMemory = access.kind === "store" || access.kind === "atomic";
  const rights = BigInt(random.pick(overEntry && changesMemory ? [0, 3, 4, 7] : [0, 1, 3, 4, 5, 7]));
  const about = overEntry ? (one.writes[random.below(one.writes.length)]?.[0] ?? 0n) : DATA_PA + ((one.a0 - DATA_PA) & 0x7fffn);
  if (about < BigInt(PLAY_PA)) return;
  const at = about & ~7n;
  if (mode === 1) {
    one.pmpaddr[0] = (at - BigInt(random.below(64) * 4)) >> 2n;
    one.pmpaddr[1] = (at + BigInt(random.below(64) * 4)) >> 2n;
  } else if (mode === 2) {
    one.pmpaddr[1] = (at + BigInt(random.below(4) * 4)) >> 2n;
  } else {
    const size = 3 + random.below(11);
    one.pmpaddr[1] = ((at >> BigInt(size)) << BigInt(size - 2)) | ((1n << BigInt(size - 3)) - 1n);
  }
  one.pmpcfg0 = ALL_PMP | ((rights | (BigInt(mode) << 3n)) << 8n);
}
