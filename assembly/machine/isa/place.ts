// Immediates into the bit positions of each base format, for compressed instructions. Unprivileged specification, 2.3.

@inline
export function placeI(imm: u32): u32 {
  return imm << 20;
}

@inline
export function placeS(imm: u32): u32 {
  return ((imm & 31) << 7) | ((imm >>> 5) << 25);
}

@inline
export function placeB(imm: u32): u32 {
  return (((imm >>> 11) & 1) << 7) | (((imm >>> 1) & 15) << 8) | (((imm >>> 5) & 63) << 25) | (((imm >>> 12) & 1) << 31);
}

@inline
export function placeU(imm: u32): u32 {
  return imm & 0xfffff000;
}

@inline
export function placeJ(imm: u32): u32 {
  return (((imm >>> 12) & 255) << 12) | (((imm >>> 11) & 1) << 20) | (((imm >>> 1) & 1023) << 21) | (((imm >>> 20) & 1) << 31);
}
