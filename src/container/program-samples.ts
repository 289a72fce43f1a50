// For tests: small programs in text format. Not part of the program. Depends on wasm/ samples.
import { assemble } from "../wasm/module-samples.js";

const IMPORT = (name: string, type: string): string => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`;
const WRITE = IMPORT("fd_write", "(param i32 i32 i32 i32) (result i32)");
const READ = IMPORT("fd_read", "(param i32 i32 i32 i32) (result i32)");
const EXIT = IMPORT("proc_exit", "(param i32)");

const program = (imports: string, start: string, rest = ""): Uint8Array<ArrayBuffer> =>
  assemble(`(module ${imports} (memory (export "memory") 4) ${rest} (func (export "_start") ${start}))`);

/** Writes `text` to a descriptor. */
const say = (fd: number, at: number, length: number): string =>
  `(i32.store (i32.const 0) (i32.const ${at})) (i32.store (i32.const 4) (i32.const ${length}))
   (drop (call $fd_write (i32.const ${fd}) (i32.const 0) (i32.const 1) (i32.const 8)))`;

export const HELLO = program(WRITE, say(1, 16, 6), '(data (i32.const 16) "hello\\n")');
export const BOTH = program(WRITE, say(1, 16, 4) + say(2, 20, 4), '(data (i32.const 16) "out\\nerr\\n")');
export const endsWith = (code: number): Uint8Array<ArrayBuffer> => program(EXIT, `(call $proc_exit (i32.const ${code}))`);
export const LOOP = program("", "(loop $l (br $l))");
export const UNREACHABLE = program("", "(call $boom)", "(func $boom unreachable)");
export const DEEP = program(
  "",
  "(call $down (i32.const 0))",
  "(func $down (param i32) (call $down (i32.add (local.get 0) (i32.const 1))))",
);
export const OUT_OF_BOUNDS = program("", "(drop (i32.load (i32.const 0x7fffffff)))");
export const DIVIDE = program("", "(drop (i32.div_u (i32.const 1) (i32.load (i32.const 0))))");
export const START_TRAPS = assemble(`(module (memory (export "memory") 1) (func $s unreachable) (start $s) (func (export "_start")))`);
/** Its start function writes, and then _start does. */
export const START_WRITES = program(WRITE, say(1, 20, 4), `(data (i32.const 16) "one\\ntwo\\n") (start $s) (func $s ${say(1, 16, 4)})`);
/** Until the end of its input, or until nobody takes its output. */
export const ECHO = program(
  READ + WRITE,
  `(i32.store (i32.const 0) (i32.const 1024))
   (loop $l
     (i32.store (i32.const 4) (i32.const 131072))
     (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (return)))
     (if (i32.eqz (i32.load (i32.const 8))) (then (return)))
     (i32.store (i32.const 4) (i32.load (i32.const 8)))
     (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then (return)))
     (br $l))`,
);
/** 64 KiB at a time, for ever. */
export const FLOOD = program(
  WRITE,
  `(i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
   (loop $l (br_if $l (i32.eqz (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`,
);
/** Ends itself, catches that, and goes on: once more, for ever. */
export const CATCHES = program(
  EXIT + WRITE,
  `(loop $l (try (do (call $proc_exit (i32.const 3))) (catch_all ${say(1, 16, 7)})) (br $l))`,
  '(data (i32.const 16) "caught\\n")',
);
/** Grows by a page until it cannot; its status is how many it got. */
export const GROWS = program(
  EXIT,
  `(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (call $proc_exit (memory.size))`,
);
/** The same with a table, an element at a time. */
export const GROWS_TABLE = program(
  EXIT,
  `(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1)))) (call $proc_exit (table.size $t))`,
  "(table $t 0 funcref)",
);
export const MISSING = assemble(
  `(module (import "env" "one" (func)) (import "wasi_snapshot_preview1" "two" (func)) (memory (export "memory") 1) (func (export "_start")))`,
);
/** Calls that exist, with types of its own. */
export const OTHER_TYPES = assemble(
  `(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32))) (import "wasi_unstable" "sched_yield" (func))
   (import "wasi_unstable" "proc_exit" (func (param i32))) (memory (export "memory") 1) (func (export "_start")))`,
);
/** Makes the file "made" in its first folder; its status is the errno. */
export const MAKES = assemble(`(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 64) "made")
  (func (export "_start")
    (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 1) (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 0)))))`);
/** Makes files of one letter and keeps them open, until that fails; its status is the errno. */
export const MAKES_TILL_ERROR = assemble(`(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 64) "A")
  (func (export "_start") (local $e i32)
    (loop $l
      (local.set $e (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 1) (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 0)))
      (i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))
      (br_if $l (i32.eqz (local.get $e))))
    (call $exit (local.get $e))))`);
/** Its arguments and its environment, one after another, each with its NUL. */
export const TELLS = assemble(`(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $as (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $a (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $es (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $e (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $say (param $n i32) (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (local.get $n)) (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (drop (call $as (i32.const 16) (i32.const 20))) (drop (call $a (i32.const 1024) (i32.const 2048))) (call $say (i32.load (i32.const 20)))
    (drop (call $es (i32.const 16) (i32.const 20))) (drop (call $e (i32.const 1024) (i32.const 2048))) (call $say (i32.load (i32.const 20)))))`);
/** As ECHO, and what it writes to stderr is each byte turned round (xor 0xff). */
export const ECHO_TURNED = program(
  READ + WRITE,
  `(local $n i32) (local $i i32)
   (loop $l
     (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
     (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (return)))
     (local.set $n (i32.load (i32.const 8)))
     (if (i32.eqz (local.get $n)) (then (return)))
     (local.set $i (i32.const 0))
     (loop $b
       (i32.store8 offset=131072 (local.get $i) (i32.xor (i32.load8_u offset=1024 (local.get $i)) (i32.const 255)))
       (br_if $b (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
     (i32.store (i32.const 4) (local.get $n))
     (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
     (i32.store (i32.const 0) (i32.const 131072))
     (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
     (br $l))`,
);
/** Writes until that fails; its status is the errno. */
export const WRITES_TILL_ERROR = program(
  WRITE + EXIT,
  `(local $e i32)
   (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
   (loop $l (br_if $l (i32.eqz (local.tee $e (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))
   (call $proc_exit (local.get $e))`,
);
/** One byte a write: 0, 1, 2 ... 250, 0 ..., so many; then it ends. */
export const counts = (bytes: number): Uint8Array<ArrayBuffer> =>
  program(
    WRITE,
    `(local $i i32)
     (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1))
     (loop $l
       (i32.store8 (i32.const 16) (i32.rem_u (local.get $i) (i32.const 251)))
       (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
       (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${bytes}))))`,
  );
