// Bit manipulation: Zba, Zbb, Zbc, Zbs; and Zicond. Unprivileged specification, chapters 12.3 and 30.
import { Insn } from "./insn";

@inline export function add_uw<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.zext32(m.x(i.rs1)), m.x(i.rs2))); }
@inline export function sh1add<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.sll(m.x(i.rs1), m.imm(1)), m.x(i.rs2))); }
@inline export function sh1add_uw<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.sll(m.zext32(m.x(i.rs1)), m.imm(1)), m.x(i.rs2))); }
@inline export function sh2add<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.sll(m.x(i.rs1), m.imm(2)), m.x(i.rs2))); }
@inline export function sh2add_uw<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.sll(m.zext32(m.x(i.rs1)), m.imm(2)), m.x(i.rs2))); }
@inline export function sh3add<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.sll(m.x(i.rs1), m.imm(3)), m.x(i.rs2))); }
@inline export function sh3add_uw<M>(m: M, i: Insn): void { m.put(i.rd, m.add(m.sll(m.zext32(m.x(i.rs1)), m.imm(3)), m.x(i.rs2))); }
@inline export function slli_uw<M>(m: M, i: Insn): void { m.put(i.rd, m.sll(m.zext32(m.x(i.rs1)), m.imm(i.imm))); }

@inline export function andn<M>(m: M, i: Insn): void { m.put(i.rd, m.and(m.x(i.rs1), m.not(m.x(i.rs2)))); }
@inline export function orn<M>(m: M, i: Insn): void { m.put(i.rd, m.or(m.x(i.rs1), m.not(m.x(i.rs2)))); }
@inline export function xnor<M>(m: M, i: Insn): void { m.put(i.rd, m.not(m.xor(m.x(i.rs1), m.x(i.rs2)))); }
@inline export function clz<M>(m: M, i: Insn): void { m.put(i.rd, m.clz(m.x(i.rs1))); }
@inline export function ctz<M>(m: M, i: Insn): void { m.put(i.rd, m.ctz(m.x(i.rs1))); }
@inline export function cpop<M>(m: M, i: Insn): void { m.put(i.rd, m.cpop(m.x(i.rs1))); }
@inline export function clzw<M>(m: M, i: Insn): void { m.put(i.rd, m.clzw(m.x(i.rs1))); }
@inline export function ctzw<M>(m: M, i: Insn): void { m.put(i.rd, m.ctzw(m.x(i.rs1))); }
@inline export function cpopw<M>(m: M, i: Insn): void { m.put(i.rd, m.cpopw(m.x(i.rs1))); }
@inline export function max<M>(m: M, i: Insn): void { m.put(i.rd, m.max(m.x(i.rs1), m.x(i.rs2))); }
@inline export function maxu<M>(m: M, i: Insn): void { m.put(i.rd, m.maxu(m.x(i.rs1), m.x(i.rs2))); }
@inline export function min<M>(m: M, i: Insn): void { m.put(i.rd, m.min(m.x(i.rs1), m.x(i.rs2))); }
@inline export function minu<M>(m: M, i: Insn): void { m.put(i.rd, m.minu(m.x(i.rs1), m.x(i.rs2))); }
@inline export function sext_b<M>(m: M, i: Insn): void { m.put(i.rd, m.sext8(m.x(i.rs1))); }
@inline export function sext_h<M>(m: M, i: Insn): void { m.put(i.rd, m.sext16(m.x(i.rs1))); }
@inline export function zext_h<M>(m: M, i: Insn): void { m.put(i.rd, m.zext16(m.x(i.rs1))); }
@inline export function rol<M>(m: M, i: Insn): void { m.put(i.rd, m.rol(m.x(i.rs1), m.x(i.rs2))); }
@inline export function ror<M>(m: M, i: Insn): void { m.put(i.rd, m.ror(m.x(i.rs1), m.x(i.rs2))); }
@inline export function rori<M>(m: M, i: Insn): void { m.put(i.rd, m.ror(m.x(i.rs1), m.imm(i.imm))); }
@inline export function rolw<M>(m: M, i: Insn): void { m.put(i.rd, m.rolw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function rorw<M>(m: M, i: Insn): void { m.put(i.rd, m.rorw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function roriw<M>(m: M, i: Insn): void { m.put(i.rd, m.rorw(m.x(i.rs1), m.imm(i.imm))); }
@inline export function orc_b<M>(m: M, i: Insn): void { m.put(i.rd, m.orcB(m.x(i.rs1))); }
@inline export function rev8<M>(m: M, i: Insn): void { m.put(i.rd, m.rev8(m.x(i.rs1))); }

@inline export function clmul<M>(m: M, i: Insn): void { m.put(i.rd, m.clmul(m.x(i.rs1), m.x(i.rs2))); }
@inline export function clmulh<M>(m: M, i: Insn): void { m.put(i.rd, m.clmulh(m.x(i.rs1), m.x(i.rs2))); }
@inline export function clmulr<M>(m: M, i: Insn): void { m.put(i.rd, m.clmulr(m.x(i.rs1), m.x(i.rs2))); }

@inline export function bclr<M>(m: M, i: Insn): void { m.put(i.rd, m.and(m.x(i.rs1), m.not(m.bit(m.x(i.rs2))))); }
@inline export function bext<M>(m: M, i: Insn): void { m.put(i.rd, m.and(m.srl(m.x(i.rs1), m.x(i.rs2)), m.imm(1))); }
@inline export function binv<M>(m: M, i: Insn): void { m.put(i.rd, m.xor(m.x(i.rs1), m.bit(m.x(i.rs2)))); }
@inline export function bset<M>(m: M, i: Insn): void { m.put(i.rd, m.or(m.x(i.rs1), m.bit(m.x(i.rs2)))); }
@inline export function bclri<M>(m: M, i: Insn): void { m.put(i.rd, m.and(m.x(i.rs1), m.not(m.bit(m.imm(i.imm))))); }
@inline export function bexti<M>(m: M, i: Insn): void { m.put(i.rd, m.and(m.srl(m.x(i.rs1), m.imm(i.imm)), m.imm(1))); }
@inline export function binvi<M>(m: M, i: Insn): void { m.put(i.rd, m.xor(m.x(i.rs1), m.bit(m.imm(i.imm)))); }
@inline export function bseti<M>(m: M, i: Insn): void { m.put(i.rd, m.or(m.x(i.rs1), m.bit(m.imm(i.imm)))); }

@inline export function czero_eqz<M>(m: M, i: Insn): void { m.put(i.rd, m.zeroUnless(m.x(i.rs1), m.x(i.rs2))); }
@inline export function czero_nez<M>(m: M, i: Insn): void { m.put(i.rd, m.zeroIf(m.x(i.rs1), m.x(i.rs2))); }
