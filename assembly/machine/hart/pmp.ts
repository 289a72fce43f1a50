// Physical memory protection: 16 entries, 4-byte granularity. Privileged specification, 3.7.
// Depends on hart state only.
//
//   hart + PMP_OFFSET         pmpaddr0 .. 15 as written (u64 each)
//   hart + PMP_OFFSET + 128   first byte address of each entry's range
//   hart + PMP_OFFSET + 256   last byte address of each entry's range (below first: the range is empty)
import { Hart, PMP_OFFSET, PRIV_M } from "./state";

export const PMP_R: u32 = 1;
export const PMP_W: u32 = 2;
export const PMP_X: u32 = 4;
const PMP_L: u32 = 0x80;
const ENTRIES: u32 = 16;
const ADDR_MASK: u64 = (1 << 54) - 1;


@inline
function cfg(h: Hart, n: u32): u32 {
  return (<u32>((n < 8 ? h.pmpcfg : h.pmpcfg2) >>> ((n & 7) << 3))) & 0xff;
}

/** pmpaddr register `n`. */
export function pmpAddr(h: Hart, n: u32): u64 {
  return load<u64>(h.ptr() + (n << 3), PMP_OFFSET);
}

/** Writes pmpaddr `n`; ignored where it is locked, or is the base of a locked TOR entry. */
export function setPmpAddr(h: Hart, n: u32, value: u64): void {
  if (cfg(h, n) & PMP_L) return;
  if (n + 1 < ENTRIES) {
    const next = cfg(h, n + 1);
    if (next & PMP_L && (next & 0x18) == 0x08) return;
  }
  store<u64>(h.ptr() + (n << 3), value & ADDR_MASK, PMP_OFFSET);
  decode(h);
}

/** Writes pmpcfg0 (bank 0) or pmpcfg2 (bank 1); locked bytes keep their value, W without R loses W. */
export function setPmpCfg(h: Hart, bank: u32, value: u64): void {
  const old = bank == 0 ? h.pmpcfg : h.pmpcfg2;
  let result: u64 = 0;
  for (let shift: u64 = 0; shift < 64; shift += 8) {
    const before = (<u32>(old >>> shift)) & 0xff;
    let byte = (<u32>(value >>> shift)) & 0x9f;
    if ((byte & 3) == 2) byte &= ~2;
    result |= (<u64>(before & PMP_L ? before : byte)) << shift;
  }
  if (bank == 0) h.pmpcfg = result;
  else h.pmpcfg2 = result;
  decode(h);
}

/** Works out the address range of every entry. */
function decode(h: Hart): void {
  let active: u32 = 0;
  let below: u64 = 0;
  for (let n: u32 = 0; n < ENTRIES; n++) {
    const addr = pmpAddr(h, n);
    const mode = (cfg(h, n) >>> 3) & 3;
    let first: u64 = 1;
    let last: u64 = 0;
    if (mode == 1) {
      first = below << 2;
      last = (addr << 2) - 1;
      if (addr <= below) {
        first = 1;
        last = 0;
      }
    } else if (mode == 2) {
      first = addr << 2;
      last = first + 3;
    } else if (mode == 3) {
      const ones = addr ^ (addr + 1); // the trailing ones and the zero above them
      first = (addr & ~ones) << 2;
      last = first + ((ones + 1) << 2) - 1;
    }
    if (mode != 0) active = n + 1;
    store<u64>(h.ptr() + (n << 3), first, PMP_OFFSET + 128);
    store<u64>(h.ptr() + (n << 3), last, PMP_OFFSET + 256);
    below = addr;
  }
  h.pmpActive = active;
}

/** True where privilege `priv` may do all of `need` (PMP_ bits) to every byte of pa .. pa + len - 1. */
export function pmpAllows(h: Hart, pa: u64, len: u64, need: u32, priv: u32): bool {
  const end = pa + len - 1;
  for (let n: u32 = 0; n < h.pmpActive; n++) {
    const first = load<u64>(h.ptr() + (n << 3), PMP_OFFSET + 128);
    const last = load<u64>(h.ptr() + (n << 3), PMP_OFFSET + 256);
    if (first > last || end < first || pa > last) continue;
    if (pa < first || end > last) return false; // matches some bytes only
    const c = cfg(h, n);
    if (priv == PRIV_M && !(c & PMP_L)) return true;
    return (c & need) == need;
  }
  return priv == PRIV_M;
}

/** True where one answer holds for every byte of the 4 KiB page of `pa`. */
export function pmpUniform(h: Hart, pa: u64): bool {
  const page = pa & ~0xfff;
  const end = page + 0xfff;
  for (let n: u32 = 0; n < h.pmpActive; n++) {
    const first = load<u64>(h.ptr() + (n << 3), PMP_OFFSET + 128);
    const last = load<u64>(h.ptr() + (n << 3), PMP_OFFSET + 256);
    if (first > last || end < first || page > last) continue;
    return page >= first && end <= last;
  }
  return true;
}
