// CSR access, privileged instructions and cache block operations: Zicsr, privileged architecture, Svinval, Zawrs, Zicbom, Zicboz.
import { Insn } from "./insn";

export const CSR_WRITE: u32 = 0;
export const CSR_SET: u32 = 1;
export const CSR_CLEAR: u32 = 2;

@inline export function csrrw<M>(m: M, i: Insn): bool { return m.csr(i, CSR_WRITE, m.x(i.rs1)); }
@inline export function csrrwi<M>(m: M, i: Insn): bool { return m.csr(i, CSR_WRITE, m.imm(i.rs1)); }
@inline export function csrrs<M>(m: M, i: Insn): bool { return m.csr(i, CSR_SET, m.x(i.rs1)); }
@inline export function csrrsi<M>(m: M, i: Insn): bool { return m.csr(i, CSR_SET, m.imm(i.rs1)); }
@inline export function csrrc<M>(m: M, i: Insn): bool { return m.csr(i, CSR_CLEAR, m.x(i.rs1)); }
@inline export function csrrci<M>(m: M, i: Insn): bool { return m.csr(i, CSR_CLEAR, m.imm(i.rs1)); }

@inline export function sret<M>(m: M, i: Insn): bool { return m.sret(i); }
@inline export function mret<M>(m: M, i: Insn): bool { return m.mret(i); }
@inline export function wfi<M>(m: M, i: Insn): bool { return m.wfi(i); }
@inline export function wrs_nto<M>(m: M, i: Insn): bool { return m.waitReserved(i, true); }
@inline export function wrs_sto<M>(m: M, i: Insn): bool { return m.waitReserved(i, false); }
@inline export function sfence_vma<M>(m: M, i: Insn): bool { return m.fenceVma(i, m.x(i.rs1), m.x(i.rs2)); }
@inline export function sinval_vma<M>(m: M, i: Insn): bool { return m.fenceVma(i, m.x(i.rs1), m.x(i.rs2)); }
@inline export function sfence_w_inval<M>(m: M, i: Insn): bool { return m.fenceInval(i); }
@inline export function sfence_inval_ir<M>(m: M, i: Insn): bool { return m.fenceInval(i); }

@inline export function cbo_inval<M>(m: M, i: Insn): bool { return m.cboInval(i, m.x(i.rs1)); }
@inline export function cbo_clean<M>(m: M, i: Insn): bool { return m.cboClean(i, m.x(i.rs1)); }
@inline export function cbo_flush<M>(m: M, i: Insn): bool { return m.cboClean(i, m.x(i.rs1)); }
@inline export function cbo_zero<M>(m: M, i: Insn): bool { return m.cboZero(i, m.x(i.rs1)); }
