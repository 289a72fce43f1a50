// How a generated guest ends. Depends on agree, guest-code and work.
import { FINISHER_PA } from "./agree.js";
import type { GuestCode } from "./guest-code.js";
import { T1, T2 } from "./work.js";

/** Ends the guest with the low half of register `from` as its status; `t1` and `t2` are overwritten. What is behind it runs no more: label "stop". */
export function powerOff(code: GuestCode, from: number, t1: number = T1, t2: number = T2): void {
  code.op("slli", { rd: t1, rs1: from, imm: 16 });
  code.li(t2, 0x3333);
  code.op("or", { rd: t1, rs1: t1, rs2: t2 });
  code.li(t2, FINISHER_PA);
  code.op("sw", { rs1: t2, rs2: t1 });
  code.label("stop");
  code.jump("stop");
}
