// Programs of random user-mode instructions, floating point among them, that run so often that they are translated; as Linux executes them.
import { assemble } from "../../src/isa/assemble.js";
import { CODE_PA, INPUT_PA, OUTPUT_PA, SCRATCH_BYTES, SCRATCH_PA, STATE_BYTES } from "../differential/layout.js";
import { generateProgram, loadAddress as li } from "../differential/program.js";
import { Random } from "../differential/random.js";
import { makeUserElf } from "../differential/user-elf.js";

const BLOCKS = 6;
const BLOCK_INSNS = 50;
const ROUNDS = 400;
const [A0, A1, A2, A7] = [10, 11, 12, 17];
const SYS_WRITE = 64;
const SYS_EXIT = 93;

/** Runs its blocks ROUNDS times over what they leave in memory, and writes the registers after each, and that memory, to stdout. */
export function makeProgram(seed: number): Uint8Array {
  const { code, input } = generateProgram(new Random(seed), BLOCKS, BLOCK_INSNS, () => false);
  const outcomeBytes = BLOCKS * STATE_BYTES;
  const roundsPa = OUTPUT_PA + outcomeBytes;
  const again = [...li(A0, CODE_PA), assemble("jalr", { rs1: A0 })];
  const write = (pa: number, bytes: number): number[] =>
    [...li(A0, 1), ...li(A1, pa), ...li(A2, bytes), ...li(A7, SYS_WRITE), assemble("ecall")]; // prettier-ignore
  const tail = [
    ...li(A0, roundsPa), assemble("ld", { rd: A1, rs1: A0 }), assemble("addi", { rd: A1, rs1: A1, imm: -1 }), assemble("sd", { rs1: A0, rs2: A1 }),
    assemble("beq", { rs1: A1, rs2: 0, imm: 4 + again.length * 4 }), ...again,
    ...write(OUTPUT_PA, outcomeBytes), ...write(SCRATCH_PA, SCRATCH_BYTES),
    ...li(A0, 0), ...li(A7, SYS_EXIT), assemble("ecall"),
  ]; // prettier-ignore
  const output = new DataView(new ArrayBuffer(outcomeBytes + 8));
  output.setBigUint64(outcomeBytes, BigInt(ROUNDS), true);
  return makeUserElf(CODE_PA, [
    { pa: CODE_PA, bytes: Buffer.concat([code, new Uint8Array(Uint32Array.from(tail).buffer)]) },
    { pa: INPUT_PA, bytes: input },
    { pa: SCRATCH_PA, bytes: new Uint8Array(SCRATCH_BYTES) },
    { pa: OUTPUT_PA, bytes: new Uint8Array(output.buffer) },
  ]);
}
