// Names inside archives, judged: what may become a path of a root file system and what may not. Depends on errors, cpio, name.

import { WardianError } from "../../errors.js";
import { PATH_LIMIT_BYTES } from "./cpio.js";
import { encodeName } from "./name.js";

/** Linux's NAME_MAX. */
const COMPONENT_LIMIT_BYTES = 255;

/** "./usr//bin/" to "usr/bin"; the root itself to ".". Absolute names, ".." and names no Linux can hold are errors. */
export function normalizePath(name: string): string {
  if (name.startsWith("/")) throw unsafe(name, "is absolute; pack with names relative to the root");
  return normalizeRelative(name);
}

/** The same where a leading "/" means the root of the archive, as in an initramfs. */
export function normalizeRootedPath(name: string): string {
  return normalizeRelative(name.replace(/^\/+/, ""));
}

function normalizeRelative(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  for (const part of parts) {
    if (part === "..") throw unsafe(name, "leads out of the root");
    if (encodeName(part).length > COMPONENT_LIMIT_BYTES) throw unsafe(name, `has a part longer than ${COMPONENT_LIMIT_BYTES} bytes`);
  }
  if (name.includes("\0")) throw unsafe(name, "has a NUL in it");
  const path = parts.length === 0 ? "." : parts.join("/");
  if (encodeName(path).length >= PATH_LIMIT_BYTES) throw unsafe(name, `is longer than ${PATH_LIMIT_BYTES - 1} bytes`);
  return path;
}

function unsafe(name: string, why: string): WardianError {
  const shown = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
  return new WardianError("archive-unsafe", `The archive was refused: the name ${shown} ${why}.`);
}
