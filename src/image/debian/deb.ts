// What is in a .deb package (deb(5)): an ar archive whose member data.tar.* holds the files.
// Depends on errors, archive/.

import { WardianError } from "../../errors.js";
import { readAr } from "../archive/ar.js";
import { decompressStream } from "../archive/compression.js";
import { readTar, type TarEntry } from "../archive/tar.js";

const FILE_LIMIT_BYTES = 256 << 20;
const UNPACKED_LIMIT_BYTES = 1 << 30;

/** The entries that `want` takes, by their names as installed: without a leading "./". */
export async function* readDeb(deb: Uint8Array, label: string, want: (name: string) => boolean): AsyncGenerator<TarEntry> {
  const data = readAr(deb).find((member) => /^data\.tar(\.\w+)?$/.test(member.name));
  if (data === undefined) throw new WardianError("guest-format", `The package ${label} has no data in it.`);
  const tar = decompressStream(data.data, UNPACKED_LIMIT_BYTES);
  const installed = (name: string): string => name.replace(/^\.?\//, "");
  for await (const entry of readTar(tar, { fileLimitBytes: FILE_LIMIT_BYTES, want: (name) => want(installed(name)) })) {
    const name = installed(entry.name);
    if (want(name)) yield { ...entry, name };
  }
}

/** The first file that matches each pattern, under the pattern's key. */
export async function extractFromDeb<K extends string>(
  deb: Uint8Array,
  wanted: Readonly<Record<K, RegExp>>,
  label: string,
): Promise<Record<K, Uint8Array>> {
  const missing = new Map(Object.entries(wanted) as [K, RegExp][]);
  const found: Partial<Record<K, Uint8Array>> = {};
  const match = (name: string) => [...missing].find(([, pattern]) => pattern.test(name))?.[0];
  for await (const entry of readDeb(deb, label, (name) => match(name) !== undefined)) {
    const key = entry.type === "file" ? match(entry.name) : undefined;
    if (key === undefined) continue;
    found[key] = entry.data;
    missing.delete(key);
    if (missing.size === 0) return found as Record<K, Uint8Array>;
  }
  throw new WardianError("guest-format", `The package ${label} does not have the expected files (${[...missing.keys()].join(", ")}).`);
}
