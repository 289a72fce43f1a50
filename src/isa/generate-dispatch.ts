// Writes the interpreter's dispatcher (assembly/machine/interp/generated/dispatch.ts) from the instruction table:
// one case an instruction, around whose meaning the row's kind says what to do.
import { GENERATED, opName } from "./generate-decode.js";
import { FUSED } from "./fused.js";
import { ROWS } from "./rv64gc.js";
import type { Kind, Row } from "./table.js";

const MODULES: Readonly<Record<string, string>> = {
  I: "i",
  Zifencei: "i",
  M: "m",
  A: "a",
  F: "f",
  D: "d",
  Zba: "b",
  Zbb: "b",
  Zbc: "b",
  Zbs: "b",
  Zicond: "b",
};

const moduleOf = (row: Row): string => MODULES[row.extension] ?? "priv";

/** The statements of a case; the loop's tail then advances past the instruction. */
const BODY: Readonly<Record<Kind, (call: string) => string>> = {
  alu: (call) => `${call}; break;`,
  mem: (call) => `if (!${call}) return leave(h, mark, n); break;`,
  jump: (call) => `e = ${call}; n--; if (e == 0 || n <= 0) return leaveAt(m, e, mark, n); i = changetype<Insn>(e); op = i.op; continue;`,
  sys: (call) => `h.retired += mark - n; mark = n; if (!${call}) return n; break;`,
  fp: (call) => `if (!m.fpWritable()) return trapAt(m, i, mark, n); ${call}; break;`,
  fpr: (call) => `if (!m.fpReadable()) return trapAt(m, i, mark, n); ${call}; break;`,
  fprm: (call) => `if (!m.fpWritable() || !m.roundingValid(i)) return trapAt(m, i, mark, n); ${call}; break;`,
  fmem: (call) => `if (!m.fpWritable()) return trapAt(m, i, mark, n); if (!${call}) return leave(h, mark, n); break;`,
  fmemr: (call) => `if (!m.fpReadable()) return trapAt(m, i, mark, n); if (!${call}) return leave(h, mark, n); break;`,
};

function rowOf(name: string): Row {
  const row = ROWS.find((candidate) => candidate.name === name);
  if (!row) throw new Error(`no instruction ${name} to fuse`);
  return row;
}

/** A fused pair runs its first half, steps, and then is its second half. */
function fusedCase(first: Row, second: Row): string {
  const call = `${first.fn}<Interpreter>(m, i)`;
  const half = first.kind === "mem" ? `if (!${call}) return leave(h, mark, n);` : `${call};`;
  const step = `${half} e += (op >>> 12) << 3; n--; i = changetype<Insn>(e); op = i.op;`;
  return `      case ${fusedName(first, second)}: ${step} ${BODY[second.kind](`${second.fn}<Interpreter>(m, i)`)}`;
}

const fusedName = (first: Row, second: Row): string => `${opName(first)}_${second.fn.toUpperCase()}`;

export function generateFused(): string {
  const pairs = FUSED.map(([first, second]) => [rowOf(first), rowOf(second)] as const);
  for (const [first] of pairs)
    if (first.kind !== "alu" && first.kind !== "mem") throw new Error(`${first.name} cannot be the first of a pair`);
  const lines = [GENERATED, `import { OP_COUNT, ${[...new Set(pairs.flat().map(opName))].join(", ")} } from "./ops";`, ""];
  pairs.forEach(([first, second], index) => lines.push(`export const ${fusedName(first, second)}: u32 = OP_COUNT + ${index};`));
  lines.push(
    "",
    "/** The dispatch number of `first` followed by `second`, or `first` itself. */",
    "export function fuse(first: u32, second: u32): u32 {",
  );
  for (const first of new Set(pairs.map(([row]) => row))) {
    lines.push(`  if (first == ${opName(first)}) {`);
    for (const [one, two] of pairs) if (one === first) lines.push(`    if (second == ${opName(two)}) return ${fusedName(one, two)};`);
    lines.push("  }");
  }
  lines.push("  return first;", "}", "");
  return lines.join("\n");
}

/** What imports the meanings of rows. */
export function importMeanings(rows: readonly Row[]): string[] {
  const modules = [...new Set(rows.map(moduleOf))];
  return modules.map(
    (module) =>
      `import { ${rows
        .filter((row) => moduleOf(row) === module)
        .map((row) => row.fn)
        .join(", ")} } from "../../isa/${module}";`,
  );
}

export function generateDispatch(): string {
  const imports = importMeanings(ROWS);
  const pairs = FUSED.map(([first, second]) => [rowOf(first), rowOf(second)] as const);
  return [
    GENERATED,
    'import { PANIC_INVARIANT } from "../../abi";',
    'import { panic } from "../../host";',
    'import { OP_CROSS, OP_ENTRY, OP_ILLEGAL, OP_PAGE_END, OP_UNDECODED } from "../../bus/code";',
    'import { enterPage, enterScratch } from "../../mmu/fetch";',
    'import { Insn } from "../../isa/insn";',
    `import { OP_NOP, ${ROWS.map(opName).join(", ")} } from "../../isa/generated/ops";`,
    pairs.length > 0
      ? `import { ${pairs.map(([first, second]) => fusedName(first, second)).join(", ")} } from "../../isa/generated/fused";`
      : "",
    'import { decodedOp, decodeSlot } from "../decode";',
    'import { Interpreter } from "../interpreter";',
    'import { leave, leaveAt, trapAt } from "../leave";',
    ...imports,
    "",
    "/**",
    " * Runs at most about `budget` instructions from h.pc; gives what is left. Comes back with h.pc and h.retired right. Where a region",
    " * begins it comes back with h.atEntry set; but the first instruction is run all the same where h.stepOver says so.",
    " */",
    "// prettier-ignore",
    "export function run(m: Interpreter, budget: i32): i32 {",
    "  const h = m.hart;",
    "  let n = budget;",
    "  let mark = n;",
    "  let e = enterPage(h, h.pc);",
    "  if (e == 0) return n;",
    "  let i = changetype<Insn>(e);",
    "  let op = i.op;",
    "  if ((op & 0xfff) == OP_ENTRY && h.stepOver != 0) op = decodedOp(h, e);",
    "  while (true) {",
    "    switch (op & 0xfff) {",
    "      case OP_UNDECODED: decodeSlot(h, e); op = i.op; continue;",
    "      case OP_PAGE_END: e = enterPage(h, m.pcOf(i)); if (e == 0 || n <= 0) return leaveAt(m, e, mark, n); i = changetype<Insn>(e); op = i.op; continue;",
    "      case OP_CROSS: e = enterScratch(h, m.pcOf(i)); if (e == 0) return leave(h, mark, n); i = changetype<Insn>(e); op = i.op; continue;",
    "      case OP_ENTRY: h.atEntry = 1; return leaveAt(m, e, mark, n);",
    "      case OP_ILLEGAL: return trapAt(m, i, mark, n);",
    "      case OP_NOP: break;",
    ...ROWS.map((row) => `      case ${opName(row)}: ${BODY[row.kind](`${row.fn}<Interpreter>(m, i)`)}`),
    ...pairs.map(([first, second]) => fusedCase(first, second)),
    "      default: panic(PANIC_INVARIANT); return leave(h, mark, n);",
    "    }",
    "    e += (op >>> 12) << 3;",
    "    n--;",
    "    i = changetype<Insn>(e);",
    "    op = i.op;",
    "  }",
    "}",
    "",
  ].join("\n");
}
