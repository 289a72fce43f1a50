// The ar archive, as far as .deb packages use it (deb(5)): a magic line, then members with a 60-byte text header,
// each padded to an even length. Depends on errors only.

import { WardianError } from "../../errors.js";

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;
const HEADER_END = "`\n";

// name 0-15 | mtime 16-27 | uid 28-33 | gid 34-39 | mode 40-47 | size 48-57 | end 58-59
const NAME_BYTES = 16;
const SIZE_OFFSET = 48;
const SIZE_BYTES = 10;
const END_OFFSET = 58;

export interface ArMember {
  name: string;
  /** A view of the archive, not a copy. */
  data: Uint8Array;
}

/** All members, in order. GNU and BSD long names do not occur in packages and are refused. */
export function readAr(bytes: Uint8Array): ArMember[] {
  if (text(bytes, 0, MAGIC.length) !== MAGIC) throw corrupt("does not begin like one");
  const members: ArMember[] = [];
  let offset = MAGIC.length;
  while (offset < bytes.length) {
    if (bytes.length - offset < HEADER_BYTES) throw corrupt("is cut short in a header");
    if (text(bytes, offset + END_OFFSET, 2) !== HEADER_END) throw corrupt("has a damaged header");
    const sizeText = text(bytes, offset + SIZE_OFFSET, SIZE_BYTES).trimEnd();
    if (!/^\d{1,10}$/.test(sizeText)) throw corrupt("has a header without a size");
    const sizeBytes = Number(sizeText);
    const dataOffset = offset + HEADER_BYTES;
    if (sizeBytes > bytes.length - dataOffset) throw corrupt("is cut short in a member");
    const name = text(bytes, offset, NAME_BYTES).trimEnd().replace(/\/$/, "");
    if (!/^[\w.+-]+$/.test(name)) throw corrupt("has a member with an unusable name");
    members.push({ name, data: bytes.subarray(dataOffset, dataOffset + sizeBytes) });
    offset = dataOffset + sizeBytes + (sizeBytes & 1);
  }
  return members;
}

function text(bytes: Uint8Array, offset: number, sizeBytes: number): string {
  return Buffer.from(bytes.subarray(offset, offset + sizeBytes)).toString("latin1");
}

function corrupt(why: string): WardianError {
  return new WardianError("archive-corrupt", `The ar archive ${why}; get it again.`);
}
