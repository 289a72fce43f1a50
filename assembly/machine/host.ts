// Every import from the host, in one place. All are synchronous and cheap; none but `join` may call back into the machine.
// Pointers are offsets into this module's linear memory; lengths are bytes.

/** Ticks of `mtime` (TIMEBASE_HZ) since the machine was made. Never goes back. */
@external("host", "now")
export declare function now(): u64;
/** Wall-clock nanoseconds since 1970, for the RTC. */
@external("host", "wallClock")
export declare function wallClock(): u64;
/** Fills `len` bytes at `ptr` with random bytes. */
@external("host", "random")
export declare function random(ptr: usize, len: u32): void;
/** One byte that the guest sent out of the UART or the SBI console; not 0 where the host has enough and wants run() to end. */
@external("host", "uartWrite")
export declare function uartWrite(byte: u32): u32;
/** Bytes the guest wrote to console port `port`; gives how many the host took (0: call portDrained() later). */
@external("host", "portWrite")
export declare function portWrite(port: u32, ptr: usize, len: u32): u32;
/** The guest opened (1) or closed (0) console port `port`. */
@external("host", "portOpen")
export declare function portOpen(port: u32, open: u32): void;
/** Reads `len` bytes at byte offset `offset` of disk `disk`; gives 0, or 1 for an I/O error. */
@external("host", "diskRead")
export declare function diskRead(disk: u32, offset: u64, ptr: usize, len: u32): u32;
/** Writes; as diskRead. Never called for a read-only disk. */
@external("host", "diskWrite")
export declare function diskWrite(disk: u32, offset: u64, ptr: usize, len: u32): u32;
/** Makes earlier writes durable; gives 0, or 1 for an I/O error. */
@external("host", "diskFlush")
export declare function diskFlush(disk: u32): u32;
/**
 * Compiles the WebAssembly module of `len` bytes at `ptr` and puts its function "run" into the machine's table at `index`, now
 * or later; gives a LINK_ constant. `serial` tells it from an earlier or later module for the same index.
 */
@external("host", "link")
export declare function link(ptr: usize, len: u32, index: u32, serial: u32): u32;
/**
 * Compiles, now or later, one module of the functions of the module of `len` bytes at `ptr` and, behind them, those that `count` regions were
 * linked with (bundles.ts says what stands for each at `members`); then calls placeMember() for each of them, if it could, and bundleIsOver().
 */
@external("host", "join")
export declare function join(ptr: usize, len: u32, members: usize, count: u32): void;
/** Nothing calls the table's function `index` any longer. */
@external("host", "unlink")
export declare function unlink(index: u32): void;
/** A broken invariant: the host throws out of run(), and this machine is over. `code` is a PANIC_ constant. */
@external("host", "panic")
export declare function panic(code: u32): void;
