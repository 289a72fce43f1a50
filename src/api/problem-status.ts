// Which HTTP status tells of which error: every code that can reach the API, once. A code that is not here is answered as
// `internal`, and the test beside this file finds it. What a client asked for or a guest did is never a 5xx: those are the
// host's own. Depends on nothing.

// prettier-ignore
const CODES = {
  400: ["aborted", "agent-argument", "bad-address", "bad-argument", "bad-cpus", "bad-option", "bad-path", "bad-request", "bad-size", "malformed-json"],
  401: ["unauthenticated"],
  403: ["forbidden", "quota-exceeded"],
  404: ["no-file", "no-instance", "no-port", "no-route"],
  405: ["method-not-allowed"],
  406: ["not-acceptable"],
  408: ["wait-timeout"],
  409: [
    "agent-busy", "connection-limit", "connection-refused", "descriptor-limit", "process-limit", "agent-closed", "agent-protocol", "agent-state", "agent-version", "ambiguous-instance", "guest-ended", "guest-timeout",
    "image-changed", "is-a-folder", "name-taken", "no-agent", "not-pausable", "no-command", "no-logs", "not-a-folder", "not-enough-memory", "disk-in-use", "not-running", "out-of-memory",
    "out-of-ram", "reboot-loop", "volume-memory", "volume-mismatch", "wrong-state",
  ],
  413: ["archive-too-large", "body-too-large", "disk-full", "file-too-large", "output-too-large"],
  415: ["unsupported-media-type"],
  422: [
    "agent-file", "archive-corrupt", "archive-truncated", "archive-unsafe", "archive-unsupported", "bad-archive", "bad-bios",
    "bad-device-tree", "bad-disk", "bad-elf", "bad-file", "bad-initrd", "bad-kernel", "file-failed", "idempotency-mismatch",
    "image-format", "image-not-found", "image-unreadable", "arguments-too-large", "bad-mount", "wasm-component", "wasm-imports", "wasm-invalid", "wasm-memory-limit", "wasm-no-start", "wasm-not-wasm",
    "wasm-table-limit", "wasm-too-large", "wasm-unsupported", "nothing-to-boot", "start-failed", "too-many-disks",
  ],
  426: ["upgrade-required"],
  431: ["bad-header"],
  500: [
    "bad-workers", "kernel-fault", "kernel-memory", "kernel-missing", "process-alive", "guest-cache", "internal", "layer-corrupt", "machine-panic", "not-built", "state-busy", "state-corrupt", "state-foreign",
    "state-in-use", "state-path-too-long", "state-too-new", "state-unsafe", "state-unwritable", "thread-ended", "thread-stuck", "translator-fault", "volume-in-use", "worker-crash",
  ],
  502: ["guest-checksum", "guest-download", "guest-format", "guest-gone", "guest-mirror", "guest-signature"],
  503: ["closing", "guest-aborted", "guest-offline"],
  507: ["guest-no-space"],
} as const;

export type ProblemStatus = keyof typeof CODES;
// Not -keyof: a number among an object's keys reads as a string.
const STATUSES = new Map(
  Object.entries(CODES).flatMap(([status, codes]) => codes.map((code): [string, ProblemStatus] => [code, Number(status) as ProblemStatus])),
);

export function problemStatus(code: string): ProblemStatus | undefined {
  return STATUSES.get(code);
}
