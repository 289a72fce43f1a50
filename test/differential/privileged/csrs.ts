// Generated CSR accesses from every mode: read, modify, read back, restore. What a register keeps of a random value (WARL) and
// which accesses are illegal is compared.
import { assemble } from "../../../src/isa/assemble.js";
import type { Random } from "../random.js";
import { type Case, CODE_PA, FS_DIRTY, type Harness, mpp, plainCase, PRIV_M, PRIV_S, PRIV_U, STCE, TABLES_PA } from "./case-record.js";

const SLOT_PA = CODE_PA + 2048;
const A0 = 10;
const A1 = 11;
const A2 = 12;

const KNOWN = [
  0x001, 0x002, 0x003, 0xc00, 0xc01, 0xc02, 0xc03, 0xc1f, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x180,
  0xf11, 0xf12, 0xf13, 0xf14, 0xf15, 0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x320, 0x323, 0x33f, 0x340, 0x341, 0x342, 0x343,
  0x344, 0x3a0, 0x3a2, 0x3b0, 0x3b1, 0x3b3, 0x3bf, 0xb00, 0xb02, 0xb03, 0xb1f,
]; // prettier-ignore
const PMP_LOCKS = 0x8080808080808080n; // a lock would last to the end

const isPmpCfg = (csr: number): boolean => csr >> 4 === 0x3a;
const OPS = ["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"] as const;

export function csrOf(one: Case): number {
  return Number(((one.writes[0]?.[1] ?? 0n) >> 20n) & 0xfffn);
}

export function csrCase(harness: Harness, random: Random): Case {
  const one = plainCase(harness);
  const mode = random.pick([PRIV_M, PRIV_M, PRIV_M, PRIV_S, PRIV_S, PRIV_U]);
  const csr = random.chance(4) ? anyCsr(random) : random.pick(KNOWN);
  const op = random.pick(OPS);
  const source = op.endsWith("i") ? random.below(32) : random.chance(8) ? 0 : A1;
  one.a1 = value(random, csr);
  one.entry = BigInt(SLOT_PA);
  one.mstatus = mpp(mode) | FS_DIRTY | (random.chance(8) ? 1n << 20n : 0n);
  one.menvcfg = random.pick([0n, STCE]);
  one.mideleg = random.pick([0n, 0x222n, 0x2n]);
  one.mie = random.pick([0n, 0n, 0x222n, 0xaaan]);
  const code = [
    assemble("csrrs", { rd: A2, imm: csr }),
    assemble(op, { rd: random.chance(4) ? 0 : A0, rs1: source, imm: csr }),
    assemble("csrrs", { rd: A1, imm: csr }),
    assemble("csrrw", { rs1: A2, imm: csr }),
    assemble("ecall"),
    assemble("ecall"),
  ];
  for (let n = 0; n < code.length; n += 2) {
    one.writes.push([BigInt(SLOT_PA + n * 4), BigInt(code[n] ?? 0) | (BigInt(code[n + 1] ?? 0) << 32n)]);
  }
  if (one.mie !== 0n && (csr === 0x344 || csr === 0x144 || csr === 0x14d)) one.mie = 0n;
  one.text = `${op} of CSR 0x${csr.toString(16)} with ${source === A1 ? `0x${one.a1.toString(16)}` : source} in ${mode}, menvcfg 0x${one.menvcfg.toString(16)}, mideleg 0x${one.mideleg.toString(16)}, mie 0x${one.mie.toString(16)}, mstatus 0x${one.mstatus.toString(16)}`;
  return one;
}

/** Not the hypervisor's: QEMU 7.2 has vstimecmp without the H extension, and what is written there stays. */
function anyCsr(random: Random): number {
  const csr = random.below(4096);
  return ((csr >> 8) & 3) === 2 ? anyCsr(random) : csr;
}

function value(random: Random, csr: number): bigint {
  if (csr === 0x180)
    return (BigInt(random.below(16)) << 60n) | (random.u64() & (0xffffn << 44n)) | random.pick([BigInt(TABLES_PA) >> 12n, 0xfffffffffffn]);
  return isPmpCfg(csr) ? random.u64() & ~PMP_LOCKS : random.u64();
}
