// Single-precision floating point. Unprivileged specification, chapter 21. m.s() reads a register, unboxed; m.putS() writes one.
import { Insn } from "./insn";

@inline export function flw<M>(m: M, i: Insn): bool { return m.loadS(i, m.address(i)); }
@inline export function fsw<M>(m: M, i: Insn): bool { return m.store<u32>(i, m.address(i), m.rawF(i.rs2)); }
@inline export function fmadd_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.fmaS(m.s(i.rs1), m.s(i.rs2), m.s(i.rs3), m.rm(i))); }
@inline export function fmsub_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.fmaS(m.s(i.rs1), m.s(i.rs2), m.negS(m.s(i.rs3)), m.rm(i))); }
@inline export function fnmsub_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.fmaS(m.negS(m.s(i.rs1)), m.s(i.rs2), m.s(i.rs3), m.rm(i))); }
@inline export function fnmadd_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.fmaS(m.negS(m.s(i.rs1)), m.s(i.rs2), m.negS(m.s(i.rs3)), m.rm(i))); }
@inline export function fadd_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.addS(m.s(i.rs1), m.s(i.rs2), m.rm(i))); }
@inline export function fsub_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.subS(m.s(i.rs1), m.s(i.rs2), m.rm(i))); }
@inline export function fmul_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.mulS(m.s(i.rs1), m.s(i.rs2), m.rm(i))); }
@inline export function fdiv_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.divS(m.s(i.rs1), m.s(i.rs2), m.rm(i))); }
@inline export function fsqrt_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.sqrtS(m.s(i.rs1), m.rm(i))); }
@inline export function fsgnj_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.sgnjS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function fsgnjn_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.sgnjnS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function fsgnjx_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.sgnjxS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function fmin_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.minS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function fmax_s<M>(m: M, i: Insn): void { m.putS(i.rd, m.maxS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function feq_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.eqS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function flt_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.ltS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function fle_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.leS(m.s(i.rs1), m.s(i.rs2))); }
@inline export function fclass_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.classS(m.s(i.rs1))); }
@inline export function fcvt_w_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toI32FromS(m.s(i.rs1), m.rm(i))); }
@inline export function fcvt_s_w<M>(m: M, i: Insn): void { m.putS(i.rd, m.fromI32ToS(m.x(i.rs1), m.rm(i))); }
@inline export function fcvt_wu_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toU32FromS(m.s(i.rs1), m.rm(i))); }
@inline export function fcvt_s_wu<M>(m: M, i: Insn): void { m.putS(i.rd, m.fromU32ToS(m.x(i.rs1), m.rm(i))); }
@inline export function fcvt_l_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toI64FromS(m.s(i.rs1), m.rm(i))); }
@inline export function fcvt_s_l<M>(m: M, i: Insn): void { m.putS(i.rd, m.fromI64ToS(m.x(i.rs1), m.rm(i))); }
@inline export function fcvt_lu_s<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toU64FromS(m.s(i.rs1), m.rm(i))); }
@inline export function fcvt_s_lu<M>(m: M, i: Insn): void { m.putS(i.rd, m.fromU64ToS(m.x(i.rs1), m.rm(i))); }
@inline export function fmv_x_w<M>(m: M, i: Insn): void { m.putAny(i.rd, m.sext32(m.rawF(i.rs1))); }
@inline export function fmv_w_x<M>(m: M, i: Insn): void { m.putS(i.rd, m.low32(m.x(i.rs1))); }
