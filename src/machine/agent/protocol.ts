// The agent protocol's constants, written once: the host imports them, the guest's protocol.h is rendered from them
// (header.ts; a test compares), and fixtures/agent/PROTOCOL.md explains them. Depends on nothing.
//
//   frame:   u16 payloadBytes | u8 type | u8 stream | u32 id | payload            all little-endian

export const PROTOCOL_MAGIC = 0x4e445257; // "WRDN"
export const PROTOCOL_MAJOR = 1; // a different major is refused by both sides
export const PROTOCOL_MINOR = 1; // a higher minor only adds

export const LIMITS = {
  FRAME_HEADER_BYTES: 8,
  FRAME_BYTES: 32768, // what one write to a virtio port carries
  PAYLOAD_BYTES: 32760,
  CHANNELS: 64, // commands and file transfers at once
  WINDOW_BYTES: 262144, // unacknowledged bytes of one stream
  CREDIT_STEP_BYTES: 65536, // credit is returned in steps of this size
  FRAME_COST_BYTES: 256, // least that a DATA frame costs, so that tiny frames cannot pile up without bound
  EXEC_BYTES: 1048576, // strings of one EXEC: arguments, environment, cwd, user
  EXEC_STRINGS: 4096, // arguments; also environment entries
  PATH_BYTES: 4095,
  TEXT_BYTES: 512, // a message for people, UTF-8
  ENTROPY_BYTES: 512,
} as const;

export const FRAME = {
  HELLO: 1, // both     u32 magic, u16 major, u16 minor, u32 pid, u32 0; id = the session's number, 0 = announcement
  PING: 2, // to guest u64 token
  PONG: 3, // to host  u64 token
  ERROR: 4, // to host  text; the session is over
  POWEROFF: 5, // to guest u32 action
  BYE: 6, // to host  nothing; the last frame before sync and reboot(2)
  CLOCK: 7, // to guest u64 nanoseconds since 1970
  ENTROPY: 8, // to guest bytes that the kernel's generator is reseeded with

  EXEC: 16, // to guest u16 flags, u16 rows, u16 cols, u16 argc, u16 envc, u16 0, u32 blockBytes, first bytes of the block
  EXEC_MORE: 17, // to guest further bytes of the block, right after its EXEC
  SIGNAL: 18, // to guest u32 signal, to the command's process group
  RESIZE: 19, // to guest u16 rows, u16 cols
  CLOSE: 20, // to guest nothing; give up: kill the process group, end the streams, stop the transfer
  FILE_PUT: 21, // to guest u32 mode, u32 uid, u32 gid, path
  FILE_GET: 22, // to guest path
  TREE_GET: 23, // to guest u32 flags, u32 depth, path; since 1.1
  TREE_PUT: 24, // to guest path; since 1.1
  REMOVE: 25, // to guest path; since 1.1

  STARTED: 32, // to host  u32 pid
  EXIT: 33, // to host  u8 kind, u8 value, u16 0, u32 errno, text
  FILE_INFO: 34, // to host  u32 mode, u32 uid, u32 gid, u32 mtime, u64 size
  FILE_DONE: 35, // to host  u32 errno, text

  DATA: 48, // both     1 to PAYLOAD_BYTES bytes of a stream
  EOF: 49, // both     nothing; the stream ends
  CREDIT: 50, // both     u32 bytes the receiver has taken
  STOP: 51, // both     nothing; the receiver wants no more of the stream
} as const;

export const STREAM = { STDIN: 0, STDOUT: 1, STDERR: 2 } as const;
export const EXEC_FLAG = { TTY: 1, STDIN: 2, END_AT_EXIT: 4 } as const;
export const EXIT_KIND = { CODE: 0, SIGNAL: 1, FAILED: 2 } as const;
/** NO_DATA: headers and link targets only. CHANGED: contents only of what has changed since the agent began. */
export const TREE_FLAG = { NO_DATA: 1, CHANGED: 2 } as const;
export const POWER = { OFF: 0, REBOOT: 1 } as const;
export const KEEP_OWNER = 0xffffffff; // as uid or gid of FILE_PUT

/** Credit that a DATA frame of `bytes` uses up. */
export function frameCost(bytes: number): number {
  return Math.max(bytes, LIMITS.FRAME_COST_BYTES);
}
