// A kernel in whatever wrapping it was published: a raw riscv `Image`, gzip or another compression around it, an EFI
// zboot image, or an ELF file. What comes out is the Image (or the ELF file) itself. The file is not trusted.
// Linux: Documentation/arch/riscv/boot-image-header.rst; drivers/firmware/efi/libstub (zboot header); PE/COFF.
// May depend on errors and elf.ts; the decoders are handed in, because they live in image/.
import { WardianError } from "../../errors.js";
import { isElf } from "./elf.js";

export type CompressionKind = "gzip" | "xz" | "zstd" | "lzma" | "lz4" | "bzip2";
/** Gives the plain bytes; throws a WardianError for damaged input, an unknown kind, or output over `limitBytes`. */
export type Decompress = (kind: CompressionKind, bytes: Uint8Array, limitBytes: number) => Uint8Array;

export type KernelImage =
  | { kind: "elf"; bytes: Uint8Array }
  | {
      kind: "image";
      bytes: Uint8Array;
      /** Where it wants to be, from the start of RAM. */
      textOffset: number;
      /** What it takes in memory: with its zeroed data, never less than the file. */
      memoryBytes: number;
    };

// The header of an Image:
//   0 code0  4 code1  8 text_offset  16 image_size  24 flags  32 version  36 res1  40 res2  48 magic  56 magic2  60 PE
const IMAGE_HEADER_BYTES = 64;
const IMAGE_MAGIC2 = 0x05435352; // "RSC\x05"
const IMAGE_FLAG_BIG_ENDIAN = 1n;
const IMAGE_ALIGNMENT = 0x200000n; // the kernel maps itself with 2 MiB pages
const MAX_IMAGE_BYTES = 0x80000000n;

// The header of a zboot image: 0 "MZ"  4 "zimg"  8 payload offset  12 payload size  24 compression type, ends in NUL
const ZBOOT_MAGIC = 0x676d697a; // "zimg"
const ZBOOT_HEADER_BYTES = 64;
const ZBOOT_TYPE_END = 56;
const ZBOOT_KINDS: Record<string, CompressionKind> = {
  gzip: "gzip",
  xz: "xz",
  xzkern: "xz",
  zstd: "zstd",
  zstd22: "zstd",
  lzma: "lzma",
  lz4: "lz4",
};

const MAX_WRAPPINGS = 3;
const SIGNATURES: readonly { kind: CompressionKind; bytes: readonly number[] }[] = [
  { kind: "gzip", bytes: [0x1f, 0x8b, 0x08] },
  { kind: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { kind: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: "bzip2", bytes: [0x42, 0x5a, 0x68] },
  { kind: "lz4", bytes: [0x02, 0x21, 0x4c, 0x18] },
  { kind: "lzma", bytes: [0x5d, 0x00, 0x00] },
];

/** Unwraps and checks. Throws `bad-kernel`; nothing larger than `limitBytes` is unpacked. */
export function readKernel(file: Uint8Array, decompress: Decompress, limitBytes: number): KernelImage {
  let bytes = file;
  for (let wrapping = 0; wrapping <= MAX_WRAPPINGS; wrapping++) {
    if (isElf(bytes)) return { kind: "elf", bytes };
    if (wordAt(bytes, 56) === IMAGE_MAGIC2) return readImage(bytes);
    const packed = findPayload(bytes);
    if (packed === undefined) fail(describeStranger(bytes));
    bytes = decompress(packed.kind, packed.bytes, limitBytes);
  }
  return fail(`it is packed more than ${MAX_WRAPPINGS} times over`);
}

function readImage(bytes: Uint8Array): KernelImage {
  if (bytes.length < IMAGE_HEADER_BYTES) fail("it is cut short inside its header");
  const view = viewOf(bytes);
  const textOffset = view.getBigUint64(8, true);
  const imageSize = view.getBigUint64(16, true);
  if ((view.getBigUint64(24, true) & IMAGE_FLAG_BIG_ENDIAN) !== 0n) fail("it is big-endian; the machine is little-endian");
  if (imageSize > MAX_IMAGE_BYTES || textOffset > MAX_IMAGE_BYTES) fail("its header asks for more than 2 GiB of memory");
  if (textOffset % IMAGE_ALIGNMENT !== 0n) fail("its header asks for an address that is not a multiple of 2 MiB");
  checkSections(view);
  return { kind: "image", bytes, textOffset: Number(textOffset), memoryBytes: Math.max(Number(imageSize), bytes.length) };
}

// The Image header does not say how long the file is, but an Image with an EFI stub is a PE file too, and its section
// table does. Anything that does not look like one is let pass: not every Image has a stub.
function checkSections(view: DataView): void {
  const peOffset = view.getUint32(60, true);
  if (peOffset < IMAGE_HEADER_BYTES || peOffset + 24 > view.byteLength) return;
  if (view.getUint32(peOffset, true) !== 0x00004550) return; // "PE\0\0"
  const sections = view.getUint16(peOffset + 6, true);
  const table = peOffset + 24 + view.getUint16(peOffset + 20, true);
  for (let index = 0; index < sections && index < 16; index++) {
    const header = table + index * 40;
    if (header + 40 > view.byteLength) fail("it is cut short inside its headers");
    const end = view.getUint32(header + 16, true) + view.getUint32(header + 20, true);
    if (end > view.byteLength) fail(`it is cut short: its headers speak of ${end} bytes, there are ${view.byteLength}`);
  }
}

function findPayload(bytes: Uint8Array): { kind: CompressionKind; bytes: Uint8Array } | undefined {
  if (isDosHeader(bytes) && wordAt(bytes, 4) === ZBOOT_MAGIC) return findZbootPayload(bytes);
  const signature = SIGNATURES.find((candidate) => candidate.bytes.every((byte, index) => bytes[index] === byte));
  return signature && { kind: signature.kind, bytes };
}

function findZbootPayload(bytes: Uint8Array): { kind: CompressionKind; bytes: Uint8Array } {
  if (bytes.length < ZBOOT_HEADER_BYTES) fail("it is cut short inside its header");
  const view = viewOf(bytes);
  const start = view.getUint32(8, true);
  const sizeBytes = view.getUint32(12, true);
  const type = cString(bytes.subarray(24, ZBOOT_TYPE_END));
  const kind = Object.hasOwn(ZBOOT_KINDS, type) ? ZBOOT_KINDS[type] : undefined;
  if (kind === undefined) return fail(`it is packed in a way that is not known: ${JSON.stringify(type)}`);
  if (start < ZBOOT_HEADER_BYTES || start + sizeBytes > bytes.length) fail("its packed part is outside of the file: it is cut short");
  return { kind, bytes: bytes.subarray(start, start + sizeBytes) };
}

function describeStranger(bytes: Uint8Array): string {
  if (bytes.length === 0) return "the file is empty";
  if (wordAt(bytes, 56) === 0x644d5241) return "it is a kernel for arm64; one for riscv64 is needed";
  if (wordAt(bytes, 0x202) === 0x53726448) return "it is a kernel for x86; one for riscv64 is needed";
  return "it is neither an Image, nor a packed one, nor an EFI zboot image, nor an ELF file";
}

function isDosHeader(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x5a; // "MZ"
}

function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return offset + 4 <= bytes.length ? viewOf(bytes).getUint32(offset, true) : 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fail(why: string): never {
  throw new WardianError("bad-kernel", `the kernel file is not usable: ${why}`);
}
