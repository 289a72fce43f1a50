// For tests: small M-mode programs for the board, as boot plans. Not part of the program. Depends on abi and isa/.
import { CLINT_BASE, FINISHER_BASE, PLIC_BASE, RAM_BASE, UART_BASE, UART_IRQ } from "../../assembly/machine/abi.js";
import { assemble } from "../isa/assemble.js";
import type { BootPlan } from "./boot/plan.js";

export const SAMPLE_RAM_BYTES = 16 * 1024 * 1024;

const T0 = 5;
const T1 = 6;
const T2 = 7;
const A0 = 10;
const FINISHER_FAIL = 0x3333;
const FINISHER_RESET = 0x7777;
const LSR_OFFSET = 5;
const LSR_DR = 1;

export function planOf(words: readonly number[]): BootPlan {
  const bytes = new Uint8Array(new Uint32Array(words).buffer);
  return { entryPa: RAM_BASE, mode: "M", a0: 0, a1: 0, a2: 0, firmware: "none", loads: [{ pa: RAM_BASE, bytes }] };
}

const lui = (rd: number, value: number): number => assemble("lui", { rd, imm: value });

function store32(pa: number, value: number): number[] {
  const low = value & 0x7ff;
  return [
    lui(T0, pa),
    lui(T1, value - low),
    assemble("addi", { rd: T1, rs1: T1, imm: low }),
    assemble("sw", { rs1: T0, rs2: T1, imm: 0 }),
    assemble("jal", { imm: 0 }),
  ];
}

/** Ends with `status` (at most 0x3fff). */
export const finishWith = (status: number): number[] => store32(FINISHER_BASE, FINISHER_FAIL + (status << 16));
export const REBOOT = store32(FINISHER_BASE, FINISHER_RESET);
export const LOOP = [assemble("jal", { imm: 0 })];
/** Counts for ever. */
export const COUNT = [assemble("addi", { rd: T0, rs1: T0, imm: 1 }), assemble("jal", { imm: -4 })];
export const SLEEP = [assemble("wfi"), assemble("jal", { imm: -4 })];

/** A loop of 1.3 million instructions, hot enough for every engine; ends with the high bits of what it came to. */
export const HOT_LOOP = [
  lui(A0, 0x41000),
  assemble("addi", { rd: T2, rs1: 0, imm: 0 }),
  assemble("slli", { rd: T1, rs1: T2, imm: 1 }),
  assemble("add", { rd: T2, rs1: T2, rs2: T1 }),
  assemble("add", { rd: T2, rs1: T2, rs2: A0 }),
  assemble("addi", { rd: A0, rs1: A0, imm: -1 }),
  assemble("bne", { rs1: A0, rs2: 0, imm: -16 }),
  assemble("srli", { rd: T2, rs1: T2, imm: 57 }),
  assemble("slli", { rd: T2, rs1: T2, imm: 16 }),
  lui(T1, 0x3000),
  assemble("addi", { rd: T1, rs1: T1, imm: FINISHER_FAIL - 0x3000 }),
  assemble("add", { rd: T1, rs1: T1, rs2: T2 }),
  lui(T0, FINISHER_BASE),
  assemble("sw", { rs1: T0, rs2: T1, imm: 0 }),
  assemble("jal", { imm: 0 }),
];
export const HOT_LOOP_STATUS = 82;

/** Sends every byte that comes on the UART back, for ever, asleep or not. */
export const ECHO = [
  lui(T0, UART_BASE),
  assemble("lbu", { rd: T1, rs1: T0, imm: LSR_OFFSET }),
  assemble("andi", { rd: T1, rs1: T1, imm: LSR_DR }),
  assemble("beq", { rs1: T1, rs2: 0, imm: -8 }),
  assemble("lbu", { rd: T2, rs1: T0, imm: 0 }),
  assemble("sb", { rs1: T0, rs2: T2, imm: 0 }),
  assemble("jal", { imm: -20 }),
];

/** Sends "A" for ever. */
export const FLOOD = [
  lui(T0, UART_BASE),
  assemble("addi", { rd: T2, imm: 65 }),
  assemble("sb", { rs1: T0, rs2: T2, imm: 0 }),
  assemble("jal", { imm: -4 }),
];

/** Prints a text, then goes on with `then`. */
export function print(text: string, then: readonly number[]): number[] {
  const bytes = [...Buffer.from(text)].flatMap((byte) => [
    assemble("addi", { rd: T2, imm: byte }),
    assemble("sb", { rs1: T0, rs2: T2, imm: 0 }),
  ]);
  return [lui(T0, UART_BASE), ...bytes, ...then];
}

/** Waits for a byte on the UART, then goes on with `then`. */
function afterInput(then: readonly number[]): number[] {
  return [
    lui(T0, UART_BASE),
    assemble("lbu", { rd: T1, rs1: T0, imm: LSR_OFFSET }),
    assemble("andi", { rd: T1, rs1: T1, imm: LSR_DR }),
    assemble("beq", { rs1: T1, rs2: 0, imm: -8 }),
    assemble("lbu", { rd: T2, rs1: T0, imm: 0 }),
    ...then,
  ];
}

export const REBOOT_ON_INPUT = afterInput(REBOOT);

const SEND_T2 = Array.from({ length: 8 }, () => [
  assemble("sb", { rs1: T0, rs2: T2, imm: 0 }),
  assemble("srli", { rd: T2, rs1: T2, imm: 8 }),
]);

/** Answers every byte on the UART with the eight bytes of mtime, the lowest first. */
export const MTIME_ON_INPUT = afterInput([
  lui(T1, CLINT_BASE + 0xc000),
  assemble("ld", { rd: T2, rs1: T1, imm: -8 }),
  ...SEND_T2.flat(),
  assemble("jal", { imm: -4 * (5 + 2 + 16) }),
]);

/** As ECHO, asleep until a byte's interrupt comes. */
export const ECHO_ASLEEP = [
  lui(T0, UART_BASE),
  assemble("addi", { rd: T2, imm: 1 }),
  assemble("sb", { rs1: T0, rs2: T2, imm: 1 }), // IER: received data
  lui(T1, PLIC_BASE),
  assemble("sw", { rs1: T1, rs2: T2, imm: 4 * UART_IRQ }), // priority
  lui(T1, PLIC_BASE + 0x2000),
  assemble("addi", { rd: T2, imm: 1 << UART_IRQ }),
  assemble("sw", { rs1: T1, rs2: T2, imm: 0 }), // enabled for M-mode
  lui(T1, PLIC_BASE + 0x200000),
  lui(T2, 0x1000),
  assemble("srli", { rd: T2, rs1: T2, imm: 1 }),
  assemble("csrrw", { rd: 0, rs1: T2, imm: 0x304 }), // mie: MEIE
  assemble("wfi"),
  assemble("lw", { rd: A0, rs1: T1, imm: 4 }), // claim
  assemble("lbu", { rd: T2, rs1: T0, imm: 0 }),
  assemble("sb", { rs1: T0, rs2: T2, imm: 0 }),
  assemble("sw", { rs1: T1, rs2: A0, imm: 4 }), // complete
  assemble("jal", { imm: -20 }),
];

/** Takes one trap, then goes on with `then`. */
export function trapOnce(then: readonly number[]): number[] {
  return [
    assemble("auipc", { rd: T0, imm: 0 }),
    assemble("addi", { rd: T0, rs1: T0, imm: 16 }),
    assemble("csrrw", { rd: 0, rs1: T0, imm: 0x305 }), // mtvec
    assemble("ebreak"),
    ...then,
  ];
}
