// Which translation tables a hart uses now. A context is what decides whether an access is allowed: the effective
// privilege and, for S-mode, SUM. Depends on hart state and layout only. Entries come and go by tables.ts.
//
//   tlbBase + 0         4 contexts x (read table 4 MiB | write table 4 MiB), an entry a page (tables.ts), index va bits 12..29
//   tlbBase + 32 MiB    8 lists of the indexes in use, LIST_BYTES each, in the order of the tables
//   tlbBase + 34 MiB    fetch tables, one a privilege, FETCH_TABLE_BYTES each
//   tlbBase + 34.5 MiB  counts of the 8 lists, a byte for every 512 entries of each table (0: all empty), then the scratch page for instructions that cannot be kept decoded,
//                       then 3 maps of a byte a page, by the low 12 bits of its number: not 0 where it has been fetched from, in U-mode; else, by the half of the address space
//   tlbBase + 34.6 MiB  what is kept of other address spaces (spaces.ts)
//   tlbBase + 38 MiB    sites (sites.ts)
import { FP_CLEAN, FP_DIRTY, FP_OFF, Hart, PRIV_M, PRIV_S, PRIV_U } from "./state";

export const CONTEXT_U: u32 = 0;
export const CONTEXT_S: u32 = 1;
export const CONTEXT_S_SUM: u32 = 2;
export const CONTEXT_M: u32 = 3;
/** Tables of loads and stores: 2 * context, plus 1 for writes. */
export const TABLES: u32 = 8;
export const TABLE_BYTES: usize = 0x400000;
/** The tag of no page: such a va is looked for by no access. */
export const NO_PAGE: u64 = u64.MAX_VALUE;
/** Of va, what is not its place in the page. */
export const PAGE_MASK: u64 = ~0xfff;
export const LISTS_OFFSET: usize = 0x2000000;
export const LIST_BYTES: usize = 0x40000;
export const LIST_MAX: u32 = 0x10000;
export const FETCH_OFFSET: usize = 0x2200000;
export const FETCH_TABLE_BYTES: usize = 0x10000;
export const COUNTS_OFFSET: usize = 0x2280000;
export const BLOCKS_OFFSET: usize = 0x2281000;
export const BLOCKS_BYTES: usize = 512;
export const SCRATCH_CODE_OFFSET: usize = 0x2285000;
export const SCRATCH_RAW_OFFSET: usize = 0x228a000;
export const FETCHED_OFFSET: usize = 0x228b000;
export const FETCHED_BYTES: usize = 4096;

export const SPACES_OFFSET: usize = 0x2290000;
export const SITES_OFFSET: usize = 0x2600000;
/** The first bit of Hart.perSpace that stands for a fetch table, of U-mode. */
export const FIRST_FETCH_PER_SPACE: u32 = 8;

export const MSTATUS_SIE: u64 = 1 << 1;
export const MSTATUS_MIE: u64 = 1 << 3;
export const MSTATUS_SPIE: u64 = 1 << 5;
export const MSTATUS_MPIE: u64 = 1 << 7;
export const MSTATUS_SPP: u64 = 1 << 8;
export const MSTATUS_MPP: u64 = 3 << 11;
export const MSTATUS_FS: u64 = 3 << 13;
export const MSTATUS_MPRV: u64 = 1 << 17;
export const MSTATUS_SUM: u64 = 1 << 18;
export const MSTATUS_MXR: u64 = 1 << 19;
export const MSTATUS_TVM: u64 = 1 << 20;
export const MSTATUS_TW: u64 = 1 << 21;
export const MSTATUS_TSR: u64 = 1 << 22;

/** The privilege that loads and stores are checked with: MPRV lends M-mode the one in MPP. */
export function dataPriv(h: Hart): u32 {
  if (h.priv == PRIV_M && h.mstatus & MSTATUS_MPRV) return (<u32>(h.mstatus >>> 11)) & 3;
  return h.priv;
}

/** Call after any change of privilege or mstatus. */
export function selectContext(h: Hart): void {
  const priv = dataPriv(h);
  let context = CONTEXT_U;
  if (priv == PRIV_S) context = h.mstatus & MSTATUS_SUM ? CONTEXT_S_SUM : CONTEXT_S;
  else if (priv == PRIV_M) context = CONTEXT_M;
  h.readTlb = h.tlbBase + <usize>context * (2 * TABLE_BYTES);
  h.writeTlb = h.readTlb + TABLE_BYTES;
  h.fetchTlb = h.tlbBase + FETCH_OFFSET + <usize>h.priv * FETCH_TABLE_BYTES;
  selectEpoch(h);
  const fs = (<u32>(h.mstatus >>> 13)) & 3;
  h.fpState = fs == 0 ? FP_OFF : fs == 3 ? FP_DIRTY : FP_CLEAN;
}

export function setPriv(h: Hart, priv: u32): void {
  h.priv = priv;
  if (priv == PRIV_U) h.ranUser = 1;
  selectContext(h);
}

/** Where is noted whether the page of `va`, or one whose number ends alike, has been fetched from since that was last flushed. */
@inline
export function fetchedPtr(h: Hart, va: u64, isUser: bool): usize {
  const map: usize = isUser ? 0 : 1 + <usize>(va >>> 63);
  return h.tlbBase + FETCHED_OFFSET + map * FETCHED_BYTES + ((<usize>(va >>> 12)) & (FETCHED_BYTES - 1));
}


@inline
export function selectEpoch(h: Hart): void {
  h.fetchEpoch = h.priv == PRIV_U ? h.userEpoch : h.systemEpoch;
}

/** What U-mode, or else the other modes, know of fetch translations and regions is right for as long as this stays the same. */
@inline
export function generationOf(h: Hart, isUser: bool): u64 {
  return isUser ? h.generation + h.spaces : h.generation;
}
