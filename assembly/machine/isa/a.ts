// Atomic memory operations. Unprivileged specification, chapter 14. `aq` and `rl` ask for nothing more than a sequential machine gives.
import { Insn } from "./insn";

export const AMO_SWAP: u32 = 0;
export const AMO_ADD: u32 = 1;
export const AMO_XOR: u32 = 2;
export const AMO_AND: u32 = 3;
export const AMO_OR: u32 = 4;
export const AMO_MIN: u32 = 5;
export const AMO_MAX: u32 = 6;
export const AMO_MINU: u32 = 7;
export const AMO_MAXU: u32 = 8;

@inline export function lr_w<M>(m: M, i: Insn): bool { return m.loadReserved<i32>(i, m.x(i.rs1)); }
@inline export function sc_w<M>(m: M, i: Insn): bool { return m.storeConditional<i32>(i, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoswap_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_SWAP, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoadd_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_ADD, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoxor_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_XOR, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoand_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_AND, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoor_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_OR, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amomin_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_MIN, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amomax_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_MAX, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amominu_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_MINU, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amomaxu_w<M>(m: M, i: Insn): bool { return m.amo<i32>(i, AMO_MAXU, m.x(i.rs1), m.x(i.rs2)); }
@inline export function lr_d<M>(m: M, i: Insn): bool { return m.loadReserved<i64>(i, m.x(i.rs1)); }
@inline export function sc_d<M>(m: M, i: Insn): bool { return m.storeConditional<i64>(i, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoswap_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_SWAP, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoadd_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_ADD, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoxor_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_XOR, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoand_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_AND, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amoor_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_OR, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amomin_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_MIN, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amomax_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_MAX, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amominu_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_MINU, m.x(i.rs1), m.x(i.rs2)); }
@inline export function amomaxu_d<M>(m: M, i: Insn): bool { return m.amo<i64>(i, AMO_MAXU, m.x(i.rs1), m.x(i.rs2)); }
