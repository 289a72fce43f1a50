// Writes a function's body with its counters, as the plan has it. Loops without calls count down in a local `c`; everything else
// counts down in the global. An innermost loop of that kind has a second loop around it, and goes back there when its fuel is
// used up, so that the call to the host stands outside of the loop that is hot (a call inside would cost V8's register
// allocation and its unrolling). Leaving such a loop stores `c`. Depends on src/errors.ts only.
import { nestingOf, type Body } from "./bodies.js";
import type { ModuleInfo } from "./inspect.js";
import { Instruction } from "./instruction.js";
import type { ModuleLimits } from "./limits.js";
import { ENDS_PATH, OP, STEERS } from "./opcodes.js";
import { cutsSegment, LOOP, type LoopPlan, type Plan } from "./plan.js";
import { Reader } from "./reader.js";
import type { TypeEntry } from "./types.js";
import { isBulk } from "./weights.js";
import { Writer } from "./writer.js";

const VOID = 0x40;
const I64 = 0x7e;

/** Indices of what the instrumented module has more. */
export interface Appended {
  readonly fuelGlobal: number;
  /** () -> (): asks the host for fuel. */
  readonly refill: number;
  /** i64 -> i64: the same with the count in a local. */
  readonly refillLocal: number;
  /** i32 -> i32 and i64 -> i64: pays for a bulk operation of that length. */
  readonly bulk32: number;
  readonly bulk64: number;
}

interface Frame {
  /** Type index, -1 or -2, as Instruction has it. */
  readonly blockType: number;
  readonly isLoop: boolean;
  readonly plan: LoopPlan | undefined;
  /** How deep it is nested in what is written. */
  readonly depth: number;
  readonly wrapped: boolean;
}

export class Meter {
  private readonly bytes: Uint8Array;
  private readonly info: ModuleInfo;
  private readonly appended: Appended;
  private readonly writer = new Writer(4096);
  private readonly instruction: Instruction;
  private copied = 0;
  private frames: Frame[] = [];
  /** Frames up to and with the outermost loop that counts in the local; 0: not in such a loop. */
  private leafFrames = 0;
  private local = 0;

  constructor(bytes: Uint8Array, info: ModuleInfo, appended: Appended, limits: ModuleLimits) {
    this.bytes = bytes;
    this.info = info;
    this.appended = appended;
    this.instruction = new Instruction(limits);
  }

  /** The new body, without its length. */
  write(body: Body, plan: Plan): Uint8Array {
    const reader = new Reader(this.bytes, body.code, body.end);
    this.local = body.locals;
    this.leafFrames = 0;
    this.frames = [{ blockType: -1, isLoop: false, plan: undefined, depth: 0, wrapped: false }];
    this.writeLocals(body);
    this.chargeGlobal(plan.charges[0] as number, true);
    let segment = 0;
    let loop = 0;
    while (this.frames.length > 0) {
      const at = reader.pos;
      this.instruction.read(reader);
      const { op } = this.instruction;
      if (STEERS[op] === 0) continue;
      if (op === OP.loop) this.openLoop(at, reader.pos, plan.loops[loop++] as LoopPlan, plan.charges[segment + 1] as number);
      else this.rewrite(at, reader.pos);
      if (cutsSegment(op)) this.openSegment(op, plan.charges[++segment] ?? 0, reader.pos);
    }
    this.flush(body.end);
    return this.writer.take();
  }

  private writeLocals(body: Body): void {
    const groups = new Reader(this.bytes, body.start, body.code);
    groups.u32();
    this.writer.u32(body.localGroups + 1);
    this.writer.copy(this.bytes, groups.pos, body.code);
    this.emit(1, I64);
    this.copied = body.code;
  }

  private openSegment(op: number, charge: number, pos: number): void {
    if (op === OP.loop || charge === 0) return;
    this.flush(pos);
    if (this.leafFrames > 0) this.chargeLocal(charge);
    else this.chargeGlobal(charge, false);
  }

  private flush(pos: number): void {
    this.writer.copy(this.bytes, this.copied, pos);
    this.copied = pos;
  }

  private get depth(): number {
    return (this.frames[this.frames.length - 1] as Frame).depth;
  }

  // --- blocks and loops

  private openLoop(at: number, pos: number, plan: LoopPlan, weight: number): void {
    const { blockType } = this.instruction;
    const charge = Math.max(1, weight);
    const isLeaf = plan.kind !== LOOP.global;
    const wrapped = isLeaf && plan.innermost;
    if (plan.kind === LOOP.leaf) {
      this.flush(at);
      this.loadLocal();
    }
    if (wrapped) {
      this.flush(at);
      this.writer.copy(this.bytes, at, pos);
      this.refillLocal();
    }
    this.flush(pos);
    this.frames.push({ blockType, isLoop: true, plan, depth: this.depth + (wrapped ? 2 : 1), wrapped });
    if (plan.kind === LOOP.leaf) this.leafFrames = this.frames.length;
    if (wrapped) {
      this.testLocal();
      this.emit(OP.brIf, 1);
    } else if (isLeaf) this.refillLocal();
    if (isLeaf) this.chargeLocal(charge);
    else this.chargeGlobal(charge, true);
  }

  private closeBlock(pos: number): void {
    const frame = this.frames.pop() as Frame;
    if (frame.wrapped) {
      this.flush(pos);
      this.emit(OP.end);
    }
    if (frame.plan?.kind !== LOOP.leaf) return;
    this.leafFrames = 0;
    this.flush(pos);
    this.storeLocal();
  }

  // --- other instructions

  private rewrite(at: number, pos: number): void {
    const { op } = this.instruction;
    if (isBulk(this.instruction)) {
      this.flush(at);
      this.call(this.isLength64() ? this.appended.bulk64 : this.appended.bulk32);
    }
    const leaves = this.leafFrames > 0 && this.leavesLeaf();
    if (leaves && op === OP.brIf && this.arity(this.target(0)) === 0) return this.writeExitIf(at, pos);
    if (leaves) {
      this.flush(at);
      this.storeLocal();
    }
    if (this.instruction.labelCount > 0) this.rewriteLabels();
    const nesting = nestingOf(op);
    if (nesting > 0) {
      const { blockType } = this.instruction;
      this.frames.push({ blockType, isLoop: false, plan: undefined, depth: this.depth + 1, wrapped: false });
    }
    if (nesting < 0) this.closeBlock(pos);
  }

  /** Whether this instruction may go to where the global must be right. */
  private leavesLeaf(): boolean {
    const { op, labelCount } = this.instruction;
    if (op === OP.tryTable || op === OP.delegate) return false; // Whatever throws has stored before.
    if (ENDS_PATH[op] === 1 && op !== OP.br && op !== OP.brTable) return true;
    for (let label = 0; label < labelCount; label++) if (this.target(label) < this.leafFrames - 1) return true;
    return false;
  }

  /** The frame that a label of this instruction names. delegate's labels count from outside of its try. */
  private target(label: number): number {
    const from = this.frames.length - 1 - (this.instruction.op === OP.delegate ? 1 : 0);
    return Math.max(0, from - (this.instruction.labels[label] as number));
  }

  private rewriteLabels(): void {
    const { op, labelCount, labels, labelStarts, labelEnds } = this.instruction;
    const from = this.depth - (op === OP.delegate ? 1 : 0);
    for (let label = 0; label < labelCount; label++) {
      const depth = from - (this.frames[this.target(label)] as Frame).depth;
      if (depth === labels[label]) continue;
      this.flush(labelStarts[label] as number);
      this.writer.u32(depth);
      this.copied = labelEnds[label] as number;
    }
  }

  /** br_if to outside of the loop: the count is stored only where it branches. */
  private writeExitIf(at: number, pos: number): void {
    this.flush(at);
    this.emit(OP.if, VOID);
    this.storeLocal();
    this.emit(OP.br);
    this.writer.u32(this.depth + 1 - (this.frames[this.target(0)] as Frame).depth);
    this.emit(OP.end);
    this.copied = pos;
  }

  private arity(frame: number): number {
    const { blockType, isLoop } = this.frames[frame] as Frame;
    if (frame === 0) return 1; // The function's own results: stored beforehand, whatever their number.
    if (blockType < 0) return isLoop ? 0 : -blockType - 1;
    const type = this.info.types[blockType] as TypeEntry;
    return isLoop ? type.params.length : type.results.length;
  }

  private isLength64(): boolean {
    const { op, sub, index, index2 } = this.instruction;
    const { memories, tables } = this.info;
    if (op !== OP.misc) return false;
    if (sub === 10) return memories[index]?.is64 === true && memories[index2]?.is64 === true;
    if (sub === 11) return memories[index]?.is64 === true;
    if (sub === 14) return tables[index]?.is64 === true && tables[index2]?.is64 === true;
    return sub >= 15 && tables[index]?.is64 === true;
  }

  // --- what is inserted

  private emit(...code: number[]): void {
    for (const byte of code) this.writer.u8(byte);
  }

  private onLocal(op: number): void {
    this.writer.u8(op);
    this.writer.u32(this.local);
  }

  private onFuel(op: number): void {
    this.writer.u8(op);
    this.writer.u32(this.appended.fuelGlobal);
  }

  private call(index: number): void {
    this.writer.u8(OP.call);
    this.writer.u32(index);
  }

  private loadLocal(): void {
    this.onFuel(OP.globalGet);
    this.onLocal(OP.localSet);
  }

  private storeLocal(): void {
    this.onLocal(OP.localGet);
    this.onFuel(OP.globalSet);
  }

  private testLocal(): void {
    this.onLocal(OP.localGet);
    this.emit(OP.i64Const, 0, OP.i64LtS);
  }

  private refillLocal(): void {
    this.testLocal();
    this.emit(OP.if, VOID);
    this.onLocal(OP.localGet);
    this.call(this.appended.refillLocal);
    this.onLocal(OP.localSet);
    this.emit(OP.end);
  }

  private subtract(charge: number): void {
    this.writer.u8(OP.i64Const);
    this.writer.s32(charge);
    this.writer.u8(OP.i64Sub);
  }

  private chargeLocal(charge: number): void {
    this.onLocal(OP.localGet);
    this.subtract(charge);
    this.onLocal(OP.localSet);
  }

  private chargeGlobal(charge: number, test: boolean): void {
    this.onFuel(OP.globalGet);
    this.subtract(charge);
    if (!test) return this.onFuel(OP.globalSet);
    this.onLocal(OP.localTee); // 1 % faster than reading the global again.
    this.onFuel(OP.globalSet);
    this.testLocal();
    this.emit(OP.if, VOID);
    this.call(this.appended.refill);
    this.emit(OP.end);
  }
}
