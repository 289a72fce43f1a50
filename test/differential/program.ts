// Generated user-mode programs. A program is many blocks; each loads all registers from a table, runs generated instructions
// (emitter.ts), and writes all registers to a table of outcomes. It runs unchanged under qemu-user and on our machine: only
// the exit differs.
import { assemble } from "../../src/isa/assemble.js";
import { Emitter, type Skip } from "./emitter.js";
import { ADDRESS, BASE, CODE_PA, INPUT_PA, OUTPUT_PA, ROUNDS, SCRATCH_MIDDLE_PA, SP, SP_PA, STATE_BYTES } from "./layout.js";
import type { Random } from "./random.js";
import { Writer } from "./writer.js";

export interface Program {
  readonly code: Uint8Array;
  readonly input: Uint8Array;
  readonly blocks: number;
  /** Where the exit stub begins: what stands there is up to who runs it. */
  readonly exitPa: number;
  /** Generated instructions, without those that load and save registers. */
  readonly instructions: number;
  /** First and last address of each block's generated instructions, for reports. */
  readonly blockPas: readonly (readonly [first: number, end: number])[];
}

const CSR_FCSR = 3;

/** `skip` says which rows are left out: for a reference that lacks an extension, or gets an instruction wrong. */
export function generateProgram(random: Random, blocks: number, blockInsns: number, skip: Skip): Program {
  const out = new Writer(CODE_PA);
  const input = new DataView(new ArrayBuffer(blocks * STATE_BYTES));
  const emitter = new Emitter(out, random, skip);
  const blockPas: [number, number][] = [];
  let instructions = 0;
  for (let block = 0; block < blocks; block++) {
    fillState(input, block, random);
    loadState(out, block);
    const first = out.pa;
    const before = out.instructions;
    emitter.block(blockInsns);
    instructions += out.instructions - before;
    blockPas.push([first, out.pa]);
    saveState(out, block);
  }
  return { code: out.bytes(), input: new Uint8Array(input.buffer), blocks, exitPa: out.pa, instructions, blockPas };
}

function fillState(input: DataView, block: number, random: Random): void {
  const at = block * STATE_BYTES;
  const value = random.pick([() => random.u64(), () => random.u64(), () => random.extreme(), () => BigInt(random.below(256))]);
  for (let x = 1; x < 32; x++) input.setBigUint64(at + (x - 1) * 8, value(), true);
  for (const x of [ROUNDS, ADDRESS, BASE]) input.setBigUint64(at + (x - 1) * 8, BigInt(SCRATCH_MIDDLE_PA), true);
  input.setBigUint64(at + (SP - 1) * 8, BigInt(SP_PA), true);
  const boxing = random.pick(["any", "any", "boxed", "double", "nearly"] as const);
  for (let f = 0; f < 32; f++) input.setBigUint64(at + (31 + f) * 8, random.float(boxing), true);
  input.setBigUint64(at + 63 * 8, BigInt((random.below(5) << 5) | (random.chance(2) ? random.below(32) : 1)), true);
}

/** lui sign-extends, so that an address above 2 GiB needs its upper half cleared. */
export function loadAddress(rd: number, pa: number): number[] {
  const low = ((pa & 0xfff) << 20) >> 20;
  return [
    assemble("lui", { rd, imm: pa - low }),
    assemble("addiw", { rd, rs1: rd, imm: low }),
    assemble("slli", { rd, rs1: rd, imm: 32 }),
    assemble("srli", { rd, rs1: rd, imm: 32 }),
  ];
}

function loadState(out: Writer, block: number): void {
  for (const word of loadAddress(BASE, INPUT_PA + block * STATE_BYTES)) out.word(word);
  out.word(assemble("ld", { rd: 1, rs1: BASE, imm: 63 * 8 }));
  out.word(assemble("csrrw", { rs1: 1, imm: CSR_FCSR }));
  for (let f = 0; f < 32; f++) out.word(assemble("fld", { rd: f, rs1: BASE, imm: (31 + f) * 8 }));
  for (let x = 1; x < 32; x++) out.word(assemble("ld", { rd: x, rs1: BASE, imm: (x - 1) * 8 }));
}

function saveState(out: Writer, block: number): void {
  for (const word of loadAddress(ADDRESS, OUTPUT_PA + block * STATE_BYTES)) out.word(word);
  for (let x = 1; x < 32; x++) out.word(assemble("sd", { rs2: x, rs1: ADDRESS, imm: (x - 1) * 8 }));
  for (let f = 0; f < 32; f++) out.word(assemble("fsd", { rs2: f, rs1: ADDRESS, imm: (31 + f) * 8 }));
  out.word(assemble("csrrs", { rd: 1, imm: CSR_FCSR }));
  out.word(assemble("sd", { rs2: 1, rs1: ADDRESS, imm: 63 * 8 }));
}
