// The code of the cases that access memory: one instruction each, on the address in a0 with the value in a1, then an ecall.
import { assemble } from "../../../src/isa/assemble.js";
import { CODE_PA } from "./case-record.js";
import type { Load } from "./run-cases.js";

const A0 = 10;
const A1 = 11;
const A2 = 12;
const SNIPPET_BYTES = 16;

export interface Access {
  readonly name: string;
  readonly sizeBytes: number;
  readonly code: readonly number[];
  /** Where the code stands, in its page. */
  readonly offset: number;
  readonly kind: "load" | "store" | "atomic" | "fetch";
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
  if (kind === "load" && name.startsWith("f")) return [assemble(name, { rd: A2, rs1: A0 }), assemble("fmv.x.d", { rd: A2, rs1: A2 }), ecall];
  if (kind === "load") return [assemble(name, { rd: A2, rs1: A0 }), ecall];
  const atomic = assemble(name, { rd: A2, rs1: A0, rs2: A1 });
  // A store-conditional has a reservation to lose, so that it gets as far as the store.
  return name.startsWith("sc") ? [assemble(name.replace("sc", "lr"), { rd: A2, rs1: A0 }), atomic, ecall] : [atomic, ecall];
}

export const ACCESSES: readonly Access[] = [
  ...(["load", "store", "atomic"] as const).flatMap((kind) => NAMES[kind].map((name) => ({ kind, name, sizeBytes: sizeOf(name), code: codeOf(kind, name) }))),
  { kind: "fetch" as const, name: "fetch", sizeBytes: 2, code: [assemble("jalr", { rs1: A0 })] },
].map((one, index) => ({ ...one, offset: index * SNIPPET_BYTES }));

export function accessPage(): Load {
  const words = new Uint32Array(1024).fill(assemble("ecall"));
  for (const { code, offset } of ACCESSES) words.set(code, offset / 4);
  return { pa: CODE_PA, bytes: new Uint8Array(words.buffer) };
}
