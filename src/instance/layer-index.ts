// What a root layer says: which entries differ from the image, where their content is, and which of the image's are gone. As a
// value and as the text of a file. Depends on errors only.
import { WardianError } from "../errors.js";

/** A piece of one of the layer's packs. */
export interface ContentRef {
  readonly pack: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface LayerEntry {
  /** Kind and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** Of a symbolic link. */
  readonly target?: string | undefined;
  /** Of a regular file; names of equal content may share it. */
  readonly content?: ContentRef | undefined;
}

/** Paths have no "/" at the start; the root is ".". What is below a removed path, or below what is no folder, is hidden too. */
export interface LayerIndex {
  readonly entries: ReadonlyMap<string, LayerEntry>;
  readonly removed: ReadonlySet<string>;
}

export const EMPTY_INDEX: LayerIndex = { entries: new Map(), removed: new Set() };
const FORMAT = 1;
/** What an entry counts for in a limit, beside its name: about what it takes in memory. */
const ENTRY_COST_BYTES = 256;

type Row = [path: string, mode: number, uid: number, gid: number, mtime: number, major: number, minor: number, rest?: string | number[]];

export function formatIndex({ entries, removed }: LayerIndex): string {
  const rows = Array.from(entries, ([path, e]): Row => {
    const rest = e.target ?? (e.content ? [e.content.pack, e.content.offset, e.content.sizeBytes] : undefined);
    const row: Row = [path, e.mode, e.uid, e.gid, e.mtimeSeconds, e.rdevMajor, e.rdevMinor];
    if (rest !== undefined) row.push(rest);
    return row;
  });
  return JSON.stringify({ format: FORMAT, entries: rows, removed: [...removed] });
}

/** Throws `layer-corrupt`: the file is only ever replaced whole, so damage comes from elsewhere. */
export function parseIndex(text: string, where: string): LayerIndex {
  try {
    const { format, entries, removed } = JSON.parse(text) as { format: unknown; entries: unknown; removed: unknown };
    if (format !== FORMAT || !Array.isArray(entries) || !Array.isArray(removed)) throw new Error("its form is another");
    return { entries: new Map(entries.map(parseRow)), removed: new Set(removed.map(asText)) };
  } catch (error) {
    throw new WardianError("layer-corrupt", `${where} cannot be read: remove the instance, or bring the file back`, { cause: error });
  }
}

function parseRow(row: unknown): [string, LayerEntry] {
  if (!Array.isArray(row) || row.length < 7 || row.length > 8) throw new Error("a row of another length");
  const [mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor] = row.slice(1, 7).map(asCount) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const rest: unknown = row[7];
  const entry = { mode, uid, gid, mtimeSeconds, rdevMajor, rdevMinor };
  if (typeof rest === "string") return [asText(row[0]), { ...entry, target: rest }];
  if (rest === undefined) return [asText(row[0]), entry];
  if (!Array.isArray(rest) || rest.length !== 3) throw new Error("content of another form");
  const [pack, offset, sizeBytes] = rest.map(asCount) as [number, number, number];
  return [asText(row[0]), { ...entry, content: { pack, offset, sizeBytes } }];
}

function asText(value: unknown): string {
  if (typeof value !== "string") throw new Error("a name that is no text");
  return value;
}

function asCount(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error("a number that is no count");
  return value as number;
}

/** What an index stands for, against a limit: content that names share counts once. */
export function costOf({ entries, removed }: LayerIndex): number {
  let bytes = 0;
  const seen = new Set<string>();
  for (const [path, { content, target = "" }] of entries) {
    bytes += ENTRY_COST_BYTES + path.length + target.length;
    if (content === undefined || content.sizeBytes === 0) continue;
    const key = `${content.pack}:${content.offset}`;
    if (!seen.has(key)) bytes += content.sizeBytes;
    seen.add(key);
  }
  for (const path of removed) bytes += path.length;
  return bytes;
}
