// A line as a shell splits it into words, for the command field: blanks part words, '...' and "..." keep them, \ takes the
// next character as it is. No expansion of anything. Depends on nothing.

/** Undefined where a quote is not closed. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? "";
    if (char === "\\" && quote !== "'" && at + 1 < line.length) word = (word ?? "") + (line[++at] ?? "");
    else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (!/\s/.test(char)) word = (word ?? "") + char;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (quote !== "") return undefined;
  return word === undefined ? words : [...words, word];
}

/** The other way, for showing a command: words that need quotes get them. */
export function joinWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
}

/** "data:/data", "data:/data:ro", "data:/data:ro,size=1M", parted by blanks; undefined where one is none. */
export function parseVolumes(text: string): { name: string; guestPath: string; readOnly?: true; size?: string }[] | undefined {
  const volumes = (splitWords(text) ?? [""]).map((word) => {
    const [name = "", guestPath = "", options = "rw", ...more] = word.split(":");
    const size = /(?:^|,)size=([^,]+)/.exec(options)?.[1];
    const isKnown = options.split(",").every((option) => /^(ro|rw|size=.+)$/.test(option));
    if (name === "" || guestPath === "" || !isKnown || more.length > 0) return undefined;
    return { name, guestPath, ...(/\bro\b/.test(options) ? { readOnly: true as const } : {}), ...(size === undefined ? {} : { size }) };
  });
  const known = volumes.filter((volume) => volume !== undefined);
  return known.length === volumes.length ? known : undefined;
}

/** "a=1, b=2" or a line each; undefined where one has no name. */
export function parseLabels(text: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (const part of text.split(/[\n,]/)) {
    const label = part.trim();
    if (label === "") continue;
    const equals = label.indexOf("=");
    const name = (equals < 0 ? label : label.slice(0, equals)).trim();
    if (name === "") return undefined;
    Object.defineProperty(labels, name, { value: equals < 0 ? "" : label.slice(equals + 1).trim(), enumerable: true, configurable: true });
  }
  return labels;
}
