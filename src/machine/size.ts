// Sizes as people write them: "512M", "1G", "64MiB" to bytes and back.
// Units are powers of 1024 whichever way they are spelt (K, KB, KiB), as QEMU and Docker read them.
// May depend on errors only.
import { WardianError } from "../errors.js";

const UNIT_LETTERS = "KMGT";
const SIZE_PATTERN = /^([0-9]{1,16})([kmgt]?)(i?b)?$/i;

export interface SizeBounds {
  /** What the size is of, for the error: "memory size". */
  what?: string;
  minBytes?: number;
  maxBytes?: number;
}

/** Bytes in `text`. Throws `bad-size` when it is not a size, or is outside of `bounds`. */
export function parseSize(text: string, bounds: SizeBounds = {}): number {
  const what = bounds.what ?? "size";
  const match = SIZE_PATTERN.exec(text.trim());
  const digits = match?.[1];
  const unit = match?.[2] ?? "";
  if (digits === undefined || (unit === "" && match?.[3]?.length === 2)) {
    throw new WardianError("bad-size", `${what} ${quote(text)} is not a size: write a whole number with K, M or G, such as 512M`);
  }
  const bytes = Number(digits) * 1024 ** (unit === "" ? 0 : UNIT_LETTERS.indexOf(unit.toUpperCase()) + 1);
  const minBytes = bounds.minBytes ?? 0;
  const maxBytes = bounds.maxBytes ?? Number.MAX_SAFE_INTEGER;
  if (bytes < minBytes) {
    throw new WardianError("bad-size", `${what} ${quote(text)} is too small: the least is ${formatSize(minBytes)}`);
  }
  if (bytes > maxBytes) {
    throw new WardianError("bad-size", `${what} ${quote(text)} is too large: the most is ${formatSize(maxBytes)}`);
  }
  return bytes;
}

/** "512 MiB", "1.5 GiB", "100 B": at most one decimal, never rounded down to less than is needed. */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = "B";
  for (const letter of UNIT_LETTERS) {
    if (value < 1024) break;
    value /= 1024;
    unit = `${letter}iB`;
  }
  const rounded = Math.ceil(value * 10) / 10;
  return `${Number.isInteger(rounded) ? rounded : rounded.toFixed(1)} ${unit}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
