// Kernel files in each wrapping, refused ones, and damage at random. Of the decoders only gzip is real here.
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { makeElf } from "./elf-sample.js";
import { type Decompress, readKernel } from "./kernel-image.js";
import { makeImage } from "./kernel-sample.js";
import { mutate, seededRandom } from "./mutation.js";

const LIMIT = 0x100000;
const decompress: Decompress = (kind, bytes, limitBytes) => {
  if (kind !== "gzip") throw new WardianError("bad-archive", `no decoder for ${kind}`);
  try {
    return gunzipSync(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    throw new WardianError("bad-archive", "damaged gzip data", { cause });
  }
};

function makeZboot(payload: Uint8Array, type = "gzip"): Uint8Array {
  const bytes = new Uint8Array(128 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("MZ\0\0zimg"));
  view.setUint32(8, 128, true);
  view.setUint32(12, payload.length, true);
  bytes.set(new TextEncoder().encode(type), 24);
  bytes.set(payload, 128);
  return bytes;
}

describe("kernel files", () => {
  const image = makeImage({ fileBytes: 4096, imageSize: 0x8000 });
  const plain = { kind: "image", textOffset: 0x200000, memoryBytes: 0x8000 };

  it.each([
    ["a raw Image", image],
    ["a gzip one", gzipSync(image)],
    ["an EFI zboot one", makeZboot(gzipSync(image))],
    ["a gzip of a zboot one", gzipSync(makeZboot(gzipSync(image)))],
  ])("takes %s", (_, file) => {
    const kernel = readKernel(file, decompress, LIMIT);
    expect(kernel).toMatchObject(plain);
    expect(Buffer.compare(kernel.bytes, image)).toBe(0);
  });

  it("takes an ELF file, also packed", () => {
    const elf = makeElf({ segments: [{ physical: 0x80000000n, bytes: image, memoryBytes: 4096 }] });
    expect(readKernel(elf, decompress, LIMIT).kind).toBe("elf");
    expect(readKernel(gzipSync(elf), decompress, LIMIT).kind).toBe("elf");
  });

  it("names xz and zstd to the decoder", () => {
    const asked: string[] = [];
    const record: Decompress = (kind) => {
      asked.push(kind);
      return image;
    };
    for (const type of ["xzkern", "zstd22", "zstd", "lzma"]) readKernel(makeZboot(new Uint8Array(8), type), record, LIMIT);
    readKernel(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0]), record, LIMIT);
    expect(asked).toEqual(["xz", "zstd", "zstd", "lzma", "zstd"]);
  });

  it("counts the file where the header gives no size", () => {
    expect(readKernel(makeImage({ fileBytes: 4096, imageSize: 0 }), decompress, LIMIT)).toMatchObject({ memoryBytes: 4096 });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(0), /empty/],
    ["text", new TextEncoder().encode("hello ".repeat(200)), /neither/],
    ["a kernel for x86", patched(new Uint8Array(0x400), 0x202, 0x53726448), /x86/],
    ["a kernel for arm64", patched(new Uint8Array(0x400), 56, 0x644d5241), /arm64/],
    ["a big-endian Image", patched(image, 24, 1), /big-endian/],
    ["an odd text offset", patched(image, 8, 0x1000), /2 MiB/],
    ["an image size of 2^60", patched(image, 20, 1 << 28), /2 GiB/],
    ["half an Image header", image.slice(0, 62), /cut short/],
    ["an Image that ends before its sections", makeImage({ fileBytes: 4096, imageSize: 0x8000, sectionEnd: 4097 }), /cut short/],
    ["zboot with a payload outside", patched(makeZboot(gzipSync(image)), 12, 0xfffffff0), /cut short/],
    ["zboot with an unknown packing", makeZboot(image, "constructor"), /constructor/],
    ["a gzip cut short", gzipSync(image).subarray(0, 60), /damaged/],
    ["a gzip over the limit", gzipSync(new Uint8Array(LIMIT + 1)), /damaged/],
    ["packed many times", gzipSync(gzipSync(gzipSync(gzipSync(image)))), /times/],
  ])("refuses %s", (_, file, message) => {
    expect(() => readKernel(file, decompress, LIMIT)).toThrow(WardianError);
    expect(() => readKernel(file, decompress, LIMIT)).toThrow(message);
  });

  it("survives damage", () => {
    const random = seededRandom(3);
    const files = [image, makeImage({ fileBytes: 4096, imageSize: 0x8000, sectionEnd: 4096 }), gzipSync(image), makeZboot(gzipSync(image))];
    for (let round = 0; round < 4000; round++) {
      const file = files[round % files.length] ?? image;
      try {
        readKernel(mutate(file, random, 256), decompress, LIMIT);
      } catch (error) {
        expect(error).toBeInstanceOf(WardianError);
      }
    }
  });
});

function patched(bytes: Uint8Array, offset: number, word: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(offset, word, true);
  return copy;
}
