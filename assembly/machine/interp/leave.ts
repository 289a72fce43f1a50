// The ways out of the run loop. `mark - n` instructions were dispatched since the counters were last brought up to date.
import { Hart } from "../hart/state";
import { Insn } from "../isa/insn";
import { Interpreter } from "./interpreter";
import { illegal } from "./system";

/** The instruction at hand left by itself: h.pc is right, and it counted itself if it retired. */
export function leave(h: Hart, mark: i32, n: i32): i32 {
  h.retired += mark - n;
  return n;
}

/** After a jump to slot `e`: the budget is used up, or e is 0 and h.pc is right. */
export function leaveAt(m: Interpreter, e: usize, mark: i32, n: i32): i32 {
  if (e != 0) m.hart.pc = m.pcOf(changetype<Insn>(e));
  return leave(m.hart, mark, n);
}

/** An illegal instruction. */
export function trapAt(m: Interpreter, i: Insn, mark: i32, n: i32): i32 {
  leave(m.hart, mark, n);
  illegal(m, i);
  return n;
}
