// The cases of `system`: what each runs in the guest, and how much of it. A script's standard output must be the same in every
// machine: it is what is compared. Depends on nothing.

/** For a look; some seconds of work; and so much that the compiling of hot code is a small part of it. */
export type Size = "quick" | "full" | "long";

export interface Case {
  readonly name: string;
  /** The mean is taken over programs: what people run. */
  readonly kind: "shell" | "program";
  readonly what: string;
  /** Of whatever the script counts. */
  readonly amounts: Readonly<Record<Size, number>>;
  /** For busybox's sh; TEXT_PATH and the files of fixtures/bench/system (in SCRIPTS_PATH) are there. */
  script(amount: number): string;
}

export const TEXT_PATH = "/bench/text";
export const SCRIPTS_PATH = "/bench";
const MIB = 2 ** 20;
export const TEXT_MIB = 8;

const KEY = "-K 000102030405060708090a0b0c0d0e0f -iv 0f0e0d0c0b0a09080706050403020100";
const repeat = (amount: number, command: string): string => `i=0; while [ $i -lt ${amount} ]; do ${command} || exit 1; i=$((i+1)); done`;
/** The first `mib` of the text, to a command's standard input. */
const head = (mib: number): string => `head -c ${Math.round(mib * MIB)} ${TEXT_PATH}`;
/** The same; the text over and over where that is more than all of it. */
const stream = (mib: number): string => (mib <= TEXT_MIB ? head(mib) : repeat(mib / TEXT_MIB, `cat ${TEXT_PATH}`));
const pack7z = "/usr/bin/7z a -bd -mmt1 -mx5 -mtm- /tmp/7z.out /tmp/7z.in >/dev/null && /usr/bin/7z t -bd /tmp/7z.out >/dev/null";

// Programs go by their paths: without a slash, busybox's sh prefers its own gzip and xz. What 7-Zip's and OpenSSL's own benchmarks say is
// a rate by the guest's clock, and their work is not the same in two runs.
// prettier-ignore
export const CASES: readonly Case[] = [
  { name: "sh",      kind: "shell",   what: "steps of a shell loop",         amounts: { quick: 60_000, full: 300_000, long: 3_000_000 },
    script: (n) => `i=0; while [ $i -lt ${n} ]; do i=$((i+1)); done; echo $i` },
  { name: "fork",    kind: "shell",   what: "x fork and exec",               amounts: { quick: 100, full: 300, long: 3_000 },
    script: (n) => `${repeat(n, "/bin/busybox true")}; echo $i` },
  { name: "7z",      kind: "program", what: "MiB of text packed and tested", amounts: { quick: 0.25, full: 1, long: 8 },
    script: (n) => `${head(n)} >/tmp/7z.in && ${pack7z} && cat /tmp/7z.out` },
  { name: "sha256",  kind: "program", what: "x 8 MiB, openssl dgst",         amounts: { quick: 2, full: 8, long: 64 },
    script: (n) => repeat(n, `/usr/bin/openssl dgst -sha256 ${TEXT_PATH}`) },
  { name: "aes",     kind: "program", what: "x 8 MiB, openssl aes-128-cbc",  amounts: { quick: 1, full: 4, long: 32 },
    script: (n) => `${repeat(n, `/usr/bin/openssl enc -aes-128-cbc ${KEY} -in ${TEXT_PATH} -out /tmp/aes`)}; cat /tmp/aes` },
  { name: "python3", kind: "program", what: "rounds of work.py",             amounts: { quick: 5, full: 20, long: 160 },
    script: (n) => `/usr/bin/python3 -I -S -B ${SCRIPTS_PATH}/work.py ${n}` },
  { name: "gzip",    kind: "program", what: "MiB of text",                   amounts: { quick: 2, full: 8, long: 64 },
    script: (n) => `${stream(n)} | /usr/bin/gzip -n -c` },
  { name: "xz",      kind: "program", what: "MiB of text",                   amounts: { quick: 0.25, full: 1, long: 8 },
    script: (n) => `${head(n)} | /usr/bin/xz -T1 -c` },
  { name: "sqlite3", kind: "program", what: "rows",                          amounts: { quick: 15_000, full: 60_000, long: 480_000 },
    script: (n) => `sed s/ROWS/${n}/ ${SCRIPTS_PATH}/work.sql | /usr/bin/sqlite3 :memory:` },
];
