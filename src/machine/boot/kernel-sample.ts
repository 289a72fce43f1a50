// For the tests beside the loaders: a file with the header of a riscv Image. Not part of the program.
// Depends on nothing.

export interface ImageSample {
  fileBytes: number;
  imageSize: number;
  textOffset?: number;
  /** Adds a PE header whose one section ends there. */
  sectionEnd?: number;
}

export function makeImage({ fileBytes, imageSize, textOffset = 0x200000, sectionEnd }: ImageSample): Uint8Array {
  const bytes = new Uint8Array(fileBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageSize), true);
  view.setBigUint64(48, 0x5643534952n, true);
  view.setUint32(56, 0x05435352, true);
  if (sectionEnd !== undefined) {
    view.setUint32(60, 64, true);
    view.setUint32(64, 0x4550, true);
    view.setUint16(64 + 6, 1, true);
    view.setUint32(64 + 24 + 16, sectionEnd - 512, true);
    view.setUint32(64 + 24 + 20, 512, true);
  }
  return bytes;
}
