// The root of trust: the archive's InRelease file must carry a signature by one of Debian's archive keys, which come with
// this package in fixtures/debian. OpenPGP (RFC 9580), section 7 "Cleartext Signature Framework". Depends on errors, openpgp.

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Key } from "openpgp";
import { WardianError } from "../../errors.js";

const KEYS_FOLDER = join("fixtures", "debian");
const BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----";

/** The armoured keys that Debian signs its archive with. */
export async function loadArchiveKeys(): Promise<string[]> {
  const folder = findKeysFolder();
  const names = (await readdir(folder)).filter((name) => name.endsWith(".asc")).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}

/** The same folder serves the sources and the compiled files, which lie at different depths. */
function findKeysFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, KEYS_FOLDER))) return join(folder, KEYS_FOLDER);
    if (folder === dirname(folder)) {
      throw new WardianError(
        "guest-signature",
        `Debian's archive keys (${KEYS_FOLDER}) are missing from this installation; install wardian again.`,
      );
    }
  }
}

/**
 * The signed text, once one good signature by one of `armoredKeys` is found. Dates are not judged here: computers without
 * a right clock exist, and a frozen mirror is no attack by itself.
 */
export async function verifyClearSigned(text: string, armoredKeys: readonly string[]): Promise<string> {
  // The library is large and most runs find their guest in the cache.
  const { readCleartextMessage, readKeys, verify } = await import("openpgp");
  if (!text.startsWith(BEGIN)) throw refuse("is not signed");
  try {
    const keys: Key[] = [];
    for (const armoredKey of armoredKeys) keys.push(...(await readKeys({ armoredKeys: armoredKey })));
    const message = await readCleartextMessage({ cleartextMessage: text });
    const result = await verify({ message, verificationKeys: keys, date: null as unknown as Date });
    for (const signature of result.signatures) {
      if (await signature.verified.catch(() => false)) return result.data;
    }
  } catch (error) {
    throw refuse("is damaged", error);
  }
  throw refuse("has no good signature by Debian's archive keys");
}

function refuse(why: string, cause?: unknown): WardianError {
  return new WardianError("guest-signature", `The archive's index (InRelease) ${why}; nothing was used. Try another mirror.`, { cause });
}
