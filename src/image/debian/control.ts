// Debian's control format (deb822(5)): paragraphs of "Field: value", continued by lines that begin with a blank. Release
// files, package lists and apt's .sources files are written in it. Depends on nothing.

/** Field names in lower case; continuation lines joined by "\n", their first blank taken off. */
export type Paragraph = ReadonlyMap<string, string>;

/** Lines that are neither field nor continuation are skipped, comments ("#") too. */
export function parseParagraph(text: string): Paragraph {
  const fields = new Map<string, string>();
  let current = "";
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (current !== "") fields.set(current, `${fields.get(current)}\n${line.slice(1)}`);
      continue;
    }
    const colon = line.indexOf(":");
    current = colon > 0 ? line.slice(0, colon).toLowerCase() : "";
    if (current !== "") fields.set(current, line.slice(colon + 1).trim());
  }
  return fields;
}

export function parseParagraphs(text: string): Paragraph[] {
  return text
    .split(/(?:\r?\n[ \t]*){2,}/)
    .map(parseParagraph)
    .filter((fields) => fields.size > 0);
}
