// Single files out of a .deb package (deb(5)): an ar archive whose member data.tar.* holds the files.
// Depends on errors, archive/.

import { WardianError } from "../../errors.js";
import { readAr } from "../archive/ar.js";
import { decompressStream } from "../archive/compression.js";
import { readTar } from "../archive/tar.js";

const FILE_LIMIT_BYTES = 256 << 20;
const UNPACKED_LIMIT_BYTES = 1 << 30;

/** The first file that matches each pattern, under the pattern's key. Names are as installed, without a leading "./". */
export async function extractFromDeb<K extends string>(
  deb: Uint8Array,
  wanted: Readonly<Record<K, RegExp>>,
  label: string,
): Promise<Record<K, Uint8Array>> {
  const data = readAr(deb).find((member) => /^data\.tar(\.\w+)?$/.test(member.name));
  if (data === undefined) throw new WardianError("guest-format", `The package ${label} has no data in it.`);
  const missing = new Map(Object.entries(wanted) as [K, RegExp][]);
  const found: Partial<Record<K, Uint8Array>> = {};
  const match = (name: string) => [...missing].find(([, pattern]) => pattern.test(name.replace(/^\.?\//, "")))?.[0];
  const tar = decompressStream(data.data, UNPACKED_LIMIT_BYTES);
  for await (const entry of readTar(tar, { fileLimitBytes: FILE_LIMIT_BYTES, want: (name) => match(name) !== undefined })) {
    const key = entry.type === "file" ? match(entry.name) : undefined;
    if (key === undefined) continue;
    found[key] = entry.data;
    missing.delete(key);
    if (missing.size === 0) return found as Record<K, Uint8Array>;
  }
  throw new WardianError("guest-format", `The package ${label} does not have the expected files (${[...missing.keys()].join(", ")}).`);
}
