// What an instruction costs in fuel, and which functions are paid for by their callers. The unit is wasmtime's: 1 an instruction,
// 0 for those that only give structure. Depends on src/errors.ts only.
import { walkBody, type Body } from "./bodies.js";
import type { ModuleInfo } from "./inspect.js";
import { Instruction } from "./instruction.js";
import type { ModuleLimits } from "./limits.js";
import { ENDS_PATH, OP, STEERS } from "./opcodes.js";

const MEMORY_GROW_WEIGHT = 200;

export const WEIGHTS = new Uint8Array(256).fill(1);
for (const op of [
  OP.unreachable,
  OP.nop,
  OP.block,
  OP.loop,
  OP.else,
  OP.try,
  OP.catch,
  OP.end,
  OP.return,
  OP.delegate,
  OP.catchAll,
  OP.drop,
  OP.tryTable,
])
  WEIGHTS[op] = 0;
WEIGHTS[OP.memoryGrow] = MEMORY_GROW_WEIGHT;

/** What a call costs beyond itself depends on the callee: `callWeights`, by function index; -1: it pays for itself. */
export interface CallWeights {
  readonly direct: Int32Array;
  /** For a call whose callee is not known. */
  readonly indirect: number;
}

export function weightOf(instruction: Instruction, calls: CallWeights): number {
  const { op } = instruction;
  const own = WEIGHTS[op] as number;
  if (op === OP.call || op === OP.returnCall) return own + Math.max(0, calls.direct[instruction.index] ?? 0);
  return isIndirectCall(op) ? own + calls.indirect : own;
}

export const isIndirectCall = (op: number): boolean =>
  op === OP.callIndirect || op === OP.returnCallIndirect || op === OP.callRef || op === OP.returnCallRef;

/** Instructions whose time depends on a length, which is on top of the stack. */
export function isBulk({ op, sub }: Instruction): boolean {
  if (op === OP.misc) return sub === 8 || sub === 10 || sub === 11 || sub === 12 || (sub >= 14 && sub !== 16 && sub <= 17);
  return op === OP.gc && (sub === 6 || sub === 7 || sub === 9 || sub === 10 || (sub >= 16 && sub <= 19));
}

/** Whether it throws or catches. */
export const isException = (op: number): boolean =>
  (op >= OP.try && op <= OP.throwRef) || op === OP.catchAll || op === OP.delegate || op === OP.tryTable;

/** What is known of a function when deciding whether its callers can pay for it. */
interface Summary {
  weight: number;
  /** It has loops, exceptions, traps (a caller's local count would be lost), bulk operations or calls to what is not known. */
  open: boolean;
  readonly callees: number[];
}

export interface Costs {
  readonly calls: CallWeights;
  readonly hasExceptions: boolean;
}

/**
 * A function without loops that calls none but such functions, of at most `maxInlineWeight` with all of theirs, is paid for by its
 * callers. So small leaf functions carry no counter.
 */
export function measureCosts(
  bytes: Uint8Array,
  info: ModuleInfo,
  bodies: readonly Body[],
  maxInlineWeight: number,
  limits: ModuleLimits,
): Costs {
  const imported = info.counts.importedFunctions;
  const summaries: Summary[] = [];
  let hasExceptions = false;
  const instruction = new Instruction(limits);
  for (const body of bodies) {
    const summary: Summary = { weight: 0, open: false, callees: [] };
    let dead = 0;
    walkBody(
      bytes,
      body,
      instruction,
      (depth) => {
        const { op } = instruction;
        if (STEERS[op] === 0) {
          if (dead === 0) summary.weight += WEIGHTS[op] as number;
          return;
        }
        const exception = isException(op);
        if (exception) hasExceptions = true;
        if (op === OP.loop || op === OP.unreachable || exception || isIndirectCall(op) || op === OP.returnCall || isBulk(instruction))
          summary.open = true;
        if (dead > 0 && depth <= dead && (op === OP.end || op === OP.else || op === OP.catch || op === OP.catchAll || op === OP.delegate))
          dead = 0;
        if (dead > 0) return;
        summary.weight += WEIGHTS[op] as number;
        if (summary.weight > maxInlineWeight) summary.open = true;
        if (op === OP.call && !summary.open) addCallee(summary, instruction.index, imported);
        if (ENDS_PATH[op] === 1) dead = depth;
      },
      limits,
    );
    summaries.push(summary);
  }
  const direct = inlineWeights(summaries, imported, maxInlineWeight);
  return { calls: { direct, indirect: direct.some((weight) => weight >= 0) ? maxInlineWeight : 0 }, hasExceptions };
}

function addCallee(summary: Summary, index: number, imported: number): void {
  if (index < imported) summary.open = true;
  else summary.callees.push(index - imported);
}

/** By function index: the weight of a function with all that it calls, or -1 where that is not bounded by `maxWeight`. */
function inlineWeights(summaries: readonly Summary[], imported: number, maxWeight: number): Int32Array {
  const UNKNOWN = -2;
  const weights = new Int32Array(imported + summaries.length).fill(-1);
  const own = weights.subarray(imported);
  summaries.forEach(({ open }, index) => (own[index] = open ? -1 : UNKNOWN));
  for (let root = 0; root < summaries.length; root++) {
    // Depth first with a stack of its own. A function that is met again while it is open calls itself: it stays -1.
    const stack = own[root] === UNKNOWN ? [root] : [];
    while (stack.length > 0) {
      const index = stack[stack.length - 1] as number;
      const { callees, weight } = summaries[index] as Summary;
      if (own[index] === UNKNOWN) {
        own[index] = -1;
        const unknown = callees.filter((callee) => own[callee] === UNKNOWN);
        stack.push(...unknown);
        if (unknown.length > 0) continue;
      }
      stack.pop();
      const total = callees.reduce((sum, callee) => sum + ((own[callee] ?? -1) < 0 ? Infinity : (own[callee] as number)), weight);
      if (own[index] === -1 && total <= maxWeight) own[index] = total;
    }
  }
  return weights;
}
