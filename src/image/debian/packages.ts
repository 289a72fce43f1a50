// The archive's list of packages (60 MB of text, read in passing) and the choice among the few that matter here.
// Depends on errors, control, version.

import { WardianError } from "../../errors.js";
import { parseParagraph } from "./control.js";
import { compareVersions } from "./version.js";

export interface PackageRecord {
  name: string;
  version: string;
  /** Below the mirror's address. */
  filename: string;
  sizeBytes: number;
  sha256: string;
  depends: string;
}

const PACKAGE_LIMIT_BYTES = 256 << 20;
const PARAGRAPH_LIMIT_CHARS = 4 << 20;

/** Variants (rt, cloud, dbg, unsigned) have one more part in their names and are not among these. */
const KERNEL_NAME = /^linux-(?:binary|image)-[^-]+-riscv64$/;
const KERNEL_META_NAME = "linux-image-riscv64";

export function isOfInterest(name: string): boolean {
  return name === KERNEL_META_NAME || name === "busybox-static" || name === "opensbi" || KERNEL_NAME.test(name);
}

/** Which records of the list are kept, and under which name the cache remembers them. */
export interface Selection {
  readonly index: string;
  isWanted(name: string): boolean;
}

export const GUEST_SELECTION: Selection = { index: "packages", isWanted: isOfInterest };

/** The records that are wanted, in an unpacked package list. */
export async function readPackages(
  chunks: AsyncIterable<Uint8Array>,
  isWanted: Selection["isWanted"] = isOfInterest,
): Promise<PackageRecord[]> {
  const records: PackageRecord[] = [];
  const take = (paragraph: string) => {
    const name = /^Package: (\S+)/m.exec(paragraph.slice(0, 300))?.[1];
    if (name !== undefined && isWanted(name)) records.push(toRecord(paragraph));
  };
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const paragraphs = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = paragraphs.pop() as string;
    if (rest.length > PARAGRAPH_LIMIT_CHARS) throw damaged();
    for (const paragraph of paragraphs) take(paragraph);
  }
  take(rest);
  return records;
}

function toRecord(paragraph: string): PackageRecord {
  const fields = parseParagraph(paragraph);
  const record = {
    name: fields.get("package"),
    version: fields.get("version"),
    filename: fields.get("filename"),
    sizeBytes: Number(fields.get("size")),
    sha256: fields.get("sha256"),
    depends: fields.get("depends") ?? "",
  };
  if (!isPackageRecord(record)) throw damaged();
  return record;
}

/** Also for records that come back from the cache. */
export function isPackageRecord(value: unknown): value is PackageRecord {
  if (typeof value !== "object" || value === null) return false;
  const { name, version, filename, sizeBytes, sha256, depends } = value as Record<string, unknown>;
  return (
    typeof name === "string" &&
    typeof version === "string" &&
    /^[\w.+~:-]+$/.test(version) &&
    typeof filename === "string" &&
    /^[\w.+~:%/-]+$/.test(filename) &&
    !filename.startsWith("/") &&
    !filename.split("/").includes("..") &&
    typeof sizeBytes === "number" &&
    Number.isInteger(sizeBytes) &&
    sizeBytes > 0 &&
    sizeBytes <= PACKAGE_LIMIT_BYTES &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    typeof depends === "string"
  );
}

/** The newest package of that name. */
export function chooseNewest(records: readonly PackageRecord[], name: string): PackageRecord | undefined {
  return newest(records.filter((record) => record.name === name));
}

/**
 * The kernel that the archive itself calls current (what linux-image-riscv64 depends on), else the newest. The package
 * with the image alone is preferred to the one that brings all modules.
 */
export function chooseKernel(records: readonly PackageRecord[]): PackageRecord | undefined {
  const depends = chooseNewest(records, KERNEL_META_NAME)?.depends ?? "";
  const current = /\blinux-image-([^-\s]+)-riscv64\b/.exec(depends)?.[1];
  const kernels = records.filter((record) => KERNEL_NAME.test(record.name));
  const inCurrent = kernels.filter((record) => record.name.split("-")[2] === current);
  const candidates = inCurrent.length > 0 ? inCurrent : kernels;
  const alone = candidates.filter((record) => record.name.startsWith("linux-binary-"));
  return newest(alone.length > 0 ? alone : candidates);
}

function newest(records: readonly PackageRecord[]): PackageRecord | undefined {
  return [...records].sort((a, b) => compareVersions(b.version, a.version))[0];
}

function damaged(): WardianError {
  return new WardianError("guest-checksum", "The archive's list of packages is damaged; try another mirror.");
}
