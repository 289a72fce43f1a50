// An ELF file that Linux (and so qemu-user) maps: page-aligned segments that may be read, written and run.

export interface Segment {
  readonly pa: number;
  readonly bytes: Uint8Array;
}

const PAGE_BYTES = 4096;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

export function makeUserElf(entry: number, segments: readonly Segment[]): Uint8Array {
  const pad = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
  let offset = pad(HEADER_BYTES + segments.length * PROGRAM_HEADER_BYTES);
  const total = segments.reduce((sum, { bytes }) => sum + pad(bytes.length), offset);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x7f454c46);
  view.setUint32(4, 0x02010100);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 243, true); // EM_RISCV
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint32(48, 5, true); // RVC, double-float ABI
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, segments.length, true);
  for (const [index, { pa, bytes }] of segments.entries()) {
    const at = HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    view.setUint32(at, 1, true); // PT_LOAD
    view.setUint32(at + 4, 7, true); // read, write, execute
    for (const [field, value] of [offset, pa, pa, bytes.length, bytes.length, PAGE_BYTES].entries()) {
      view.setBigUint64(at + 8 + field * 8, BigInt(value), true);
    }
    file.set(bytes, offset);
    offset += pad(bytes.length);
  }
  return file;
}
