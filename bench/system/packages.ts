// The Debian packages of the `system` guest: the programs and what they need, each by name, at the version that the archive has
// when they are first fetched. Depends on image/.
import { readFileSync } from "node:fs";
import { blobPath } from "../../src/image/debian/cache.js";
import { chooseNewest, type PackageRecord, type Selection } from "../../src/image/debian/packages.js";
import { DEB_FILE, fetchParts, type Part } from "../../src/image/debian/parts.js";

interface DebianPackage {
  readonly id: string;
  /** For a name with a version in it: what it can be, and which of these is meant now. */
  readonly candidates?: RegExp;
  name?(newest: (name: string) => PackageRecord | undefined): string;
}

/** As in 3.14: the version of Python that Debian calls python3. */
const pythonVersion = (record: PackageRecord | undefined): string => /^\d+\.\d+/.exec(record?.version ?? "")?.[0] ?? "";

// prettier-ignore
export const PACKAGES: readonly DebianPackage[] = [
  { id: "libc6" }, { id: "libgcc-s1" }, { id: "libstdc++6" }, { id: "zlib1g" }, { id: "libzstd1" }, { id: "liblzma5" },
  { id: "7zip" },
  { id: "openssl" },
  { id: "libssl", candidates: /^libssl\d+(t64)?$/, name: (newest) => /\blibssl\d+(t64)?\b/.exec(newest("openssl")?.depends ?? "")?.[0] ?? "" },
  { id: "python3-minimal" },
  { id: "python", candidates: /^python3\.\d+-minimal$/, name: (newest) => `python${pythonVersion(newest("python3-minimal"))}-minimal` },
  { id: "libpython", candidates: /^libpython3\.\d+-minimal$/, name: (newest) => `libpython${pythonVersion(newest("python3-minimal"))}-minimal` },
  { id: "libexpat1" },
  { id: "gzip" }, { id: "xz-utils" },
  { id: "sqlite3" }, { id: "libsqlite3-0" }, { id: "libreadline8t64" }, { id: "libtinfo6" },
];

export function isWanted(name: string): boolean {
  return PACKAGES.some(({ id, candidates }) => (candidates === undefined ? id === name : candidates.test(name)));
}

const SELECTION: Selection = { index: "bench-packages", isWanted };

export function toPart({ id, name }: DebianPackage): Part {
  return {
    id,
    label: `${id} for riscv64`,
    choose: (records) => chooseNewest(records, name?.((other) => chooseNewest(records, other)) ?? id),
  };
}

export interface FetchedPackage {
  /** Name and version. */
  readonly label: string;
  readonly deb: Uint8Array;
}

/** From the cache, else from the archive. */
export async function fetchPackages(onNote: (line: string) => void): Promise<FetchedPackage[]> {
  const found = await fetchParts("bench", PACKAGES.map(toPart), { onNote }, {}, SELECTION);
  return found.map(({ package: name, version, folder, sha256 }) => ({
    label: `${name} ${version}`,
    deb: readFileSync(blobPath(folder, sha256[DEB_FILE] ?? "")),
  }));
}
