// A process's window in the kernel's memory: what system calls take and give passes through it. The kernel's memory is shared and
// never moves, so that its views stay good. Depends on the kernel's abi.
import { WINDOW_BYTES } from "../../assembly/kernel/abi.js";
import type { GuestMemory } from "./guest-memory.js";

/** Up to here, bytes one by one are faster than a view, which costs some 50 ns (Node 20). */
const SMALL_BYTES = 24;
/**
 * From here on Buffer.fill() is faster than set(): V8 copies from and to shared memory a word at a time (4 KiB: 360 ns), Node fills a buffer
 * from another one with memcpy (145 ns).
 */
const LARGE_BYTES = 1024;
const CACHED_LENGTHS = 16;

export class Window {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #prefixes: Buffer[] = [];

  constructor(
    buffer: ArrayBufferLike,
    ptr: number,
    private readonly guest: GuestMemory,
  ) {
    this.bytes = Buffer.from(buffer as ArrayBuffer, ptr, WINDOW_BYTES);
    this.view = new DataView(buffer, ptr, WINDOW_BYTES);
  }

  /** The first `len` bytes. */
  prefix(len: number): Buffer {
    const slot = len % CACHED_LENGTHS;
    const cached = this.#prefixes[slot];
    if (cached !== undefined && cached.length === len) return cached;
    return (this.#prefixes[slot] = this.bytes.subarray(0, len));
  }

  /** From the guest to `at`; both in bounds. */
  take(ptr: number, len: number, at = 0): void {
    if (len >= LARGE_BYTES) return void this.bytes.fill(this.guest.slice(ptr, len), at, at + len);
    if (len > SMALL_BYTES) return this.bytes.set(this.guest.slice(ptr, len), at);
    const from = this.guest.bytes;
    for (let i = 0; i < len; i++) this.bytes[at + i] = from[ptr + i] as number;
  }

  /** To the guest, from `at`; both in bounds. */
  give(ptr: number, len: number, at = 0): void {
    const to = this.guest.bytes;
    if (len >= LARGE_BYTES) return void to.fill(at === 0 ? this.prefix(len) : this.bytes.subarray(at, at + len), ptr, ptr + len);
    if (len > SMALL_BYTES) return to.set(at === 0 ? this.prefix(len) : this.bytes.subarray(at, at + len), ptr);
    for (let i = 0; i < len; i++) to[ptr + i] = this.bytes[at + i] as number;
  }
}
