// Where Debian's archive is read from: what the caller says, WARDIAN_DEBIAN_MIRROR, the mirrors in the host's own apt
// configuration (sources.list(5), both styles), and a public one last. Depends on errors, control.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { WardianError } from "../../errors.js";
import { parseParagraphs } from "./control.js";

export const DEFAULT_MIRROR = "https://cdn-aws.deb.debian.org/debian";
export const MIRROR_VARIABLE = "WARDIAN_DEBIAN_MIRROR";
const APT_FOLDER = "/etc/apt";
/** Of the host's configuration; beyond them the public mirror serves better. */
const APT_MIRRORS_MAX = 2;

export interface MirrorOptions {
  mirror?: string | undefined;
  env?: Readonly<Record<string, string | undefined>>;
  aptFolder?: string;
}

/** In the order to try. A mirror that somebody named stands alone: falling back from it would be a surprise. */
export async function chooseMirrors(options: MirrorOptions = {}): Promise<string[]> {
  const named = options.mirror ?? (options.env ?? process.env)[MIRROR_VARIABLE];
  if (named !== undefined && named !== "") return [checkMirror(named)];
  const fromApt = await readAptMirrors(options.aptFolder ?? APT_FOLDER);
  return [...new Set([...fromApt.slice(0, APT_MIRRORS_MAX), DEFAULT_MIRROR])];
}

function checkMirror(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new WardianError("guest-mirror", `"${text}" is no mirror address; give one like ${DEFAULT_MIRROR}.`);
  }
  return text.replace(/\/+$/, "");
}

interface Source {
  uri: string;
  components: string[];
  signedBy: string;
}

/** Mirrors of Debian's main archive, the likeliest first. A folder that is not there gives none. */
export async function readAptMirrors(folder: string): Promise<string[]> {
  const sources = parseOneLine(await readText(join(folder, "sources.list")));
  const parts = join(folder, "sources.list.d");
  for (const name of (await readdir(parts).catch(() => [])).sort()) {
    if (name.endsWith(".list")) sources.push(...parseOneLine(await readText(join(parts, name))));
    if (name.endsWith(".sources")) sources.push(...parseDeb822(await readText(join(parts, name))));
  }
  const mirrors = sources.filter(isMainArchive).map((source) => source.uri.replace(/\/+$/, ""));
  return [...new Set(mirrors)].sort((a, b) => likelihood(b) - likelihood(a));
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/** deb [ option=value ... ] uri suite component... */
function parseOneLine(text: string): Source[] {
  const sources: Source[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+\S+\s+([^#]*)/.exec(line);
    if (match === null) continue;
    const signedBy = /\bsigned-by=(\S+)/i.exec(match[1] ?? "")?.[1] ?? "";
    sources.push({ uri: match[2] as string, components: (match[3] as string).trim().split(/\s+/), signedBy });
  }
  return sources;
}

function parseDeb822(text: string): Source[] {
  const words = (value: string | undefined) => (value ?? "").split(/\s+/).filter((word) => word !== "");
  return parseParagraphs(text)
    .filter((fields) => !/^(no|false|0|off)$/i.test(fields.get("enabled") ?? "") && words(fields.get("types")).includes("deb"))
    .flatMap((fields) =>
      words(fields.get("uris")).map((uri) => ({
        uri,
        components: words(fields.get("components")),
        signedBy: fields.get("signed-by") ?? "",
      })),
    );
}

/** Other people's archives may end in /debian too, but then they bring a key of their own or have other components. */
function isMainArchive(source: Source): boolean {
  if (!URL.canParse(source.uri)) return false;
  const url = new URL(source.uri);
  const isDebianKey = source.signedBy === "" || source.signedBy.includes("debian-archive");
  return /^https?:$/.test(url.protocol) && /\/debian\/?$/.test(url.pathname) && source.components.includes("main") && isDebianKey;
}

function likelihood(uri: string): number {
  const { hostname, pathname } = new URL(uri);
  return (hostname.endsWith(".debian.org") ? 2 : 0) + (pathname === "/debian" ? 1 : 0);
}
