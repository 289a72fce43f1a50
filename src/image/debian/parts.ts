// Files out of packages, kept in the cache: from there when they are there, without any network; else from a mirror,
// checked from the archive's signature down. Depends on errors and this folder.

import { WardianError } from "../../errors.js";
import { type Cache, defaultCacheFolder, hasBlob, type OpenFile, openCache, putBlob, readIndex, writeIndex } from "./cache.js";
import { extractFromDeb } from "./deb.js";
import { checkAborted, type DownloadOptions, type Progress } from "./download.js";
import { type ArchiveIndex, fetchVerified, type IndexContext, readArchiveIndex } from "./index-files.js";
import { chooseMirrors } from "./mirror.js";
import { GUEST_SELECTION, type PackageRecord, type Selection } from "./packages.js";
import { loadArchiveKeys } from "./signature.js";
import { type Fetch, openTransport } from "./transport.js";
import { compareVersions } from "./version.js";

export interface FetchOptions {
  /** Default: see mirror.ts. */
  mirror?: string | undefined;
  /** Default: `wardian` in XDG_CACHE_HOME or ~/.cache. */
  cacheDir?: string | undefined;
  /** Never touch the network. */
  offline?: boolean | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** One line each: a newer version, an old index, another mirror. */
  onNote?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** For tests: what the outer world is. */
export interface FetchSeams {
  keys?: readonly string[];
  suite?: string;
  fetch?: Fetch;
  open?: OpenFile;
  env?: Readonly<Record<string, string | undefined>>;
  aptFolder?: string;
  retryDelayMs?: number;
  stallTimeoutMs?: number;
}

export interface KnownVersion {
  package: string;
  version: string;
}

/** What is wanted: one package, and the files of it to keep; without `files` the whole of it, under the name DEB_FILE. */
export interface Part {
  id: string;
  /** In errors: "there is no ...". */
  label: string;
  choose: (records: readonly PackageRecord[]) => PackageRecord | undefined;
  /** From a short name to what the file is called in the package. */
  files?: Readonly<Record<string, RegExp>>;
  /** The version this release was tried with: only to tell when the archive has moved on. Without it, the current one will do. */
  known?: KnownVersion;
}

export const DEB_FILE = "deb";

function namesOf({ files }: Part): string[] {
  return files === undefined ? [DEB_FILE] : Object.keys(files);
}

const SUITE = "sid";

/** One part in the cache: which package it came from and where its files are. */
export interface Stored {
  package: string;
  version: string;
  /** From a file's name in `Part.files` to the SHA-256 of its content. */
  sha256: Record<string, string>;
}
export type Found = Stored & { folder: string };

export async function fetchParts(
  indexName: string,
  parts: readonly Part[],
  options: FetchOptions,
  seams: FetchSeams,
  selection: Selection = GUEST_SELECTION,
): Promise<Found[]> {
  checkAborted(options.signal);
  const folder = options.cacheDir ?? defaultCacheFolder(seams.env);
  const stored = readStored(await readIndex(folder, indexName), parts);
  const missing: Part[] = [];
  for (const part of parts) if (!(await isComplete(folder, stored.get(part.id), part))) missing.push(part);
  if (missing.length > 0) {
    if (options.offline === true) {
      throw new WardianError(
        "guest-offline",
        `The ${indexName} is not complete in ${folder} and the network may not be used; run once with a network.`,
      );
    }
    const fetched = await fetchMissing(missing, stored, folder, options, seams, selection);
    for (const [id, part] of fetched.parts) stored.set(id, part);
    await writeIndex(fetched.cache, indexName, { format: INDEX_FORMAT, parts: Object.fromEntries(stored) });
  }
  return parts.map((part) => ({ ...(stored.get(part.id) as Stored), folder }));
}

const INDEX_FORMAT = 1;

function readStored(value: unknown, parts: readonly Part[]): Map<string, Stored> {
  const index = value as { format?: unknown; parts?: Record<string, Partial<Stored> | undefined> } | undefined | null;
  const stored = new Map<string, Stored>();
  if (index?.format !== INDEX_FORMAT || typeof index.parts !== "object" || index.parts === null) return stored;
  for (const wanted of parts) {
    const part = index.parts[wanted.id];
    const isSound =
      typeof part?.package === "string" &&
      typeof part.version === "string" &&
      typeof part.sha256 === "object" &&
      part.sha256 !== null &&
      namesOf(wanted).every((file) => /^[0-9a-f]{64}$/.test(String(part.sha256?.[file])));
    if (isSound) stored.set(wanted.id, part as Stored);
  }
  return stored;
}

async function isComplete(folder: string, stored: Stored | undefined, part: Part): Promise<boolean> {
  if (stored === undefined) return false;
  for (const file of namesOf(part)) if (!(await hasBlob(folder, stored.sha256[file] as string))) return false;
  return true;
}

interface Fetched {
  cache: Cache;
  parts: Map<string, Stored>;
}

async function fetchMissing(
  missing: readonly Part[],
  stored: ReadonlyMap<string, Stored>,
  folder: string,
  options: FetchOptions,
  seams: FetchSeams,
  selection: Selection,
): Promise<Fetched> {
  const mirrors = await chooseMirrors({ mirror: options.mirror, ...pick(seams) });
  const cache = await openCache(folder, seams.open);
  const transport = seams.fetch === undefined ? await openTransport(seams.env) : { fetch: seams.fetch, close: async () => {} };
  const download: DownloadOptions = {
    fetch: transport.fetch,
    signal: options.signal,
    onProgress: options.onProgress,
    retryDelayMs: seams.retryDelayMs,
    stallTimeoutMs: seams.stallTimeoutMs,
  };
  const keys = seams.keys ?? (await loadArchiveKeys());
  const context: IndexContext = { cache, suite: seams.suite ?? SUITE, keys, selection, download };
  try {
    let index = await readFirstIndex(mirrors, context, options);
    const parts = new Map<string, Stored>();
    for (const part of missing) {
      const known = stored.get(part.id) ?? part.known;
      const fetched = await fetchPart(part, known, index, context, options);
      index = fetched.index;
      parts.set(part.id, fetched.stored);
    }
    for (const note of index.notes) options.onNote?.(note);
    return { cache, parts };
  } finally {
    await transport.close();
  }
}

function pick(seams: FetchSeams): Pick<FetchSeams, "env" | "aptFolder"> {
  return {
    ...(seams.env === undefined ? {} : { env: seams.env }),
    ...(seams.aptFolder === undefined ? {} : { aptFolder: seams.aptFolder }),
  };
}

/** Mirrors from apt's configuration may lack the suite or be out of reach; then the next one is as good. */
async function readFirstIndex(mirrors: readonly string[], context: IndexContext, options: FetchOptions): Promise<ArchiveIndex> {
  for (const [i, mirror] of mirrors.entries()) {
    try {
      return await readIndexFresh(mirror, context);
    } catch (error) {
      const isElsewhere = error instanceof WardianError && ["guest-gone", "guest-download", "guest-offline"].includes(error.code);
      if (!isElsewhere || i === mirrors.length - 1) throw error;
      options.onNote?.(`${mirror} does not serve ${context.suite} now (${error.code}); trying ${mirrors[i + 1]}.`);
    }
  }
  throw new WardianError("guest-mirror", "There is no mirror to try.");
}

/** An index that changes while it is read gives a list that does not match: a second look tells that from tampering. */
async function readIndexFresh(mirror: string, context: IndexContext): Promise<ArchiveIndex> {
  try {
    return await readArchiveIndex(mirror, context);
  } catch (error) {
    if (!(error instanceof WardianError) || error.code !== "guest-checksum") throw error;
    return readArchiveIndex(mirror, context);
  }
}

async function fetchPart(
  part: Part,
  known: KnownVersion | undefined,
  first: ArchiveIndex,
  context: IndexContext,
  options: FetchOptions,
): Promise<{ stored: Stored; index: ArchiveIndex }> {
  let index = first;
  let record = chooseKnown(part, known, index);
  let deb: Uint8Array;
  try {
    deb = await fetchDeb(record, index, context);
  } catch (error) {
    if (!(error instanceof WardianError) || error.code !== "guest-gone") throw error;
    // Listed and yet gone: the archive has moved on since the index was read.
    index = await readIndexFresh(index.mirror, context);
    const current = chooseKnown(part, known, index);
    if (current.filename === record.filename) {
      throw new WardianError(
        "guest-gone",
        `${record.name} ${record.version} is listed by ${index.mirror} but not there; try again later or name another mirror.`,
        { cause: error },
      );
    }
    record = current;
    deb = await fetchDeb(record, index, context);
  }
  if (known !== undefined && (known.package !== record.name || known.version !== record.version)) {
    const age = compareVersions(record.version, known.version) > 0 ? "newer" : "older";
    options.onNote?.(
      `${known.package} ${known.version} is gone from the archive; the ${age} ${record.name} ${record.version} is there and was fetched.`,
    );
  }
  const files = part.files === undefined ? { [DEB_FILE]: deb } : await extractFromDeb(deb, part.files, `${record.name} ${record.version}`);
  const sha256: Record<string, string> = {};
  for (const [file, bytes] of Object.entries(files)) sha256[file] = await putBlob(context.cache, bytes);
  return { stored: { package: record.name, version: record.version, sha256 }, index };
}

/** The known version while the archive still has it, else the current one. */
function chooseKnown(part: Part, known: KnownVersion | undefined, index: ArchiveIndex): PackageRecord {
  const same = index.records.find((record) => record.name === known?.package && record.version === known.version);
  const record = same ?? part.choose(index.records);
  if (record !== undefined) return record;
  throw new WardianError("guest-gone", `${index.mirror} has no ${part.label}; name another mirror.`);
}

function fetchDeb(record: PackageRecord, index: ArchiveIndex, context: IndexContext): Promise<Uint8Array> {
  const path = record.filename
    .split("/")
    .map((part) => encodeURIComponent(decodePercent(part)))
    .join("/");
  return fetchVerified([`${index.mirror}/${path}`], record.name, record, context);
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
