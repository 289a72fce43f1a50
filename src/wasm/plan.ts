// Where a function's counters go and what each counts. A body is cut into segments of straight-line code; a segment is paid for at
// its own start, or, while that overcharges by no more than `foldWeight`, where it is certain that it was paid before: at the
// segment that dominates it. Entries and loop heads always pay for themselves. Depends on src/errors.ts only.
import { nestingOf, type Body } from "./bodies.js";
import { Instruction } from "./instruction.js";
import type { ModuleLimits } from "./limits.js";
import { ENDS_PATH, OP, STEERS } from "./opcodes.js";
import { Reader } from "./reader.js";
import { isBulk, isIndirectCall, weightOf, WEIGHTS, type Costs } from "./weights.js";

/** How a loop counts. */
export const LOOP = {
  /** It has calls: in the global. */
  global: 0,
  /** It and all loops in it are without calls: in a local, which is loaded before the outermost such loop and stored behind it. */
  leaf: 1,
  nestedLeaf: 2,
} as const;

export interface LoopPlan {
  kind: number;
  innermost: boolean;
}

export interface Plan {
  /** What to count at the start of each segment, in order; 0: nothing. */
  readonly charges: number[];
  readonly loops: LoopPlan[];
}

/** Whether a segment begins behind this instruction. */
export const cutsSegment = (op: number): boolean =>
  (op >= OP.loop && op <= OP.else) || op === OP.catch || op === OP.catchAll || op === OP.end || op === OP.delegate || op === OP.brIf ||
  op === OP.brOnNull || op === OP.brOnNonNull || ENDS_PATH[op] === 1; // prettier-ignore

interface Frame {
  /** The segment in which the block was opened. */
  readonly segment: number;
  readonly loop: number;
}

interface OpenLoop {
  readonly parent: number;
  hasCalls: boolean;
  hasLoops: boolean;
}

export function planFunction(bytes: Uint8Array, body: Body, costs: Costs, foldWeight: number, limits: ModuleLimits): Plan {
  const planner = new Planner(costs, foldWeight);
  const reader = new Reader(bytes, body.code, body.end);
  const instruction = new Instruction(limits);
  while (planner.frames.length > 0) {
    instruction.read(reader);
    planner.visit(instruction);
  }
  return planner.finish();
}

class Planner {
  readonly frames: Frame[] = [{ segment: 0, loop: -1 }];
  private readonly charges: number[] = [];
  /** For each segment, the one at which it is paid; and what was added to that one for others. */
  private readonly payers: number[] = [];
  private readonly folded: number[] = [];
  private readonly loops: OpenLoop[] = [];
  private loop = -1;
  /** The open segment: its dominator (-1: it pays for itself), its weight, whether it is never reached. */
  private dominator = -1;
  private weight = 0;
  private dead = false;
  private readonly costs: Costs;
  private readonly foldWeight: number;

  constructor(costs: Costs, foldWeight: number) {
    this.costs = costs;
    this.foldWeight = foldWeight;
  }

  visit(instruction: Instruction): void {
    const { op } = instruction;
    if (STEERS[op] === 0) {
      this.weight += WEIGHTS[op] as number;
      return;
    }
    this.weight += weightOf(instruction, this.costs.calls);
    if (this.isCall(instruction) && this.loop >= 0) (this.loops[this.loop] as OpenLoop).hasCalls = true;
    const nesting = nestingOf(op);
    const here = this.charges.length;
    const opened = this.frames[this.frames.length - 1] as Frame;
    if (op === OP.loop) this.openLoop();
    if (cutsSegment(op)) this.closeSegment();
    if (nesting > 0) this.frames.push({ segment: here, loop: this.loop });
    if (nesting < 0) this.closeBlock();
    if (cutsSegment(op))
      this.openSegment(op, op === OP.if || op === OP.brIf || op === OP.brOnNull || op === OP.brOnNonNull ? here : opened.segment);
  }

  private isCall(instruction: Instruction): boolean {
    const { op } = instruction;
    // What a call in a loop throws would leave with the loop's local count: such modules count in the global.
    if (op === OP.call) return this.costs.hasExceptions || (this.costs.calls.direct[instruction.index] ?? -1) < 0;
    return (isIndirectCall(op) && op !== OP.returnCallIndirect && op !== OP.returnCallRef) || isBulk(instruction);
  }

  private openLoop(): void {
    if (this.loop >= 0) (this.loops[this.loop] as OpenLoop).hasLoops = true;
    this.loops.push({ parent: this.loop, hasCalls: false, hasLoops: false });
    this.loop = this.loops.length - 1;
  }

  private closeBlock(): void {
    const frame = this.frames.pop() as Frame;
    const outer = this.frames[this.frames.length - 1]?.loop ?? -1;
    if (frame.loop !== outer && (this.loops[frame.loop] as OpenLoop).hasCalls && outer >= 0)
      (this.loops[outer] as OpenLoop).hasCalls = true;
    this.loop = outer;
  }

  private openSegment(op: number, dominator: number): void {
    this.dominator = op === OP.loop ? -1 : (this.payers[dominator] ?? 0);
    this.weight = 0;
    this.dead = ENDS_PATH[op] === 1;
  }

  private closeSegment(): void {
    const at = this.charges.length;
    const payer = this.dominator;
    const folds = payer >= 0 && (this.dead || (this.folded[payer] as number) + this.weight <= this.foldWeight);
    this.payers.push(folds ? payer : at);
    this.charges.push(folds ? 0 : this.weight);
    this.folded.push(0);
    if (!folds || this.dead) return;
    this.charges[payer] = (this.charges[payer] as number) + this.weight;
    this.folded[payer] = (this.folded[payer] as number) + this.weight;
  }

  finish(): Plan {
    const isLeaf = (loop: number): boolean => loop >= 0 && !(this.loops[loop] as OpenLoop).hasCalls;
    const loops = this.loops.map(({ parent, hasLoops }, index) => ({
      kind: !isLeaf(index) ? LOOP.global : isLeaf(parent) ? LOOP.nestedLeaf : LOOP.leaf,
      innermost: !hasLoops,
    }));
    return { charges: this.charges, loops };
  }
}
