// The base integer instructions, RV64I and Zifencei. Unprivileged specification, chapters 2, 4 and 6.
// A meaning uses each value once, in argument order, and no host operator touches a guest value: see RATIONALE.md.
import { Insn } from "./insn";

@inline export function lui<M>(m: M, i: Insn): void { m.put(i.rd, m.imm(i.longImm)); }
@inline export function auipc<M>(m: M, i: Insn): void { m.put(i.rd, m.pcPlus(i, i.longImm)); }
@inline export function jal<M>(m: M, i: Insn): usize { return m.jump(i); }
@inline export function jalr<M>(m: M, i: Insn): usize { return m.jumpTo(i, m.add(m.x(i.rs1), m.imm(i.imm))); }

@inline export function beq<M>(m: M, i: Insn): usize { return m.branch(i, m.eq(m.x(i.rs1), m.x(i.rs2))); }
@inline export function bne<M>(m: M, i: Insn): usize { return m.branch(i, m.ne(m.x(i.rs1), m.x(i.rs2))); }
@inline export function blt<M>(m: M, i: Insn): usize { return m.branch(i, m.lt(m.x(i.rs1), m.x(i.rs2))); }
@inline export function bge<M>(m: M, i: Insn): usize { return m.branch(i, m.ge(m.x(i.rs1), m.x(i.rs2))); }
@inline export function bltu<M>(m: M, i: Insn): usize { return m.branch(i, m.ltu(m.x(i.rs1), m.x(i.rs2))); }
@inline export function bgeu<M>(m: M, i: Insn): usize { return m.branch(i, m.geu(m.x(i.rs1), m.x(i.rs2))); }

@inline export function lb<M>(m: M, i: Insn): bool { return m.load<i8>(i, m.address(i)); }
@inline export function lh<M>(m: M, i: Insn): bool { return m.load<i16>(i, m.address(i)); }
@inline export function lw<M>(m: M, i: Insn): bool { return m.load<i32>(i, m.address(i)); }
@inline export function ld<M>(m: M, i: Insn): bool { return m.load<i64>(i, m.address(i)); }
@inline export function lbu<M>(m: M, i: Insn): bool { return m.load<u8>(i, m.address(i)); }
@inline export function lhu<M>(m: M, i: Insn): bool { return m.load<u16>(i, m.address(i)); }
@inline export function lwu<M>(m: M, i: Insn): bool { return m.load<u32>(i, m.address(i)); }
@inline export function sb<M>(m: M, i: Insn): bool { return m.store<u8>(i, m.address(i), m.x(i.rs2)); }
@inline export function sh<M>(m: M, i: Insn): bool { return m.store<u16>(i, m.address(i), m.x(i.rs2)); }
@inline export function sw<M>(m: M, i: Insn): bool { return m.store<u32>(i, m.address(i), m.x(i.rs2)); }
@inline export function sd<M>(m: M, i: Insn): bool { return m.store<u64>(i, m.address(i), m.x(i.rs2)); }

@inline export function addi<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.x(i.rs1), m.imm(i.imm))); }
@inline export function slti<M>(m: M, i: Insn): void { m.put(i.rd, m.truth(m.lt(m.x(i.rs1), m.imm(i.imm)))); }
@inline export function sltiu<M>(m: M, i: Insn): void { m.put(i.rd, m.truth(m.ltu(m.x(i.rs1), m.imm(i.imm)))); }
@inline export function xori<M>(m: M, i: Insn): void { m.put(i.rd, m.xor(m.x(i.rs1), m.imm(i.imm))); }
@inline export function ori<M>(m: M, i: Insn): void { m.put(i.rd, m.or(m.x(i.rs1), m.imm(i.imm))); }
@inline export function andi<M>(m: M, i: Insn): void { m.put(i.rd, m.and(m.x(i.rs1), m.imm(i.imm))); }
@inline export function slli<M>(m: M, i: Insn): void { m.put(i.rd, m.sll(m.x(i.rs1), m.imm(i.imm))); }
@inline export function srli<M>(m: M, i: Insn): void { m.put(i.rd, m.srl(m.x(i.rs1), m.imm(i.imm))); }
@inline export function srai<M>(m: M, i: Insn): void { m.put(i.rd, m.sra(m.x(i.rs1), m.imm(i.imm))); }

@inline export function add<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.x(i.rs1), m.x(i.rs2))); }
@inline export function sub<M>(m: M, i: Insn): void { m.put(i.rd, m.sub(m.x(i.rs1), m.x(i.rs2))); }
@inline export function sll<M>(m: M, i: Insn): void { m.put(i.rd, m.sll(m.x(i.rs1), m.x(i.rs2))); }
@inline export function slt<M>(m: M, i: Insn): void { m.put(i.rd, m.truth(m.lt(m.x(i.rs1), m.x(i.rs2)))); }
@inline export function sltu<M>(m: M, i: Insn): void { m.put(i.rd, m.truth(m.ltu(m.x(i.rs1), m.x(i.rs2)))); }
@inline export function xor<M>(m: M, i: Insn): void { m.put(i.rd, m.xor(m.x(i.rs1), m.x(i.rs2))); }
@inline export function srl<M>(m: M, i: Insn): void { m.put(i.rd, m.srl(m.x(i.rs1), m.x(i.rs2))); }
@inline export function sra<M>(m: M, i: Insn): void { m.put(i.rd, m.sra(m.x(i.rs1), m.x(i.rs2))); }
@inline export function or<M>(m: M, i: Insn): void { m.put(i.rd, m.or(m.x(i.rs1), m.x(i.rs2))); }
@inline export function and<M>(m: M, i: Insn): void { m.put(i.rd, m.and(m.x(i.rs1), m.x(i.rs2))); }

@inline export function addiw<M>(m: M, i: Insn): void { m.put(i.rd, m.addw(m.x(i.rs1), m.imm(i.imm))); }
@inline export function slliw<M>(m: M, i: Insn): void { m.put(i.rd, m.sllw(m.x(i.rs1), m.imm(i.imm))); }
@inline export function srliw<M>(m: M, i: Insn): void { m.put(i.rd, m.srlw(m.x(i.rs1), m.imm(i.imm))); }
@inline export function sraiw<M>(m: M, i: Insn): void { m.put(i.rd, m.sraw(m.x(i.rs1), m.imm(i.imm))); }
@inline export function addw<M>(m: M, i: Insn): void { m.put(i.rd, m.addw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function subw<M>(m: M, i: Insn): void { m.put(i.rd, m.subw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function sllw<M>(m: M, i: Insn): void { m.put(i.rd, m.sllw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function srlw<M>(m: M, i: Insn): void { m.put(i.rd, m.srlw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function sraw<M>(m: M, i: Insn): void { m.put(i.rd, m.sraw(m.x(i.rs1), m.x(i.rs2))); }

@inline export function fence<M>(m: M, i: Insn): void { m.nothing(); }
@inline export function fence_i<M>(m: M, i: Insn): bool { return m.fenceI(i); }
@inline export function ecall<M>(m: M, i: Insn): bool { return m.ecall(i); }
@inline export function ebreak<M>(m: M, i: Insn): bool { return m.ebreak(i); }
