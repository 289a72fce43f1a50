// One decoded instruction: a view of a slot of a decoded page (bus/code.ts). Register numbers stand times 8, as offsets.
//
//   byte   0   1   2    3     4   5    6     7
//          op      rd   rs1   imm      rs2   rm       R I S B SHIFT CSR AMO FR
//          op      rd   rs1   imm (32 bits)           U J
//          op      rd   rs1   rs3 -    rs2   rm       FR4
//
// `op` holds the dispatch number in its low 12 bits and the instruction's length in halfwords above them.

@final
@unmanaged
export class Insn {
  @inline get ptr(): usize { return changetype<usize>(this); }
  @inline get op(): u32 { return load<u16>(this.ptr); }
  @inline get rd(): u32 { return load<u8>(this.ptr, 2); }
  @inline get rs1(): u32 { return load<u8>(this.ptr, 3); }
  @inline get imm(): i64 { return load<i16>(this.ptr, 4); }
  @inline get rs3(): u32 { return load<u8>(this.ptr, 4); }
  @inline get rs2(): u32 { return load<u8>(this.ptr, 6); }
  @inline get rm(): u32 { return load<u8>(this.ptr, 7); }
  /** The immediate of formats U and J. */
  @inline get longImm(): i64 { return load<i32>(this.ptr, 4); }
  /** Length in bytes of slots: 8 for a compressed instruction, 16 for a full one. */
  @inline get step(): usize { return (<usize>load<u16>(this.ptr) >>> 12) << 3; }
}
