// Renders fixtures/agent/protocol.h from protocol.ts. Depends on protocol only.
import {
  EXEC_FLAG,
  EXIT_KIND,
  FRAME,
  KEEP_OWNER,
  LIMITS,
  POWER,
  PROTOCOL_MAGIC,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  STREAM,
  TREE_FLAG,
} from "./protocol.js";

/** The C header: one `#define` a constant. */
export function renderHeader(): string {
  const line = (name: string, value: number): string => `#define ${name} ${value}u`;
  const group = (prefix: string, table: Readonly<Record<string, number>>): string[] => [
    "",
    ...Object.entries(table).map(([name, value]) => line(`${prefix}_${name}`, value)),
  ];
  return [
    "// Generated from src/machine/agent/protocol.ts by header.ts; never edited. `npx vitest run header -u` writes it anew.",
    "#pragma once",
    "",
    line("PROTOCOL_MAGIC", PROTOCOL_MAGIC),
    line("PROTOCOL_MAJOR", PROTOCOL_MAJOR),
    line("PROTOCOL_MINOR", PROTOCOL_MINOR),
    line("KEEP_OWNER", KEEP_OWNER),
    ...group("LIMIT", LIMITS),
    ...group("FRAME", FRAME),
    ...group("STREAM", STREAM),
    ...group("EXEC_FLAG", EXEC_FLAG),
    ...group("EXIT_KIND", EXIT_KIND),
    ...group("TREE_FLAG", TREE_FLAG),
    ...group("POWER", POWER),
    "",
  ].join("\n");
}
