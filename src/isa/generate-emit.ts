// Writes what the translator needs of the instruction table: the emitter's dispatcher (assembly/machine/translate/generated/emit.ts) and
// which instructions end a region (assembly/machine/isa/generated/kinds.ts).
import { GENERATED, opName } from "./generate-decode.js";
import { importMeanings } from "./generate-dispatch.js";
import { ROWS } from "./rv64gc.js";
import type { Row } from "./table.js";
import type { Kind } from "./table.js";

/** What is emitted before the meaning. Instructions of kind `sys` are the interpreter's. */
const BEFORE: Readonly<Record<Exclude<Kind, "sys">, string>> = {
  alu: "",
  mem: "",
  jump: "",
  fp: "m.needFp(); ",
  fpr: "m.needFp(); ",
  fprm: "m.needHostFp(); ",
  fmem: "m.needFp(); ",
  fmemr: "m.needFp(); ",
};

export function generateEmit(): string {
  const rows = ROWS.filter((row) => row.kind !== "sys");
  return [
    GENERATED,
    'import { PANIC_INVARIANT } from "../../abi";',
    'import { panic } from "../../host";',
    'import { Insn } from "../../isa/insn";',
    `import { OP_NOP, ${rows.map(opName).join(", ")} } from "../../isa/generated/ops";`,
    'import { Emitter } from "../emitter";',
    ...importMeanings(rows),
    "",
    "/** Writes what one instruction does. */",
    "// prettier-ignore",
    "export function emitInsn(m: Emitter, i: Insn): void {",
    "  switch (i.op & 0xfff) {",
    "    case OP_NOP: break;",
    ...rows.map((row) => `    case ${opName(row)}: ${BEFORE[row.kind as keyof typeof BEFORE]}${row.fn}<Emitter>(m, i); break;`),
    "    default: panic(PANIC_INVARIANT);",
    "  }",
    "}",
    "",
  ].join("\n");
}

/** System instructions behind which the program does not go on. */
const DIVERTING = ["ebreak", "sret", "mret"];

/** Added to the bytes that a store accesses. */
const STORES = 16;

/** Bytes that a load or store, atomic ones aside, accesses, and STORES; 0 for all else. */
function accessOf(row: Row): number {
  if (!/mem/.test(row.kind) || row.format === "AMO") return 0;
  const bytes = { b: 1, h: 2, w: 4, d: 8 }[/^f?[ls]([bhwd])u?$/.exec(row.name)?.[1] ?? ""];
  if (bytes === undefined) throw new Error(`how much does ${row.name} access?`);
  return row.format === "S" ? STORES + bytes : bytes;
}

/** kinds.ts: what the translator asks of an instruction before it emits it. */
export function generateKinds(): string {
  const ends = ROWS.map((row) => (row.kind === "sys" ? (DIVERTING.includes(row.name) ? 1 : 2) : 0));
  return [
    GENERATED,
    'import { OP_LUI, OP_NOP } from "./ops";',
    "",
    "// prettier-ignore",
    `const ACCESSES: usize = memory.data<u8>([${ROWS.map(accessOf).join(", ")}]);`,
    "// prettier-ignore",
    `const ENDS_REGION: usize = memory.data<u8>([${ends.join(", ")}]);`,
    "",
    "/** The bytes that a load or store accesses; 0 for all else, atomic ones among them. */",
    "export function accessBytes(op: u32): u32 {",
    `  return op >= OP_LUI ? load<u8>(ACCESSES + (op - OP_LUI)) & ${STORES - 1} : 0;`,
    "}",
    "",
    "/** True for a store. */",
    "export function isStore(op: u32): bool {",
    `  return op >= OP_LUI && load<u8>(ACCESSES + (op - OP_LUI)) >= ${STORES};`,
    "}",
    "",
    "/** True for what only the interpreter does: system instructions and what is no instruction. */",
    "export function endsRegion(op: u32): bool {",
    "  return op < OP_NOP || (op >= OP_LUI && load<u8>(ENDS_REGION + (op - OP_LUI)) != 0);",
    "}",
    "",
    "/** Of those, true where the program goes on behind the instruction. */",
    "export function resumesBehind(op: u32): bool {",
    "  return op >= OP_LUI && load<u8>(ENDS_REGION + (op - OP_LUI)) == 2;",
    "}",
    "",
  ].join("\n");
}
