// For tests: small programs that work on files of the first folder that they are given; their status is the errno they met. Not part of
// the program. Depends on wasm/ samples.
import { assemble } from "../wasm/module-samples.js";

const IMPORTS = `
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func $must (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))`;
const RIGHTS = { read: 2, write: 64 } as const;
const CREATE = 1;
const APPEND = 1;
/** Where the file's descriptor, the one iovec and the count of bytes stand. */
const [FD, IOVEC, COUNT] = [64, 0, 8];

const open = (rights: number, oflags: number, fdflags: number): string =>
  `(call $must (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const ${oflags})
     (i64.const ${rights}) (i64.const 0) (i32.const ${fdflags}) (i32.const ${FD})))`;
const iovec = (at: number, bytes: number): string =>
  `(i32.store (i32.const ${IOVEC}) (i32.const ${at})) (i32.store (i32.const ${IOVEC + 4}) (i32.const ${bytes}))`;
const write = (fd: string): string => `(call $must (call $write ${fd} (i32.const ${IOVEC}) (i32.const 1) (i32.const ${COUNT})))`;
const FILE = `(i32.load (i32.const ${FD}))`;

const program = (start: string, text = ""): Uint8Array<ArrayBuffer> =>
  assemble(`(module ${IMPORTS} (memory (export "memory") 4) (data (i32.const 16) "file") (data (i32.const 128) "${text}")
    (func (export "_start") (local $left i32) ${start}))`);

/** Appends `text` to the file so many times. */
export const appends = (text: string, times: number): Uint8Array<ArrayBuffer> =>
  program(
    `${open(RIGHTS.write, CREATE, APPEND)} ${iovec(128, text.length)} (local.set $left (i32.const ${times}))
     (loop $l ${write(FILE)} (br_if $l (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))`,
    text,
  );
/** The same for ever, or until nothing more goes in. */
export const FILLS = program(`${open(RIGHTS.write, CREATE, APPEND)} ${iovec(1024, 4096)} (loop $l ${write(FILE)} (br $l))`);
/** Copies the file to stdout as it comes, until it has had so many bytes. */
export const follows = (bytes: number): Uint8Array<ArrayBuffer> =>
  program(
    `${open(RIGHTS.read, CREATE, 0)} (local.set $left (i32.const ${bytes}))
     (loop $l
       ${iovec(1024, 65_536)} (call $must (call $read ${FILE} (i32.const ${IOVEC}) (i32.const 1) (i32.const ${COUNT})))
       (local.set $left (i32.sub (local.get $left) (i32.load (i32.const ${COUNT}))))
       (if (i32.load (i32.const ${COUNT}))
         (then (i32.store (i32.const ${IOVEC + 4}) (i32.load (i32.const ${COUNT}))) ${write("(i32.const 1)")})
         (else (drop (call $yield))))
       (br_if $l (i32.gt_s (local.get $left) (i32.const 0))))`,
  );
/** Copies what the file holds to stdout. */
export const SHOWS = program(
  `${open(RIGHTS.read, 0, 0)}
   (loop $l
     ${iovec(1024, 65_536)} (call $must (call $read ${FILE} (i32.const ${IOVEC}) (i32.const 1) (i32.const ${COUNT})))
     (if (i32.load (i32.const ${COUNT}))
       (then (i32.store (i32.const ${IOVEC + 4}) (i32.load (i32.const ${COUNT}))) ${write("(i32.const 1)")} (br $l))))`,
);
/** Writes 4 KiB to stdout, for ever. */
export const POURS = program(`${iovec(1024, 4096)} (loop $l ${write("(i32.const 1)")} (br $l))`);
