// Multiplication and division. Unprivileged specification, chapter 13.
import { Insn } from "./insn";

@inline export function mul<M>(m: M, i: Insn): void { m.put(i.rd, m.mul(m.x(i.rs1), m.x(i.rs2))); }
@inline export function mulh<M>(m: M, i: Insn): void { m.put(i.rd, m.mulh(m.x(i.rs1), m.x(i.rs2))); }
@inline export function mulhsu<M>(m: M, i: Insn): void { m.put(i.rd, m.mulhsu(m.x(i.rs1), m.x(i.rs2))); }
@inline export function mulhu<M>(m: M, i: Insn): void { m.put(i.rd, m.mulhu(m.x(i.rs1), m.x(i.rs2))); }
@inline export function div<M>(m: M, i: Insn): void { m.put(i.rd, m.div(m.x(i.rs1), m.x(i.rs2))); }
@inline export function divu<M>(m: M, i: Insn): void { m.put(i.rd, m.divu(m.x(i.rs1), m.x(i.rs2))); }
@inline export function rem<M>(m: M, i: Insn): void { m.put(i.rd, m.rem(m.x(i.rs1), m.x(i.rs2))); }
@inline export function remu<M>(m: M, i: Insn): void { m.put(i.rd, m.remu(m.x(i.rs1), m.x(i.rs2))); }
@inline export function divw<M>(m: M, i: Insn): void { m.put(i.rd, m.divw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function divuw<M>(m: M, i: Insn): void { m.put(i.rd, m.divuw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function remw<M>(m: M, i: Insn): void { m.put(i.rd, m.remw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function remuw<M>(m: M, i: Insn): void { m.put(i.rd, m.remuw(m.x(i.rs1), m.x(i.rs2))); }
@inline export function mulw<M>(m: M, i: Insn): void { m.put(i.rd, m.mulw(m.x(i.rs1), m.x(i.rs2))); }
