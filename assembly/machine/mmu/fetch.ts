// From a pc to the slot of its decoded instruction. Depends on hart, bus and the rest of mmu.
// The fetch table of a privilege has 4,096 entries, by the low bits of the page:  u64 va page + epoch (0: none) | u32 code | u32 raw
import { PAGE_BYTES } from "../abi";
import { fetchedPtr, FIRST_FETCH_PER_SPACE, SCRATCH_CODE_OFFSET, SCRATCH_RAW_OFFSET } from "../hart/context";
import { PMP_X, pmpAllows, pmpUniform } from "../hart/pmp";
import { Hart, PRIV_U } from "../hart/state";
import { takeException } from "../hart/trap";
import { codeFetched, codeTake, endPage, OP_PAGE_END, OP_UNDECODED, PAGE_SLOTS, SLOT_BYTES, slotAt } from "../bus/code";
import { isRam, pageEntry, ramPtr } from "../bus/ram";
import { noteLevel } from "../hart/tables";
import { protectPage } from "./tlb";
import { ACCESS_FETCH, translate, walkedGlobal, walkedLevel, walkedPa } from "./walk";

const FETCH_ENTRIES: u64 = 4096;

/** Where the fetch table keeps the page of `pc`. */
@inline
function fetchEntry(h: Hart, pc: u64): usize {
  return h.fetchTlb + ((<usize>((pc >>> 12) & (FETCH_ENTRIES - 1))) << 4);
}

/** The decoded page of `pc`; 0 where a fetch there traps, or where nothing is kept decoded. */
export function decodedPage(h: Hart, pc: u64): usize {
  const entry = fetchEntry(h, pc);
  if (load<u64>(entry) != (pc & ~0xfff) + h.fetchEpoch && fillFetch(h, pc, entry) != 0) return 0;
  return load<u32>(entry, 12) == 0 ? 0 : <usize>load<u32>(entry, 8);
}

/** As decodedPage, where that is known without a look at the page tables; 0 elsewhere. */
export function keptPage(h: Hart, pc: u64): usize {
  const entry = fetchEntry(h, pc);
  if (load<u64>(entry) != (pc & ~0xfff) + h.fetchEpoch || load<u32>(entry, 12) == 0) return 0;
  return <usize>load<u32>(entry, 8);
}

/** The bytes of the page that decodedPage() found last for `pc`. */
export function rawPage(h: Hart, pc: u64): usize {
  return <usize>load<u32>(fetchEntry(h, pc), 12);
}

/** Makes the decoded page of `pc` the one that runs and gives its slot; 0 where the fetch trapped. */
export function enterPage(h: Hart, pc: u64): usize {
  const page = pc & ~0xfff;
  const entry = fetchEntry(h, pc);
  if (load<u64>(entry) != page + h.fetchEpoch) {
    const cause = fillFetch(h, pc, entry);
    if (cause != 0) return trap(h, pc, cause, pc);
  }
  h.codeBase = <usize>load<u32>(entry, 8);
  h.rawBase = <usize>load<u32>(entry, 12);
  h.pcDelta = page - (h.codeBase >>> 2);
  if (h.rawBase == 0) return enterScratch(h, pc);
  return slotAt(h.codeBase, pc);
}

/** Translates the page of `pc` for fetching; gives why that traps, or 0. */
function fillFetch(h: Hart, pc: u64, entry: usize): u64 {
  const cause = fetchCause(h, pc);
  if (cause != 0) return cause;
  noteLevel(h, pc, walkedLevel);
  store<u8>(fetchedPtr(h, pc, h.priv == PRIV_U), 1);
  if (!walkedGlobal) h.perSpace |= 1 << (FIRST_FETCH_PER_SPACE + h.priv);
  const pa = walkedPa & ~0xfff;
  if (!pmpUniform(h, pa)) {
    store<u32>(entry, 0, 12); // every instruction is checked on its own
    store<u32>(entry, <u32>(h.tlbBase + SCRATCH_CODE_OFFSET), 8);
  } else {
    const pageTableEntry = pageEntry(pa);
    const raw = ramPtr(pa);
    let code = <usize>load<u32>(pageTableEntry, 4);
    if (code == 0) {
      code = codeTake(pageTableEntry);
      protectPage(raw);
    }
    codeFetched(code);
    store<u32>(entry, <u32>code, 8);
    store<u32>(entry, <u32>raw, 12);
  }
  store<u64>(entry, (pc & ~0xfff) + h.fetchEpoch);
  return 0;
}

/** Why two bytes at `va` cannot be fetched; 0 where they can, at walkedPa. */
function fetchCause(h: Hart, va: u64): u64 {
  const cause = translate(h, va, 2, ACCESS_FETCH, h.priv);
  if (cause != 0) return cause;
  if (!isRam(walkedPa) || !pmpAllows(h, walkedPa, 2, PMP_X, h.priv)) return 1;
  return 0;
}

/** The page for what cannot be kept decoded: every slot leads back to enterPage(). Call once. */
export function scratchInit(h: Hart): void {
  const code = h.tlbBase + SCRATCH_CODE_OFFSET;
  for (let slot: usize = 0; slot < PAGE_SLOTS; slot++) store<u64>(code + slot * SLOT_BYTES, OP_PAGE_END);
  endPage(code);
}

/** Why fetchPtr() found nothing. */
let fetchFault: u64 = 0;

/** Where the two bytes of code at `va` stand; 0 where fetching them traps. */
function fetchPtr(h: Hart, va: u64): usize {
  const entry = fetchEntry(h, va);
  fetchFault = load<u64>(entry) == (va & ~0xfff) + h.fetchEpoch ? 0 : fillFetch(h, va, entry);
  if (fetchFault != 0) return 0;
  const raw = <usize>load<u32>(entry, 12);
  if (raw != 0) return raw + ((<usize>va) & (PAGE_BYTES - 1));
  fetchFault = fetchCause(h, va);
  return fetchFault != 0 ? 0 : ramPtr(walkedPa);
}

/**
 * An instruction that cannot be kept decoded, because its halves lie on two pages or because the PMP divides the page, is put into
 * the scratch page, in place of the one before. Gives its slot, or 0 where the fetch trapped.
 */
export function enterScratch(h: Hart, pc: u64): usize {
  const low = fetchPtr(h, pc);
  if (low == 0) return trap(h, pc, fetchFault, pc);
  const raw = h.tlbBase + SCRATCH_RAW_OFFSET;
  const offset = (<usize>pc) & (PAGE_BYTES - 2);
  const half = load<u16>(low);
  store<u16>(raw + offset, half);
  if ((half & 3) == 3) {
    const high = fetchPtr(h, pc + 2);
    if (high == 0) return trap(h, pc, fetchFault, pc + 2);
    store<u16>(raw + offset, load<u16>(high), 2);
  }
  const code = h.tlbBase + SCRATCH_CODE_OFFSET;
  store<u64>(code + (h.scratchOffset << 2), OP_PAGE_END);
  store<u64>(code + (offset << 2), OP_UNDECODED);
  h.scratchOffset = offset;
  h.codeBase = code;
  h.rawBase = raw;
  h.pcDelta = (pc & ~0xfff) - (code >>> 2);
  return code + (offset << 2);
}

function trap(h: Hart, pc: u64, cause: u64, tval: u64): usize {
  h.pc = pc;
  takeException(h, cause, tval);
  return 0;
}
