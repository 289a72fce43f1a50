// Loops that begin at one place, of which only the outer one has calls: the translator tells them apart (assembly/machine/translate/loops.ts).
import { describe, it } from "vitest";
import { expectAgreement, type Guest, RAM_PA } from "../differential/loops/agree.js";
import { GuestCode } from "../differential/loops/guest-code.js";
import { powerOff } from "../differential/loops/power-off.js";

const [LINK, SP, SUM, LEFT, WIDE, FEW, MORE, T] = [1, 2, 8, 9, 10, 11, 12, 13];
const STACK_PA = RAM_PA + 0x1000000;
const MSCRATCH = 0x340;
const BUDGETS = [20_000, 97, 3, 257];

function guest(write: (code: GuestCode) => void): Guest {
  const code = new GuestCode(RAM_PA);
  code.li(SP, STACK_PA);
  code.li(LEFT, 4_000);
  code.li(MORE, 300);
  write(code);
  powerOff(code, SUM);
  code.label("leaf");
  code.op("xori", { rd: SUM, rs1: SUM, imm: 0x55 });
  code.op("add", { rd: WIDE, rs1: WIDE, rs2: SUM });
  code.op("jalr", { rs1: LINK });
  return {
    entryPa: RAM_PA,
    loads: [{ pa: RAM_PA, bytes: code.bytes() }],
    compared: [{ pa: STACK_PA - 4096, bytes: 4096 }],
    maxInsns: 200_000,
  };
}

/** A round of a loop at `head`, which goes round `times` times out of `times` + 1. */
function round(code: GuestCode, head: string, times: number): void {
  code.label(head);
  code.op("addi", { rd: SUM, rs1: SUM, imm: 3 });
  code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
  code.op("andi", { rd: FEW, rs1: LEFT, imm: times });
  code.to("bne", { rs1: FEW }, head);
}

const SHAPES: Readonly<Record<string, (code: GuestCode) => void>> = {
  "that are entered behind an instruction of the interpreter's"(code) {
    code.label("head");
    code.op("addi", { rd: SUM, rs1: SUM, imm: 3 });
    code.op("andi", { rd: T, rs1: SUM, imm: 4 });
    code.op("slli", { rd: WIDE, rs1: SUM, imm: 33 });
    code.to("bne", { rs1: T }, "plain");
    code.op("csrrs", { rd: T, imm: MSCRATCH });
    code.op("add", { rd: WIDE, rs1: WIDE, rs2: T });
    code.label("plain");
    code.op("add", { rd: SUM, rs1: SUM, rs2: WIDE });
    code.op("addi", { rd: LEFT, rs1: LEFT, imm: -1 });
    code.op("andi", { rd: FEW, rs1: LEFT, imm: 7 });
    code.to("bne", { rs1: FEW }, "head");
    code.to("jal", { rd: LINK }, "leaf");
    code.to("bne", { rs1: LEFT }, "head");
  },
  "where a function begins that calls itself"(code) {
    code.to("jal", { rd: LINK }, "head");
    code.jump("end");
    round(code, "head", 3);
    code.to("beq", { rs1: LEFT }, "return");
    code.op("addi", { rd: SP, rs1: SP, imm: -16 });
    code.op("sd", { rs1: SP, rs2: LINK });
    code.op("addi", { rd: MORE, rs1: MORE, imm: -1 });
    code.to("beq", { rs1: MORE }, "back");
    code.to("jal", { rd: LINK }, "head");
    code.label("back");
    code.op("ld", { rd: LINK, rs1: SP });
    code.op("addi", { rd: SP, rs1: SP, imm: 16 });
    code.op("andi", { rd: T, rs1: SUM, imm: 1 });
    code.to("bne", { rs1: T }, "head");
    code.label("return");
    code.op("jalr", { rs1: LINK });
    code.label("end");
  },
  "one in another"(code) {
    round(code, "head", 3);
    round(code, "inner", 1);
    code.to("jal", { rd: LINK }, "leaf");
    code.op("andi", { rd: T, rs1: LEFT, imm: 8 });
    code.to("bne", { rs1: T }, "inner");
    code.op("addi", { rd: MORE, rs1: MORE, imm: -1 });
    code.to("bne", { rs1: MORE }, "head");
  },
};

describe("loops of one head", () => {
  it.each(Object.entries(SHAPES))("%s", (_, write) => {
    expectAgreement(guest(write), BUDGETS, "this guest is always the same");
  });
});
