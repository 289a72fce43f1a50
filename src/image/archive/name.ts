// Names as Linux has them, which are bytes, as strings and back without loss: a byte that is no UTF-8 becomes the lone
// surrogate U+DC00 + byte, which no valid name decodes to (Python's "surrogateescape"). Depends on nothing.
import { isUtf8 } from "node:buffer";

const ESCAPE = 0xdc00;
const LONE_ESCAPE = /[\udc80-\udcff]/u;

export function decodeName(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  let text = "";
  for (let at = 0; at < buffer.length;) {
    const length = sequenceBytes(buffer, at);
    text += length === 0 ? String.fromCharCode(ESCAPE + (buffer[at] ?? 0)) : buffer.toString("utf8", at, at + length);
    at += length || 1;
  }
  return text;
}

/** Bytes of the well-formed character at `at`; 0 when there is none. */
function sequenceBytes(buffer: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= buffer.length; length++) if (isUtf8(buffer.subarray(at, at + length))) return length;
  return 0;
}

export function encodeName(text: string): Buffer {
  if (!LONE_ESCAPE.test(text)) return Buffer.from(text, "utf8");
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return LONE_ESCAPE.test(character) ? Buffer.of(code - ESCAPE) : Buffer.from(character, "utf8");
  });
  return Buffer.concat(parts);
}
