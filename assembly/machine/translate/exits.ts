// The ways out of a translated function to the interpreter. Depends on hart, frame, imports and writer.
import { Hart } from "../hart/state";
import {
  access, branch, close, DEPTH, get, hart, i32Const, i64Const, LABEL_EXIT, N, open, PC, set, T32, tee, VAL, WHERE,
} from "./frame"; // prettier-ignore
import { becomeHelper, HELPER_LINK } from "./imports";
import { byte, hintUnlikely } from "./writer";
import * as op from "./wasm";

/** The way out of the block at hand: its own, or LABEL_EXIT where no register need be stored. */
let wayOut: u32 = LABEL_EXIT;
/** True where the block at hand took it. */
export let isLeft: bool = false;

/** Added to the pc that translated code leaves behind: the interpreter is to run that instruction, for translated code cannot. */
export const INTERPRET: i64 = 1;

/** A block begins whose way out is label `label`. */
export function beginExits(label: u32): void {
  wayOut = label;
  isLeft = false;
}

/** Leaves the region: the instruction `halves` from pc comes next; `uncounted` instructions were counted but not run. */
export function exit(halves: i32, uncounted: u32): void {
  isLeft = true;
  i32Const((halves << 16) | (<i32>uncounted));
  set(WHERE);
  branch(op.BR, wayOut);
}

/** Where the instruction at hand stands: halfwords from the region's pc, and instructions that are counted already from it on. */
export let hereHalves: i32 = 0;
let hereLeft: u32 = 0;
/** Ways to leave the region that were written. */
export let leaves: u32 = 0;

export function beginInsn(halves: i32, left: u32): void {
  hereHalves = halves;
  hereLeft = left;
}

/** The interpreter is to run the instruction at hand. Where no register need be stored the function ends here, so that V8 has nothing to bring together elsewhere. */
export function leave(): void {
  leaves++;
  if (wayOut != LABEL_EXIT) {
    exit(hereHalves, hereLeft);
    return;
  }
  hart();
  get(PC);
  i64Const(((<i64>hereHalves) << 1) | INTERPRET);
  byte(op.I64_ADD);
  access(op.I64_STORE, <u32>offsetof<Hart>("pc"));
  get(N);
  i32Const(hereLeft);
  byte(op.I32_ADD);
  byte(op.RETURN);
}

/** As leave(), where the i32 on the stack is not 0. */
export function leaveIf(): void {
  hintUnlikely();
  open(op.IF);
  leave();
  close();
}

/**
 * The end of the function, behind the body: see the picture in frame.ts. Where the region only ends here, what comes next runs in its
 * place, so that the calls around it stay as they are.
 */
export function writeExits(): void {
  close(); // $exit
  get(PC);
  get(WHERE);
  i32Const(16);
  byte(op.I32_SHR_S);
  i32Const(1);
  byte(op.I32_SHL);
  byte(op.I64_EXTEND_I32_S);
  byte(op.I64_ADD);
  set(VAL);
  get(WHERE);
  i32Const(0xffff);
  byte(op.I32_AND);
  tee(T32);
  byte(op.I32_EQZ);
  open(op.IF);
  get(VAL);
  get(N);
  get(DEPTH);
  becomeHelper(HELPER_LINK);
  close();
  hart();
  get(VAL);
  i64Const(INTERPRET);
  byte(op.I64_ADD);
  access(op.I64_STORE, <u32>offsetof<Hart>("pc"));
  get(N);
  get(T32);
  byte(op.I32_ADD);
}
