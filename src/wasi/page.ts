// docs/WASI.md, from the tables. May depend on the files beside it.
import { type Call, CALL_GROUPS } from "./call.js";
import type { Param } from "./param.js";
import { PREVIEW1 } from "./preview1.js";
import { UNSTABLE } from "./unstable.js";

const HEAD = `# WASI in containers

Written by \`npm run generate\` from the table of calls (src/wasi/preview1.ts); do not edit.

A container may import from \`wasi_snapshot_preview1\` and from \`wasi_unstable\` (snapshot 0). A module that imports anything else, or with another type, is refused,
with all the names. A pointer or length that wraps or lies outside of the guest's memory gives \`FAULT\`.
At most 1,024 iovecs a call, else \`INVAL\`.

Preopened directories come in this order: volumes (\`-v\`, in the library \`volumes\`) and folders in memory (\`--tmpfs\`), then folders of the host (\`--dir\`). In one that was given
read-only, what would change something answers \`NOTCAPABLE\` (a folder of the host: \`ROFS\`). A full one answers \`NOSPC\`. A volume shows all who have it the same contents at once, and a
write of up to 128 KiB is done as a whole or not at all: others that append do not come between, and neither does the end of a container that is killed.

Local sockets (\`--listen\`, \`--connect\`, in the library \`sockets\`) come behind all preopened directories: first those that the program listens on, then those that are connected, each
in the order given. Without directories the first one is 3. The program is told by variables, as by systemd (sd_listen_fds(3), without \`LISTEN_PID\`); one of its own of the same name counts for more:

| | to listen on | connected |
|---|---|---|
| how many | \`LISTEN_FDS\` | \`CONNECT_FDS\` |
| their names, with colons between | \`LISTEN_FDNAMES\` | \`CONNECT_FDNAMES\` |
| the descriptor of the first | \`LISTEN_FDS_START\` | \`CONNECT_FDS_START\` |

They are stream sockets. \`fd_read\` and \`fd_write\` do as \`sock_recv\` and \`sock_send\` without flags. \`sock_accept\` waits, or answers \`AGAIN\` where the listening descriptor is \`NONBLOCK\`; its flags are the new
descriptor's. \`RECV_WAITALL\` gives less only at the end of the stream, or where the descriptor is \`NONBLOCK\`; \`RECV_PEEK\` counts for more. Unknown flags are \`NOTSUP\`. Who sends to one that is closed gets \`PIPE\`.
\`poll_oneoff\` tells of a listening one how many connections wait, of another one how many bytes there are (or there is room for), and with \`HANGUP\` that the other side is gone.
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
