// From a mirror's address to verified package records: InRelease by signature, then the package list by the checksum in
// it. Depends on errors, archive/, cache, download, packages, release, signature.

import { WardianError } from "../../errors.js";
import { decompressStream } from "../archive/compression.js";
import { type Cache, Partial, readIndex, sha256Of, writeIndex } from "./cache.js";
import { type DownloadOptions, downloadBytes, downloadFile } from "./download.js";
import { isPackageRecord, type PackageRecord, readPackages, type Selection } from "./packages.js";
import { judgeAge, type ListedFile, parseRelease, type Release } from "./release.js";
import { verifyClearSigned } from "./signature.js";

export interface IndexContext {
  cache: Cache;
  suite: string;
  keys: readonly string[];
  selection: Selection;
  download: DownloadOptions;
}

/** What a mirror holds, as its signature vouches for. */
export interface ArchiveIndex {
  mirror: string;
  records: PackageRecord[];
  /** Lines for the user about the age of the index. */
  notes: string[];
}

const LIST_NAME = "main/binary-riscv64/Packages";
const IN_RELEASE_LIMIT_BYTES = 4 << 20;
const LIST_LIMIT_BYTES = 128 << 20;
const LIST_UNPACKED_LIMIT_BYTES = 1 << 30;
/** The records that were wanted from the list seen last are cached, so that a second fetch needs no 10 MB. */
const RECORDS_FORMAT = 1;

export async function readArchiveIndex(mirror: string, context: IndexContext): Promise<ArchiveIndex> {
  const base = `${mirror}/dists/${context.suite}`;
  const signed = await downloadBytes(`${base}/InRelease`, IN_RELEASE_LIMIT_BYTES, context.download);
  const release = parseRelease(await verifyClearSigned(Buffer.from(signed).toString("utf8"), context.keys));
  if (!release.names.includes(context.suite)) {
    throw new WardianError(
      "guest-signature",
      `${mirror} passes off "${release.names.join(", ")}" as ${context.suite}; name another mirror.`,
    );
  }
  const list = release.files.get(`${LIST_NAME}.xz`);
  if (list === undefined || list.sizeBytes > LIST_LIMIT_BYTES) {
    throw new WardianError("guest-gone", `${mirror} has no package list for riscv64 in ${context.suite}; name another mirror.`);
  }
  const known = await readKnownRecords(context, list.sha256);
  const records = known ?? (await fetchRecords(base, list, release, context));
  if (known === undefined)
    await writeIndex(context.cache, context.selection.index, { format: RECORDS_FORMAT, listSha256: list.sha256, records });
  return { mirror, records, notes: judgeAge(release, new Date()) };
}

async function readKnownRecords({ cache, selection }: IndexContext, listSha256: string): Promise<PackageRecord[] | undefined> {
  const stored = (await readIndex(cache.folder, selection.index)) as
    { format?: unknown; listSha256?: unknown; records?: unknown } | undefined | null;
  if (stored?.format !== RECORDS_FORMAT || stored.listSha256 !== listSha256 || !Array.isArray(stored.records)) return undefined;
  return stored.records.every(isPackageRecord) ? stored.records : undefined;
}

async function fetchRecords(base: string, list: ListedFile, release: Release, context: IndexContext): Promise<PackageRecord[]> {
  const byHash = `${base}/${LIST_NAME.replace(/[^/]+$/, "")}by-hash/SHA256/${list.sha256}`;
  const urls = [...(release.byHash ? [byHash] : []), `${base}/${LIST_NAME}.xz`];
  const unpackedBytes = Math.min(release.files.get(LIST_NAME)?.sizeBytes ?? LIST_UNPACKED_LIMIT_BYTES, LIST_UNPACKED_LIMIT_BYTES);
  const bytes = await fetchVerified(urls, "package list", list, context);
  return readPackages(decompressStream(bytes, unpackedBytes), context.selection.isWanted);
}

/** The first of `urls` that is there, downloaded (or gone on with) and checked. */
export async function fetchVerified(
  urls: readonly string[],
  label: string,
  file: ListedFile,
  context: Pick<IndexContext, "cache" | "download">,
): Promise<Uint8Array> {
  const partial = await Partial.open(context.cache, file.sha256);
  try {
    for (let resumed = partial.sizeBytes > 0; ; resumed = false) {
      await downloadFirst(urls, label, file, partial, context.download);
      const bytes = await partial.readAll();
      if (sha256Of(bytes) === file.sha256) {
        await partial.discard();
        return bytes;
      }
      await partial.truncate();
      // What an earlier run left may be to blame: once more, from the beginning.
      if (!resumed)
        throw new WardianError(
          "guest-checksum",
          `${urls.at(-1)} does not match the archive's signed index (SHA-256); nothing of it was used. Try another mirror.`,
        );
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    // What has come so far is worth keeping unless it takes space that is missing, or is wrong.
    if (code === "guest-no-space" || code === "guest-checksum" || partial.sizeBytes === 0) await partial.discard();
    else await partial.release();
    throw error;
  }
}

async function downloadFirst(
  urls: readonly string[],
  label: string,
  file: ListedFile,
  partial: Partial,
  options: DownloadOptions,
): Promise<void> {
  for (const [i, url] of urls.entries()) {
    try {
      return await downloadFile(url, label, file.sizeBytes, partial, options);
    } catch (error) {
      const isGone = error instanceof WardianError && error.code === "guest-gone";
      if (!isGone || i === urls.length - 1) throw error;
    }
  }
}
