// What the commands' options mean: sizes, durations, engines, disks, variables. Each parser throws a WardianError of one line.
// May depend on errors, machine/.
import { WardianError } from "../errors.js";
import type { DiskSpec } from "../machine/disk.js";
import { ENGINE_NAMES, type EngineName } from "../machine/engine-name.js";
import { parseSize } from "../machine/size.js";
import { MEMORY_BOUNDS } from "../machine/vm.js";

// prettier-ignore
const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** setTimeout knows no more. */
const DURATION_MAX_MS = 2 ** 31 - 1;

/** For the help of such options. */
export const BARE_SECONDS = "a bare number is seconds";

/** Milliseconds in "90", "90s", "1.5m", "500ms", "2h". */
export function parseDuration(text: string): number {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)?$/.exec(text);
  if (match === null)
    throw new WardianError("bad-duration", `${JSON.stringify(text)} is not a time: write a number with ms, s, m or h, such as 30s`);
  const ms = Number(match[1]) * (DURATION_UNITS_MS[match[2] ?? "s"] ?? 0);
  if (ms <= 0 || ms > DURATION_MAX_MS)
    throw new WardianError("bad-duration", `the time ${JSON.stringify(text)} is out of range: more than 0, at most 24 days`);
  return ms;
}

export function parseMemoryOption(text: string): number {
  return parseSize(text, MEMORY_BOUNDS);
}

export const ENGINE_HELP =
  "how guest code is run: interpret, translate (hot code, to WebAssembly), eager (all code), auto (translate where the host allows it; the default)";

export function parseEngine(text: string): EngineName {
  const engine = ENGINE_NAMES.find((known) => known === text);
  if (engine === undefined)
    throw new WardianError("bad-option", `there is no engine ${JSON.stringify(text)}: use ${ENGINE_NAMES.join(", ")}`);
  return engine;
}

/** "FILE" or "FILE,ro"; gathers repeated options. */
export function parseDisk(text: string, earlier: readonly DiskSpec[] = []): DiskSpec[] {
  const readOnly = text.endsWith(",ro");
  const path = readOnly ? text.slice(0, -3) : text;
  if (path === "") throw new WardianError("bad-option", "--disk needs a file");
  return [...earlier, { path, readOnly }];
}

/** "NAME=VALUE", or "NAME" for what it is in our own environment; gathers repeated options. */
export function parseVariable(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === "") throw new WardianError("bad-option", `${JSON.stringify(text)} is not a variable: write NAME=VALUE`);
  const value = equals < 0 ? process.env[name] : text.slice(equals + 1);
  return value === undefined ? { ...earlier } : { ...earlier, [name]: value };
}

const GRACE_MAX_SECONDS = 86_400;

/** Seconds, 0 among them, as milliseconds. */
export function parseGrace(text: string): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= GRACE_MAX_SECONDS) return Math.round(seconds * 1000);
  throw new WardianError("bad-option", `${JSON.stringify(text)} is not a number of seconds from 0 to ${GRACE_MAX_SECONDS}`);
}

/** "KEY=VALUE", or "KEY" for an empty value; gathers repeated options. */
export function parseLabel(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const equals = text.indexOf("=");
  const key = equals < 0 ? text : text.slice(0, equals);
  if (key === "") throw new WardianError("bad-option", `${JSON.stringify(text)} is not a label: write KEY=VALUE`);
  return { ...earlier, [key]: equals < 0 ? "" : text.slice(equals + 1) };
}

/** Whole and positive. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new WardianError("bad-option", `${JSON.stringify(text)} is not a whole number above 0`);
}

/** Whole and within `bounds`. */
export function parseCountWithin({ min, max }: { readonly min: number; readonly max: number }): (text: string) => number {
  return (text) => {
    const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= min && count <= max) return count;
    throw new WardianError("bad-option", `${JSON.stringify(text)} is not a whole number from ${min} to ${max}`);
  };
}

/** A part of a CPU. */
export function parseCpus(text: string): number {
  const cpus = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (cpus >= 0.01 && cpus <= 1) return cpus;
  throw new WardianError("bad-option", `${JSON.stringify(text)} is not a part of a CPU: give a number from 0.01 to 1`);
}

/** Of instructions. */
export function parseFuel(text: string): number {
  const fuel = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (fuel <= Number.MAX_SAFE_INTEGER) return fuel;
  throw new WardianError("bad-option", `${JSON.stringify(text)} is not an amount of fuel: give a whole number above 0`);
}

export interface MountOption {
  readonly hostPath: string;
  readonly guestPath: string;
  readonly readOnly: boolean;
}

/** "HOST::GUEST", "HOST" under its own name, each with ":ro" or ":rw" behind it; gathers repeated options. */
export function parseMount(text: string, earlier: readonly MountOption[] = []): MountOption[] {
  const mode = /:(ro|rw)$/.exec(text)?.[1];
  const paths = mode === undefined ? text : text.slice(0, -1 - mode.length);
  const at = paths.indexOf("::");
  const hostPath = at < 0 ? paths : paths.slice(0, at);
  const guestPath = at < 0 ? paths : paths.slice(at + 2);
  if (hostPath === "" || guestPath === "")
    throw new WardianError("bad-option", `${JSON.stringify(text)} is not a folder for the program: write HOST::GUEST, or HOST::GUEST:ro`);
  return [...earlier, { hostPath, guestPath, readOnly: mode === "ro" }];
}

export interface VolumeOption {
  readonly name: string;
  readonly guestPath: string;
  readonly readOnly: boolean;
  readonly size?: string;
}

const VOLUME_FORM = /^([^:/]+):([^:]+)(?::([a-z0-9,=.]+))?$/i;

/** "NAME:GUEST", with ":ro", ":size=SIZE" or both, by a comma, behind it; gathers repeated options. */
export function parseVolume(text: string, earlier: readonly VolumeOption[] = []): VolumeOption[] {
  const [, name, guestPath, words = "rw"] = VOLUME_FORM.exec(text) ?? [];
  if (name === undefined || guestPath === undefined)
    throw new WardianError(
      "bad-option",
      `${JSON.stringify(text)} is not a volume: write NAME:GUEST or NAME:GUEST:ro; a folder of the host is given with --dir`,
    );
  const given = words.split(",");
  const unknown = given.find((word) => word !== "ro" && word !== "rw" && !word.startsWith("size="));
  if (unknown !== undefined) throw new WardianError("bad-option", `a volume is ro, rw or size=SIZE, not ${JSON.stringify(unknown)}`);
  const size = given.find((word) => word.startsWith("size="))?.slice("size=".length);
  return [...earlier, { name, guestPath, readOnly: given.includes("ro"), ...(size === undefined ? {} : { size }) }];
}

/** Of a socket; gathers repeated options. The engine says what a name may be. */
export function parseSocket(name: string, earlier: readonly string[] = []): string[] {
  return [...earlier, name];
}

export interface TmpfsOption {
  readonly guestPath: string;
  readonly maxBytes: number | undefined;
}

/** "GUEST" or "GUEST:SIZE"; gathers repeated options. */
export function parseTmpfs(text: string, earlier: readonly TmpfsOption[] = []): TmpfsOption[] {
  const [, guestPath = "", size] = /^(.*?)(?::([0-9.]+[KMG]?))?$/i.exec(text) ?? [];
  if (guestPath === "")
    throw new WardianError("bad-option", `${JSON.stringify(text)} is not a folder in memory: write GUEST or GUEST:SIZE`);
  return [
    ...earlier,
    { guestPath, maxBytes: size === undefined ? undefined : parseSize(size, { what: "size of a folder in memory", minBytes: 65_536 }) },
  ];
}
