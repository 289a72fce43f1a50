// docs/WASI.md, from the tables. May depend on the files beside it.
import { type Call, CALL_GROUPS } from "./call.js";
import type { Param } from "./param.js";
import { PREVIEW1 } from "./preview1.js";
import { UNSTABLE } from "./unstable.js";

const HEAD = `# WASI in containers

Written by \`npm run generate\` from the table of calls (src/wasi/preview1.ts); do not edit.

A container may import from \`wasi_snapshot_preview1\` and from \`wasi_unstable\` (snapshot 0). A module that imports anything else is refused,
with all the names that are missing. A pointer or length that wraps or lies outside of the guest's memory gives \`FAULT\`.
At most 1,024 iovecs a call, else \`INVAL\`.

Preopened directories come in this order: volumes (\`-v\`, in the library \`volumes\`) and folders in memory (\`--tmpfs\`), then folders of the host (\`--dir\`). In one that was given
read-only, what would change something answers \`NOTCAPABLE\` (a folder of the host: \`ROFS\`). A full one answers \`NOSPC\`. A volume shows all who have it the same contents at once, and a
write of up to 128 KiB is done as a whole or not at all: others that append do not come between, and neither does the end of a container that is killed.
`;

const TABLE_HEAD = "| call | parameters | wasi_unstable | |\n|---|---|---|---|";

const numberOf = (param: Param): string => param.wasm.join(", ");

function row(name: string, { params, note }: Call): string {
  const old = (UNSTABLE as Readonly<Record<string, Call>>)[name];
  const isSame = old === (PREVIEW1 as Readonly<Record<string, Call>>)[name];
  const unstable = old === undefined ? "no" : isSame ? "yes" : (old.note ?? "older numbers");
  const shown = params.map((param) => `${param.name}: ${numberOf(param)}`).join("; ");
  return `| \`${name}\` | ${shown} | ${unstable} | ${note ?? ""} |`;
}

export function renderWasiPage(): string {
  const calls = Object.entries(PREVIEW1);
  const chapters = CALL_GROUPS.map((group) => {
    const rows = calls.filter(([, call]) => call.group === group).map(([name, call]) => row(name, call));
    return `\n## ${group[0]?.toUpperCase()}${group.slice(1)}\n\n${TABLE_HEAD}\n${rows.join("\n")}\n`;
  });
  return HEAD + chapters.join("");
}
