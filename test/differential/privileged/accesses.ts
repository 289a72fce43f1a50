// The code of the cases that access memory: one instruction each, on the address in a0 with the value in a1, then an ecall.
import { assemble } from "../../../src/isa/assemble.js";
import { CODE_PA } from "./case-record.js";
import type { Load } from "./run-cases.js";

const A0 = 10;
const A1 = 11;
const A2 = 12;
const A3 = 13;
const SNIPPET_BYTES = 32;

export interface Access {
  readonly name: string;
  readonly sizeBytes: number;
  readonly code: readonly number[];
  /** Where the code stands, in its page. */
  readonly offset: number;
  readonly kind: "load" | "store" | "atomic" | "fetch";
  /** It reads its own page too. */
  readonly readsCode?: boolean;
}

const NAMES = {
  load: ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld", "flw", "fld"],
  store: ["sb", "sh", "sw", "sd", "fsw", "fsd"],
  atomic: ["lr.w", "lr.d", "amoadd.w", "amoadd.d", "amoswap.w", "amomaxu.d", "sc.w", "sc.d"],
} as const;

function sizeOf(name: string): number {
  if (name.includes(".")) return name.endsWith("d") ? 8 : 4;
  return { b: 1, h: 2, w: 4, d: 8 }[name.replace(/^f?[ls]/, "").charAt(0)] ?? 1;
}

function codeOf(kind: keyof typeof NAMES, name: string): number[] {
  const ecall = assemble("ecall");
  if (kind === "store") return [assemble(name, { rs1: A0, rs2: A1 }), ecall];
  if (kind === "load" && name.startsWith("f"))
    return [assemble(name, { rd: A2, rs1: A0 }), assemble("fmv.x.d", { rd: A2, rs1: A2 }), ecall];
  if (kind === "load") return [assemble(name, { rd: A2, rs1: A0 }), ecall];
  const atomic = assemble(name, { rd: A2, rs1: A0, rs2: A1 });
  // A store-conditional has a reservation to lose, so that it gets as far as the store.
  return name.startsWith("sc") ? [assemble(name.replace("sc", "lr"), { rd: A2, rs1: A0 }), atomic, ecall] : [atomic, ecall];
}

/** A first half that cannot fail, so that the second half of what may be one fused pair is what traps. */
const FIRST_HALVES: Readonly<Record<string, number>> = {
  addi: assemble("addi", { rd: A2, rs1: A1, imm: 1 }),
  add: assemble("add", { rd: A2, rs1: A1, rs2: A1 }),
  ld: assemble("ld", { rd: A2, rs1: A3 }),
  lh: assemble("lh", { rd: A2, rs1: A3 }),
};
const PAIRS = [["addi", "ld"], ["addi", "sd"], ["add", "ld"], ["add", "sd"], ["ld", "ld"], ["ld", "sd"], ["lh", "lh"]] as const; // prettier-ignore

function pairCode(first: string, second: string): number[] {
  // The fence keeps auipc from being the first half itself.
  const readable = [assemble("auipc", { rd: A3 }), assemble("fence")];
  const access = second.startsWith("l") ? assemble(second, { rd: A3, rs1: A0 }) : assemble(second, { rs1: A0, rs2: A1 });
  return [...readable, FIRST_HALVES[first] ?? 0, access, assemble("ecall")];
}

export const ACCESSES: readonly Access[] = [
  ...PAIRS.map(([first, second]) => ({
    kind: second.startsWith("l") ? ("load" as const) : ("store" as const),
    name: `${first} and ${second}`,
    sizeBytes: sizeOf(second),
    code: pairCode(first, second),
    readsCode: first.startsWith("l"),
  })),
  ...(["load", "store", "atomic"] as const).flatMap((kind) =>
    NAMES[kind].map((name) => ({ kind, name, sizeBytes: sizeOf(name), code: codeOf(kind, name) })),
  ),
  { kind: "fetch" as const, name: "fetch", sizeBytes: 2, code: [assemble("jalr", { rs1: A0 })] },
].map((one, index) => ({ ...one, offset: index * SNIPPET_BYTES }));

export function accessPage(): Load {
  const words = new Uint32Array(1024).fill(assemble("ecall"));
  for (const { code, offset } of ACCESSES) words.set(code, offset / 4);
  return { pa: CODE_PA, bytes: new Uint8Array(words.buffer) };
}
