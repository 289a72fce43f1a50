// Every import of the kernel from its host. Called with no lock held, but wait_word. May depend on nothing.

/** Nanoseconds on a clock of WASI preview1: 0 realtime, 1 monotonic. */
@external("host", "clock_time_get")
export declare function clock_time_get(id: i32): i64;

/** Throws RangeError where the stack is nearly used up: before anything of a system call has happened. See src/kernel/stack-probe.ts. */
@external("host", "stack_probe")
export declare function stack_probe(): void;

/** Milliseconds of the realtime clock: cheap, for the times of files. */
@external("host", "coarse_time_ms")
export declare function coarse_time_ms(): f64;

/** Fills `len` bytes of the kernel's memory from the host's cryptographic source. */
@external("host", "random_get")
export declare function random_get(ptr: usize, len: i32): void;

/** memory.atomic.wait32, of which asc and V8 make nothing good where it stands in the kernel itself. See src/kernel/wait-word.ts. */
@external("host", "wait_word")
export declare function wait_word(ptr: usize, expected: i32, timeoutNs: i64): i32;
