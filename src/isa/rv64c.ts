// The C extension: each row only expands to a base instruction. Unprivileged specification 20240411, chapter 26.
// An immediate is written as the specification draws it: "5@12 4:0@6" puts instruction bit 12 at immediate bit 5 and the field
// that starts (lowest bit) at instruction bit 2 ... 6 at immediate bits 4:0; the number after @ is the field's highest bit.
import { type CompressedRow, type Operand, parsePattern, type Scatter } from "./table.js";

interface Parts {
  rd?: Operand;
  rs1?: Operand;
  rs2?: Operand;
  imm?: string;
  nonZero?: CompressedRow["nonZero"];
}

const RD: Operand = { at: 7, bits: 5 };
const RS2: Operand = { at: 2, bits: 5 };
const RD_: Operand = { at: 2, bits: 3 }; // rd' and rs2' of the specification
const RS1_: Operand = { at: 7, bits: 3 }; // rs1', also rd'
const SP = 2;

/** "5:4@12" -> immediate bits 5..4 come from instruction bits 12..11. */
function scatter(text: string): Scatter[] {
  return text.split(" ").map((part) => {
    const [bits = "", top = ""] = part.split("@");
    const [high = "", low = high] = bits.split(":");
    const width = Number(high) - Number(low) + 1;
    return { from: Number(top) - width + 1, width, to: Number(low) };
  });
}

function c(name: string, pattern: string, base: string, parts: Parts, signed = true): CompressedRow {
  const { rd = 0, rs1 = 0, rs2 = 0, imm, nonZero = [] } = parts;
  return { name, ...parsePattern(pattern, 16), base, rd, rs1, rs2, imm: imm ? scatter(imm) : [], signed, nonZero };
}

const IMM6 = "5@12 4:0@6";
const JUMP = "11@12 4@11 9:8@10 10@8 6@7 7@6 3:1@5 5@2";
const BRANCH = "8@12 4:3@11 7:6@6 2:1@4 5@2";
const WORD = "5:3@12 2@6 6@5";
const DOUBLE = "5:3@12 7:6@6";

// Rows with more fixed bits come first: the first match decides.
// prettier-ignore
export const COMPRESSED_ROWS: readonly CompressedRow[] = [
  c("c.addi4spn", "000 ........ ... 00",        "addi",  { rd: RD_, rs1: SP, imm: "5:4@12 9:6@10 2@6 3@5", nonZero: ["imm"] }, false),
  c("c.fld",      "001 ... ... .. ... 00",      "fld",   { rd: RD_, rs1: RS1_, imm: DOUBLE }, false),
  c("c.lw",       "010 ... ... .. ... 00",      "lw",    { rd: RD_, rs1: RS1_, imm: WORD }, false),
  c("c.ld",       "011 ... ... .. ... 00",      "ld",    { rd: RD_, rs1: RS1_, imm: DOUBLE }, false),
  c("c.fsd",      "101 ... ... .. ... 00",      "fsd",   { rs2: RD_, rs1: RS1_, imm: DOUBLE }, false),
  c("c.sw",       "110 ... ... .. ... 00",      "sw",    { rs2: RD_, rs1: RS1_, imm: WORD }, false),
  c("c.sd",       "111 ... ... .. ... 00",      "sd",    { rs2: RD_, rs1: RS1_, imm: DOUBLE }, false),
  c("c.addi",     "000 . ..... ..... 01",       "addi",  { rd: RD, rs1: RD, imm: IMM6 }),
  c("c.addiw",    "001 . ..... ..... 01",       "addiw", { rd: RD, rs1: RD, imm: IMM6, nonZero: ["rd"] }),
  c("c.li",       "010 . ..... ..... 01",       "addi",  { rd: RD, imm: IMM6 }),
  c("c.addi16sp", "011 . 00010 ..... 01",       "addi",  { rd: SP, rs1: SP, imm: "9@12 4@6 6@5 8:7@4 5@2", nonZero: ["imm"] }),
  c("c.lui",      "011 . ..... ..... 01",       "lui",   { rd: RD, imm: "17@12 16:12@6", nonZero: ["imm"] }),
  c("c.srli",     "100 . 00 ... ..... 01",      "srli",  { rd: RS1_, rs1: RS1_, imm: IMM6 }, false),
  c("c.srai",     "100 . 01 ... ..... 01",      "srai",  { rd: RS1_, rs1: RS1_, imm: IMM6 }, false),
  c("c.andi",     "100 . 10 ... ..... 01",      "andi",  { rd: RS1_, rs1: RS1_, imm: IMM6 }),
  c("c.sub",      "100 0 11 ... 00 ... 01",     "sub",   { rd: RS1_, rs1: RS1_, rs2: RD_ }),
  c("c.xor",      "100 0 11 ... 01 ... 01",     "xor",   { rd: RS1_, rs1: RS1_, rs2: RD_ }),
  c("c.or",       "100 0 11 ... 10 ... 01",     "or",    { rd: RS1_, rs1: RS1_, rs2: RD_ }),
  c("c.and",      "100 0 11 ... 11 ... 01",     "and",   { rd: RS1_, rs1: RS1_, rs2: RD_ }),
  c("c.subw",     "100 1 11 ... 00 ... 01",     "subw",  { rd: RS1_, rs1: RS1_, rs2: RD_ }),
  c("c.addw",     "100 1 11 ... 01 ... 01",     "addw",  { rd: RS1_, rs1: RS1_, rs2: RD_ }),
  c("c.j",        "101 ........... 01",         "jal",   { imm: JUMP }),
  c("c.beqz",     "110 ... ... ..... 01",       "beq",   { rs1: RS1_, imm: BRANCH }),
  c("c.bnez",     "111 ... ... ..... 01",       "bne",   { rs1: RS1_, imm: BRANCH }),
  c("c.slli",     "000 . ..... ..... 10",       "slli",  { rd: RD, rs1: RD, imm: IMM6 }, false),
  c("c.fldsp",    "001 . ..... ..... 10",       "fld",   { rd: RD, rs1: SP, imm: "5@12 4:3@6 8:6@4" }, false),
  c("c.lwsp",     "010 . ..... ..... 10",       "lw",    { rd: RD, rs1: SP, imm: "5@12 4:2@6 7:6@3", nonZero: ["rd"] }, false),
  c("c.ldsp",     "011 . ..... ..... 10",       "ld",    { rd: RD, rs1: SP, imm: "5@12 4:3@6 8:6@4", nonZero: ["rd"] }, false),
  c("c.jr",       "100 0 ..... 00000 10",       "jalr",  { rs1: RD, nonZero: ["rd"] }),
  c("c.mv",       "100 0 ..... ..... 10",       "add",   { rd: RD, rs2: RS2 }),
  c("c.ebreak",   "100 1 00000 00000 10",       "ebreak", {}),
  c("c.jalr",     "100 1 ..... 00000 10",       "jalr",  { rd: 1, rs1: RD }),
  c("c.add",      "100 1 ..... ..... 10",       "add",   { rd: RD, rs1: RD, rs2: RS2 }),
  c("c.fsdsp",    "101 ...... ..... 10",        "fsd",   { rs2: RS2, rs1: SP, imm: "5:3@12 8:6@9" }, false),
  c("c.swsp",     "110 ...... ..... 10",        "sw",    { rs2: RS2, rs1: SP, imm: "5:2@12 7:6@8" }, false),
  c("c.sdsp",     "111 ...... ..... 10",        "sd",    { rs2: RS2, rs1: SP, imm: "5:3@12 8:6@9" }, false),
];
