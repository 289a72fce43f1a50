// A process's window in the kernel's memory: what system calls take and give passes through it, or is read where it lies. The kernel's memory is
// shared and never moves, so that its views stay good. Depends on the kernel's abi.
import { PAGE_BYTES, WINDOW_BYTES } from "../../assembly/kernel/abi.js";
import type { GuestMemory } from "./guest-memory.js";

/** Up to here, bytes one by one are faster than a view, which costs some 50 ns (Node 20). */
const SMALL_BYTES = 24;
/**
 * From here on Buffer.fill() is faster than set(): V8 copies from and to shared memory a word at a time (4 KiB: 360 ns), Node fills a buffer
 * from another one with memcpy (145 ns).
 */
export const LARGE_BYTES = 1024;
const CACHED_LENGTHS = 16;
/** Views of pages of files: 4 MiB of them. */
const CACHED_PAGES = 1024;
const PAGE_BITS = Math.log2(PAGE_BYTES);

export class Window {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #prefixes: Buffer[] = [];
  readonly #pages: Uint8Array[] = [];
  readonly #words: Int32Array;

  constructor(
    private readonly buffer: ArrayBufferLike,
    ptr: number,
    private readonly guest: GuestMemory,
  ) {
    this.bytes = Buffer.from(buffer as ArrayBuffer, ptr, WINDOW_BYTES);
    this.view = new DataView(buffer, ptr, WINDOW_BYTES);
    this.#words = new Int32Array(buffer);
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

  /**
   * To the guest, from `at` in the kernel's memory, which is on one page of a file. False where the version was changed meanwhile: what was there may then
   * have been anybody's, and nothing of it stays.
   */
  givePage(ptr: number, len: number, at: number, versionPtr: number, version: number): boolean {
    const to = this.guest.bytes;
    to.fill(this.#fromPage(at), ptr, ptr + len);
    // A read alone might be done before those of the copy, on processors that reorder reads.
    if (Atomics.add(this.#words, versionPtr >> 2, 0) === (version | 0)) return true;
    to.fill(0, ptr, ptr + len);
    return false;
  }

  /** To the end of its page. */
  #fromPage(at: number): Uint8Array {
    const slot = (at >>> PAGE_BITS) % CACHED_PAGES;
    const cached = this.#pages[slot];
    if (cached !== undefined && cached.byteOffset === at) return cached;
    return (this.#pages[slot] = new Uint8Array(this.buffer, at, PAGE_BYTES - (at % PAGE_BYTES)));
  }

  /** To the guest, from `at`; both in bounds. */
  give(ptr: number, len: number, at = 0): void {
    const to = this.guest.bytes;
    if (len >= LARGE_BYTES) return void to.fill(at === 0 ? this.prefix(len) : this.bytes.subarray(at, at + len), ptr, ptr + len);
    if (len > SMALL_BYTES) return to.set(at === 0 ? this.prefix(len) : this.bytes.subarray(at, at + len), ptr);
    for (let i = 0; i < len; i++) to[ptr + i] = this.bytes[at + i] as number;
  }
}
