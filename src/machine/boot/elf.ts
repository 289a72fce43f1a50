// ELF64 files for little-endian RISC-V: kernels, firmware, bare-metal programs. Only what a loader needs: the segments to
// load, the entry, and the symbols `tohost` and `fromhost`. The file is not trusted.
// System V ABI chapter 4 and 5; RISC-V ELF psABI. May depend on errors and elf-symbols.ts.
import { WardianError } from "../../errors.js";
import { findSymbols } from "./elf-symbols.js";

export interface ElfSegment {
  /** p_paddr and p_vaddr as the file has them. */
  physical: bigint;
  virtual: bigint;
  /** The bytes in the file (a view, not a copy), to be followed by zeros up to memoryBytes. */
  bytes: Uint8Array;
  memoryBytes: number;
}

export interface Elf {
  /** Position-independent (ET_DYN): runs wherever it is put, and relocates itself. */
  relocatable: boolean;
  entry: bigint;
  /** In order of physical address; not empty; none overlaps another. */
  segments: ElfSegment[];
  symbols: ReadonlyMap<string, bigint>;
}

const ELF_MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const DATA_LITTLE_ENDIAN = 1;
const EM_RISCV = 243;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PT_INTERP = 3;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const MAX_PROGRAM_HEADERS = 256;
const MAX_SEGMENT_BYTES = 0x100000000n;
const ADDRESS_SPACE_END = 1n << 64n;
const WANTED_SYMBOLS = ["tohost", "fromhost"];

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === ELF_MAGIC;
}

/** Reads and checks headers. Throws `bad-elf`; `what` names the file in the message. */
export function readElf(bytes: Uint8Array, what: string): Elf {
  const fail = (why: string): never => {
    throw new WardianError("bad-elf", `${what} is not a usable ELF file: ${why}`);
  };
  if (!isElf(bytes)) fail("it does not begin with the ELF magic number");
  if (bytes.length < HEADER_BYTES) fail("it is cut short inside its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(4) !== CLASS_64) fail("it is a 32-bit program; the machine is riscv64");
  if (view.getUint8(5) !== DATA_LITTLE_ENDIAN) fail("it is big-endian; the machine is little-endian");
  const machine = view.getUint16(18, true);
  if (machine !== EM_RISCV) fail(`it is for machine type ${machine}, not RISC-V (${EM_RISCV})`);
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) fail("it is not an executable; link it first");

  const segments = readSegments(bytes, view, fail);
  return { relocatable: type === ET_DYN, entry: view.getBigUint64(24, true), segments, symbols: findSymbols(bytes, WANTED_SYMBOLS, fail) };
}

type Fail = (why: string) => never;

function readSegments(bytes: Uint8Array, view: DataView, fail: Fail): ElfSegment[] {
  const tableOffset = view.getBigUint64(32, true);
  const entryBytes = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count === 0) fail("it has no program headers");
  if (count > MAX_PROGRAM_HEADERS) fail(`it has ${count} program headers; at most ${MAX_PROGRAM_HEADERS} are read`);
  if (entryBytes !== PROGRAM_HEADER_BYTES) fail(`its program headers have ${entryBytes} bytes each, not ${PROGRAM_HEADER_BYTES}`);
  if (tableOffset + BigInt(count * entryBytes) > BigInt(bytes.length)) fail("its program headers are outside of the file: it is cut short");

  const segments: ElfSegment[] = [];
  for (let index = 0; index < count; index++) {
    const offset = Number(tableOffset) + index * entryBytes;
    const type = view.getUint32(offset, true);
    if (type === PT_INTERP) fail("it is dynamically linked; link it with -static");
    if (type !== PT_LOAD) continue;
    const segment = readSegment(bytes, view, offset, fail);
    if (segment !== undefined) segments.push(segment);
  }
  if (segments.length === 0) fail("it has nothing to load");
  segments.sort((a, b) => (a.physical < b.physical ? -1 : 1));
  checkOverlap(segments, fail);
  return segments;
}

function readSegment(bytes: Uint8Array, view: DataView, offset: number, fail: Fail): ElfSegment | undefined {
  const fileOffset = view.getBigUint64(offset + 8, true);
  const virtual = view.getBigUint64(offset + 16, true);
  const physical = view.getBigUint64(offset + 24, true);
  const fileBytes = view.getBigUint64(offset + 32, true);
  const memoryBytes = view.getBigUint64(offset + 40, true);
  if (memoryBytes === 0n && fileBytes === 0n) return undefined;
  if (fileBytes > memoryBytes) fail("a segment is larger in the file than in memory");
  if (memoryBytes > MAX_SEGMENT_BYTES) fail("a segment is larger than 4 GiB");
  if (physical + memoryBytes > ADDRESS_SPACE_END || virtual + memoryBytes > ADDRESS_SPACE_END)
    fail("a segment goes past the end of the address space");
  if (fileOffset + fileBytes > BigInt(bytes.length)) fail("a segment is outside of the file: it is cut short");
  const start = Number(fileOffset);
  return { physical, virtual, bytes: bytes.subarray(start, start + Number(fileBytes)), memoryBytes: Number(memoryBytes) };
}

function checkOverlap(segments: readonly ElfSegment[], fail: Fail): void {
  let end = 0n;
  for (const segment of segments) {
    if (segment.physical < end) fail("two of its segments overlap in memory");
    end = segment.physical + BigInt(segment.memoryBytes);
  }
}
