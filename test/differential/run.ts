// Runs a generated program in both places and gives the registers after each block. Needs Debian's qemu-user.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assemble } from "../../src/isa/assemble.js";
import type { Engine } from "../conformance/engines.js";
import { CODE_PA, INPUT_PA, OUTPUT_PA, SCRATCH_BYTES, SCRATCH_PA, STATE_BYTES } from "./layout.js";
import { loadAddress as li, type Program } from "./program.js";
import { makeUserElf } from "./user-elf.js";

const TOHOST_PA = 0x80001000;
const RAM_BYTES = 128 * 1024 * 1024;
/** Of a loop, and some more. */
const MAX_ROUNDS = 8;
const A0 = 10;
const A1 = 11;
const A2 = 12;
const A7 = 17;
const SYS_WRITE = 64;
const SYS_EXIT = 93;

function withExit(program: Program, exit: readonly number[]): Uint8Array {
  const tail = new Uint8Array(new Uint32Array(exit).buffer);
  const whole = new Uint8Array(program.code.length + tail.length);
  whole.set(program.code);
  whole.set(tail, program.code.length);
  return whole;
}

const outcomeBytes = (program: Program): number => program.blocks * STATE_BYTES;

/** The registers after each block, then the scratch area, under qemu-user. */
export function runReference(program: Program, cpu: string): Uint8Array {
  const outputBytes = outcomeBytes(program) + SCRATCH_BYTES;
  const exit = [
    ...li(A0, 1), ...li(A1, OUTPUT_PA), ...li(A2, outcomeBytes(program)), ...li(A7, SYS_WRITE), assemble("ecall"),
    ...li(A0, 1), ...li(A1, SCRATCH_PA), ...li(A2, SCRATCH_BYTES), ...li(A7, SYS_WRITE), assemble("ecall"),
    ...li(A0, 0), ...li(A7, SYS_EXIT), assemble("ecall"),
  ]; // prettier-ignore
  const elf = makeUserElf(CODE_PA, [
    { pa: CODE_PA, bytes: withExit(program, exit) },
    { pa: INPUT_PA, bytes: program.input },
    { pa: SCRATCH_PA, bytes: new Uint8Array(SCRATCH_BYTES) },
    { pa: OUTPUT_PA, bytes: new Uint8Array(outcomeBytes(program)) },
  ]);
  const folder = mkdtempSync(join(tmpdir(), "wardian-differential-"));
  try {
    const path = join(folder, "program");
    writeFileSync(path, elf, { mode: 0o755 });
    const { status, stdout, stderr, signal } = spawnSync("qemu-riscv64", ["-cpu", cpu, path], {
      maxBuffer: 2 * outputBytes + 4096,
      timeout: 60_000,
    });
    if (status !== 0 || stdout.length !== outputBytes) {
      throw new Error(`qemu-riscv64 ended with ${status ?? signal} after ${stdout.length} of ${outputBytes} bytes: ${stderr}`);
    }
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As runReference(), on our machine: in M-mode with floating point on. */
export function runOurs(engine: Engine, program: Program): Uint8Array {
  const machine = engine.make({ ramBytes: RAM_BYTES, onSerial() {} });
  const exit = [...li(A0, 1), ...li(A1, TOHOST_PA), assemble("sd", { rs1: A1, rs2: A0 }), assemble("jal", { imm: 0 })];
  // FS = initial, then off to the program; a trap ends in a loop at mtvec, which the budget below ends.
  const prologue = [...li(A0, 0x2000), assemble("csrrs", { rs1: A0, imm: 0x300 }), ...li(A0, CODE_PA), assemble("jalr", { rs1: A0 })];
  const entryPa = CODE_PA - prologue.length * 4;
  machine.start({
    entryPa,
    mode: "M",
    a0: 0,
    a1: 0,
    a2: 0,
    firmware: "none",
    tohostPa: TOHOST_PA,
    loads: [
      { pa: entryPa, bytes: new Uint8Array(new Uint32Array(prologue).buffer) },
      { pa: CODE_PA, bytes: withExit(program, exit) },
      { pa: INPUT_PA, bytes: program.input },
    ],
  });
  const budget = program.instructions * MAX_ROUNDS + program.blocks * 300 + 10_000;
  const outcome = machine.run(budget);
  if (outcome.kind !== "poweroff")
    throw new Error(`our machine did not reach the end (${outcome.kind}) but pc 0x${machine.pc.toString(16)}`);
  const registers = machine.readRam(OUTPUT_PA, outcomeBytes(program));
  const scratch = machine.readRam(SCRATCH_PA, SCRATCH_BYTES);
  return new Uint8Array(Buffer.concat([registers, scratch]));
}
