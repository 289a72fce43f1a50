// A number for an instruction's slot in a mode, whose high bits choose a place in a table. Depends on nothing.

@inline
export function hashOf(slotPtr: usize, mode: u32): u32 {
  return ((<u32>slotPtr) >>> 3) * 0x9e3779b1 + mode * 0x85ebca6b;
}
