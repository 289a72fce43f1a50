// Debian version numbers and their order (deb-version(7)): [epoch:]upstream[-revision]. Depends on nothing.

/** Negative when `a` is older than `b`, 0 when neither, positive when newer. */
export function compareVersions(a: string, b: string): number {
  const [epochA, upstreamA, revisionA] = split(a);
  const [epochB, upstreamB, revisionB] = split(b);
  return epochA - epochB || compareParts(upstreamA, upstreamB) || compareParts(revisionA, revisionB);
}

function split(version: string): [epoch: number, upstream: string, revision: string] {
  const colon = version.indexOf(":");
  const epoch = colon > 0 ? Number.parseInt(version.slice(0, colon), 10) || 0 : 0;
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return dash < 0 ? [epoch, rest, ""] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)];
}

/** Stretches of other characters and stretches of digits are compared in turn. */
function compareParts(a: string, b: string): number {
  let restA = a;
  let restB = b;
  while (restA !== "" || restB !== "") {
    const wordA = /^\D*/.exec(restA)?.[0] ?? "";
    const wordB = /^\D*/.exec(restB)?.[0] ?? "";
    const byWord = compareWords(wordA, wordB);
    if (byWord !== 0) return byWord;
    restA = restA.slice(wordA.length);
    restB = restB.slice(wordB.length);
    const digitsA = /^\d*/.exec(restA)?.[0] ?? "";
    const digitsB = /^\d*/.exec(restB)?.[0] ?? "";
    const byNumber = compareDigits(digitsA, digitsB);
    if (byNumber !== 0) return byNumber;
    restA = restA.slice(digitsA.length);
    restB = restB.slice(digitsB.length);
  }
  return 0;
}

function compareWords(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = rank(a[i]) - rank(b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** "~" sorts before the end, the end before letters, letters before all else. */
function rank(char: string | undefined): number {
  if (char === "~") return -1;
  if (char === undefined) return 0;
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 0x10000;
}

function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+/, "");
  const y = b.replace(/^0+/, "");
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0);
}
