// What a verified Release file says: which files the archive's index has, their sizes and checksums, and how old it is.
// https://wiki.debian.org/DebianRepository/Format. Depends on errors, control.

import { WardianError } from "../../errors.js";
import { parseParagraph } from "./control.js";

export interface ListedFile {
  sha256: string;
  sizeBytes: number;
}

export interface Release {
  /** Both names of the distribution, such as "unstable" and "sid". */
  names: string[];
  date: Date | undefined;
  validUntil: Date | undefined;
  /** Files are also there under their checksum, which does not change under our feet. */
  byHash: boolean;
  files: ReadonlyMap<string, ListedFile>;
}

const DAY_MS = 24 * 3600 * 1000;

export function parseRelease(text: string): Release {
  const fields = parseParagraph(text);
  const files = new Map<string, ListedFile>();
  for (const line of (fields.get("sha256") ?? "").split("\n")) {
    const match = /^\s*([0-9a-f]{64})\s+(\d{1,15})\s+(\S+)\s*$/.exec(line);
    if (match !== null) files.set(match[3] as string, { sha256: match[1] as string, sizeBytes: Number(match[2]) });
  }
  if (files.size === 0)
    throw new WardianError("guest-signature", "The archive's index (InRelease) lists no files with SHA-256; try another mirror.");
  return {
    names: [fields.get("suite"), fields.get("codename")].filter((name) => name !== undefined),
    date: parseDate(fields.get("date")),
    validUntil: parseDate(fields.get("valid-until")),
    byHash: fields.get("acquire-by-hash") === "yes",
    files,
  };
}

/** Lines worth telling; an old index is used all the same, since mirrors may be frozen on purpose. */
export function judgeAge(release: Release, now: Date): string[] {
  const notes: string[] = [];
  if (release.validUntil !== undefined && release.validUntil < now) {
    notes.push(
      `The archive's index expired on ${day(release.validUntil)} (a frozen mirror, or a wrong clock here); it is used all the same.`,
    );
  }
  if (release.date !== undefined && release.date.getTime() > now.getTime() + DAY_MS) {
    notes.push(`The archive's index is dated ${day(release.date)}, in the future; is the clock of this computer right?`);
  }
  return notes;
}

function parseDate(text: string | undefined): Date | undefined {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
