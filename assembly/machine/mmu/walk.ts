// The page-table walk: Sv39, Sv48 and Sv57, Svnapot, A and D set by the walker (Svadu) unless menvcfg.ADUE says fault.
// Privileged specification, 12.3.2. Depends on hart and bus only.
import { PRIV_M, PRIV_S, PRIV_U, Hart } from "../hart/state";
import { MENVCFG_ADUE } from "../hart/csr";
import { MSTATUS_MXR, MSTATUS_SUM } from "../hart/context";
import { PMP_R, PMP_W, PMP_X, pmpAllows } from "../hart/pmp";
import { isRam, ramPtr, ramStore } from "../bus/ram";

export const ACCESS_FETCH: u32 = 0;
export const ACCESS_READ: u32 = 1;
export const ACCESS_WRITE: u32 = 2;

const PTE_V: u64 = 1;
const PTE_R: u64 = 2;
const PTE_W: u64 = 4;
const PTE_X: u64 = 8;
const PTE_U: u64 = 16;
const PTE_G: u64 = 32;
const PTE_A: u64 = 64;
const PTE_D: u64 = 128;
const PTE_N: u64 = 1 << 63;
const PTE_RESERVED: u64 = 0x7fc0000000000000; // bits 62:54, Svpbmt not there
const PTE_PPN: u64 = 0x3ffffffffffc00;

/** Where the walk ended: the physical address, the level of the leaf, whether a PTE was used at all. */
export let walkedPa: u64 = 0;
export let walkedLevel: u32 = 0;
/** True where every address space has this translation. */
export let walkedGlobal: bool = false;

/** Translates `va` for `access` to `size` bytes at privilege `priv`; 0 and walkedPa, or the cause of the exception. */
export function translate(h: Hart, va: u64, size: u32, access: u32, priv: u32): u64 {
  const mode = <u32>(h.satp >>> 60);
  walkedLevel = 0;
  walkedGlobal = true;
  if (priv == PRIV_M || mode == 0) {
    walkedPa = va;
    return va >>> 56 == 0 ? 0 : accessFault(access);
  }
  const levels: u32 = mode - 5; // Sv39 is mode 8
  const unused = 64 - (12 + 9 * levels);
  if (<u64>(((<i64>va) << unused) >> unused) != va) return pageFault(access);
  h.walks++;
  walkedGlobal = false;
  let table = (h.satp & 0xfffffffffff) << 12;
  for (let level: i32 = levels - 1; level >= 0; level--) {
    const ptePa = table + (((va >>> (12 + 9 * level)) & 511) << 3);
    if (!isRam(ptePa) || !pmpAllows(h, ptePa, 8, PMP_R, PRIV_S)) return accessFault(access);
    const pte = load<u64>(ramPtr(ptePa));
    if (pte & PTE_G) walkedGlobal = true;
    if (!(pte & PTE_V) || pte & PTE_RESERVED || (pte & (PTE_R | PTE_W)) == PTE_W) return pageFault(access);
    if (pte & (PTE_R | PTE_X)) return finish(h, va, size, access, priv, pte, ptePa, level);
    if (pte & (PTE_A | PTE_D | PTE_U | PTE_N)) return pageFault(access);
    table = (pte & PTE_PPN) << 2;
  }
  return pageFault(access);
}

/** Checks a leaf, sets A and D, and works out the address. */
function finish(h: Hart, va: u64, size: u32, access: u32, priv: u32, pte: u64, ptePa: u64, level: u32): u64 {
  if (!permits(h, pte, access, priv)) return pageFault(access);
  let page = (pte & PTE_PPN) << 2;
  let offsetBits: u64 = 12 + 9 * level;
  if (pte & PTE_N) {
    if (level != 0 || ((page >>> 12) & 15) != 8) return pageFault(access);
    page &= ~0xffff;
    offsetBits = 16;
    level = 1; // one translation for several pages, as a superpage is
  }
  const offsetMask = ((<u64>1) << offsetBits) - 1;
  if (page & offsetMask) return pageFault(access); // misaligned superpage
  walkedPa = page | (va & offsetMask);
  walkedLevel = level;
  const want = access == ACCESS_WRITE ? PTE_A | PTE_D : PTE_A;
  if ((pte & want) != want) {
    if (!(h.menvcfg & MENVCFG_ADUE)) return pageFault(access);
    if (!pmpAllows(h, ptePa, 8, PMP_W, PRIV_S)) return accessFault(access);
    // An access that the caller will refuse must not leave its mark.
    if (!pmpAllows(h, walkedPa, size, pmpNeed(access), priv)) return accessFault(access);
    ramStore<u64>(ptePa, pte | want);
  }
  return 0;
}

function permits(h: Hart, pte: u64, access: u32, priv: u32): bool {
  if (pte & PTE_U) {
    if (priv == PRIV_S && (access == ACCESS_FETCH || !(h.mstatus & MSTATUS_SUM))) return false;
  } else if (priv == PRIV_U) {
    return false;
  }
  if (access == ACCESS_FETCH) return (pte & PTE_X) != 0;
  if (access == ACCESS_WRITE) return (pte & PTE_W) != 0;
  return (pte & PTE_R) != 0 || ((h.mstatus & MSTATUS_MXR) != 0 && (pte & PTE_X) != 0);
}

/** The PMP right that an access needs. */
@inline
export function pmpNeed(access: u32): u32 {
  return access == ACCESS_FETCH ? PMP_X : access == ACCESS_READ ? PMP_R : PMP_W;
}


@inline
export function accessFault(access: u32): u64 {
  return access == ACCESS_FETCH ? 1 : access == ACCESS_READ ? 5 : 7;
}


@inline
function pageFault(access: u32): u64 {
  return access == ACCESS_FETCH ? 12 : access == ACCESS_READ ? 13 : 15;
}
