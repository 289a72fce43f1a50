// The code section: where each function's body, its locals and its instructions lie, with the limits on each, and a pass over all
// instructions that checks nesting. Depends on src/errors.ts only.
import type { ModuleInfo } from "./inspect.js";
import { Instruction } from "./instruction.js";
import { checkLimit, MODULE_LIMITS, type ModuleLimits } from "./limits.js";
import { OP } from "./opcodes.js";
import { Reader } from "./reader.js";
import { SECTION } from "./sections.js";
import { readValueType, type TypeEntry } from "./types.js";

export interface Body {
  /** Among the functions that the module defines. */
  readonly index: number;
  readonly type: TypeEntry;
  /** Offsets: of the locals' declarations, of the first instruction, behind the last. */
  readonly start: number;
  readonly code: number;
  readonly end: number;
  /** How often a group of locals is declared, and locals with the parameters. */
  readonly localGroups: number;
  readonly locals: number;
}

/** All function bodies, in order. */
export function readBodies(bytes: Uint8Array, info: ModuleInfo, limits: ModuleLimits = MODULE_LIMITS): Body[] {
  const section = info.sections.find(({ id }) => id === SECTION.code);
  if (section === undefined) return [];
  const reader = new Reader(bytes, section.start, section.end);
  const count = reader.u32();
  const bodies: Body[] = [];
  for (let index = 0; index < count; index++) {
    const range = reader.range(reader.u32());
    bodies.push(readBody(range, info, index, limits));
  }
  if (!reader.atEnd) reader.fail("bytes left over at the end of a section");
  return bodies;
}

function readBody(reader: Reader, info: ModuleInfo, index: number, limits: ModuleLimits): Body {
  checkLimit(limits, "functionBytes", reader.end - reader.pos, where(info, index));
  const type = info.types[info.functionTypes[index + info.counts.importedFunctions] ?? -1] ?? reader.fail("a function without a type");
  const start = reader.pos;
  const localGroups = reader.u32();
  let locals = type.params.length;
  for (let group = 0; group < localGroups; group++) {
    locals += reader.u32();
    checkLimit(limits, "locals", locals, where(info, index));
    readValueType(reader);
  }
  return { index, type, start, code: reader.pos, end: reader.end, localGroups, locals };
}

/** How an instruction changes the nesting of blocks: 1 opens one, -1 closes one. */
export function nestingOf(op: number): number {
  if (op === OP.end || op === OP.delegate) return -1;
  return (op >= OP.block && op <= OP.if) || op === OP.try || op === OP.tryTable ? 1 : 0;
}

/** Reads all instructions of a body: `visit` sees each, with how deeply it is nested (1 = in the function's own block). */
export function walkBody(
  bytes: Uint8Array,
  body: Body,
  instruction: Instruction,
  visit: (depth: number) => void,
  limits = MODULE_LIMITS,
): void {
  const reader = new Reader(bytes, body.code, body.end);
  let depth = 1;
  while (depth > 0) {
    instruction.read(reader);
    visit(depth);
    depth += nestingOf(instruction.op);
    if (depth > limits.nesting) checkLimit(limits, "nesting", depth, ` (function ${body.index})`);
  }
  if (!reader.atEnd) reader.fail("bytes behind the end of a function");
}

/** Checks the limits of all function bodies. The instructions are read only of functions that are large enough to exceed one. */
export function checkBodies(bytes: Uint8Array, info: ModuleInfo, limits: ModuleLimits = MODULE_LIMITS): void {
  const instruction = new Instruction(limits);
  for (const body of readBodies(bytes, info, limits)) {
    if (!mayExceed(body, limits)) continue;
    let branches = 0;
    const count = (): void => {
      branches += instruction.labelCount + (nestingOf(instruction.op) > 0 ? 1 : 0);
    };
    walkBody(bytes, body, instruction, count, limits);
    checkLimit(limits, "localsTimesBranches", body.locals * branches, where(info, body.index));
  }
}

/** A block takes three bytes, a branch two, an entry of br_table one. */
function mayExceed(body: Body, limits: ModuleLimits): boolean {
  const size = body.end - body.code;
  return size / 3 > limits.nesting || size > limits.branchTableEntries || body.locals * size > limits.localsTimesBranches;
}

const where = (info: ModuleInfo, index: number): string => ` (function ${index + info.counts.importedFunctions})`;
