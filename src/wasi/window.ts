// A process's window in the kernel's memory: what system calls take and give passes through it. The kernel's memory is shared and
// never moves, so that its views stay good. Depends on the kernel's abi.
import { WINDOW_BYTES } from "../../assembly/kernel/abi.js";
import type { GuestMemory } from "./guest-memory.js";

/** Up to here, bytes one by one are faster than a view, which costs some 50 ns (Node 20). */
const SMALL_BYTES = 24;
const CACHED_LENGTHS = 16;

export class Window {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #prefixes: Uint8Array[] = [];

  constructor(
    buffer: ArrayBufferLike,
    ptr: number,
    private readonly guest: GuestMemory,
  ) {
    this.bytes = new Uint8Array(buffer, ptr, WINDOW_BYTES);
    this.view = new DataView(buffer, ptr, WINDOW_BYTES);
  }

  /** The first `len` bytes. */
  prefix(len: number): Uint8Array {
    const slot = len % CACHED_LENGTHS;
    const cached = this.#prefixes[slot];
    if (cached !== undefined && cached.length === len) return cached;
    return (this.#prefixes[slot] = this.bytes.subarray(0, len));
  }

  /** From the guest to `at`; both in bounds. */
  take(ptr: number, len: number, at = 0): void {
    if (len > SMALL_BYTES) return this.bytes.set(this.guest.slice(ptr, len), at);
    const from = this.guest.bytes;
    for (let i = 0; i < len; i++) this.bytes[at + i] = from[ptr + i] as number;
  }

  /** To the guest, from `at`; both in bounds. */
  give(ptr: number, len: number, at = 0): void {
    const to = this.guest.bytes;
    if (len > SMALL_BYTES) return to.set(at === 0 ? this.prefix(len) : this.bytes.subarray(at, at + len), ptr);
    for (let i = 0; i < len; i++) to[ptr + i] = this.bytes[at + i] as number;
  }
}
