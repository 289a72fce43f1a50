// Double-precision floating point. Unprivileged specification, chapter 22. m.d() reads a register; m.putD() writes one.
import { Insn } from "./insn";

@inline export function fld<M>(m: M, i: Insn): bool { return m.loadD(i, m.address(i)); }
@inline export function fsd<M>(m: M, i: Insn): bool { return m.store<u64>(i, m.address(i), m.rawF(i.rs2)); }
@inline export function fmadd_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.fmaD(m.d(i.rs1), m.d(i.rs2), m.d(i.rs3), m.rm(i))); }
@inline export function fmsub_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.fmaD(m.d(i.rs1), m.d(i.rs2), m.negD(m.d(i.rs3)), m.rm(i))); }
@inline export function fnmsub_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.fmaD(m.negD(m.d(i.rs1)), m.d(i.rs2), m.d(i.rs3), m.rm(i))); }
@inline export function fnmadd_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.fmaD(m.negD(m.d(i.rs1)), m.d(i.rs2), m.negD(m.d(i.rs3)), m.rm(i))); }
@inline export function fadd_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.addD(m.d(i.rs1), m.d(i.rs2), m.rm(i))); }
@inline export function fsub_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.subD(m.d(i.rs1), m.d(i.rs2), m.rm(i))); }
@inline export function fmul_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.mulD(m.d(i.rs1), m.d(i.rs2), m.rm(i))); }
@inline export function fdiv_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.divD(m.d(i.rs1), m.d(i.rs2), m.rm(i))); }
@inline export function fsqrt_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.sqrtD(m.d(i.rs1), m.rm(i))); }
@inline export function fsgnj_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.sgnjD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function fsgnjn_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.sgnjnD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function fsgnjx_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.sgnjxD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function fmin_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.minD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function fmax_d<M>(m: M, i: Insn): void { m.putD(i.rd, m.maxD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function feq_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.eqD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function flt_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.ltD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function fle_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.leD(m.d(i.rs1), m.d(i.rs2))); }
@inline export function fclass_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.classD(m.d(i.rs1))); }
@inline export function fcvt_w_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toI32FromD(m.d(i.rs1), m.rm(i))); }
@inline export function fcvt_d_w<M>(m: M, i: Insn): void { m.putD(i.rd, m.fromI32ToD(m.x(i.rs1), m.rm(i))); }
@inline export function fcvt_wu_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toU32FromD(m.d(i.rs1), m.rm(i))); }
@inline export function fcvt_d_wu<M>(m: M, i: Insn): void { m.putD(i.rd, m.fromU32ToD(m.x(i.rs1), m.rm(i))); }
@inline export function fcvt_l_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toI64FromD(m.d(i.rs1), m.rm(i))); }
@inline export function fcvt_d_l<M>(m: M, i: Insn): void { m.putD(i.rd, m.fromI64ToD(m.x(i.rs1), m.rm(i))); }
@inline export function fcvt_lu_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.toU64FromD(m.d(i.rs1), m.rm(i))); }
@inline export function fcvt_d_lu<M>(m: M, i: Insn): void { m.putD(i.rd, m.fromU64ToD(m.x(i.rs1), m.rm(i))); }
@inline export function fcvt_s_d<M>(m: M, i: Insn): void { m.putS(i.rd, m.narrow(m.d(i.rs1), m.rm(i))); }
@inline export function fcvt_d_s<M>(m: M, i: Insn): void { m.putD(i.rd, m.widen(m.s(i.rs1))); }
@inline export function fmv_x_d<M>(m: M, i: Insn): void { m.putAny(i.rd, m.rawF(i.rs1)); }
@inline export function fmv_d_x<M>(m: M, i: Insn): void { m.putD(i.rd, m.bitsD(m.x(i.rs1))); }
