// Which of the forms that an answer can have the client asked for (RFC 9110, section 12.5.1). Depends on errors.
import { WardianError } from "../errors.js";

interface Range {
  readonly type: string;
  readonly quality: number;
}

const MAX_RANGES = 32;
const QUALITY = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

function parseAccept(accept: string): Range[] {
  return accept.split(",", MAX_RANGES).map((part) => {
    const [type = "", ...parameters] = part.split(";").map((text) => text.trim());
    const quality = parameters.map((text) => QUALITY.exec(text)?.[1]).find((text) => text !== undefined);
    return { type: type.toLowerCase(), quality: quality === undefined ? 1 : Number(quality) };
  });
}

/** The quality of the most specific range that has the type. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const [group = ""] = type.split("/");
  for (const name of [type, `${group}/*`, "*/*"]) {
    const range = ranges.find((each) => each.type === name);
    if (range) return range.quality;
  }
  return 0;
}

/** The offer that suits best; the first one of those that suit alike. Throws `not-acceptable`. */
export function negotiate<const T extends string>(accept: string | undefined, offers: readonly [T, ...T[]]): T {
  if (accept === undefined || accept.trim() === "") return offers[0];
  const ranges = parseAccept(accept);
  let best: T | undefined;
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > bestQuality) [best, bestQuality] = [offer, quality];
  }
  if (best === undefined) throw new WardianError("not-acceptable", `this is to be had as ${offers.join(" or ")}: ask for that in Accept`);
  return best;
}

/** The type itself, without parameters; undefined where there is none. */
export function essenceOf(contentType: string | undefined): string | undefined {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase();
}
