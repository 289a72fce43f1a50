// The guest's linear memory as the thunks see it: bounds, views that follow its growth, small caches so that the usual read or
// write allocates nothing. A growing memory detaches what views there were; a shared one leaves them too short. May depend on nothing.

const CACHED_VIEWS = 8;

export class GuestMemory {
  bytes = Buffer.alloc(0);
  view = new DataView(new ArrayBuffer(0));
  #memory: WebAssembly.Memory | undefined;
  readonly #cached: Buffer[] = [];

  /** Undefined until attach(). */
  get memory(): WebAssembly.Memory | undefined {
    return this.#memory;
  }

  /** The memory exists only once the guest is instantiated; until then every pointer is out of bounds. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#refresh();
  }

  constructor(private readonly onSize: (bytes: number) => void = () => {}) {}

  /** Whether `len` bytes from `ptr` lie in the memory, both unsigned. The views are up to date afterwards. */
  holds(ptr: number, len: number): boolean {
    if (ptr + len <= this.bytes.length) return true;
    this.#refresh();
    return ptr + len <= this.bytes.length;
  }

  /** Call after holds(). The view is good until the guest runs again. */
  slice(ptr: number, len: number): Buffer {
    const slot = (ptr >>> 4) % CACHED_VIEWS;
    const cached = this.#cached[slot];
    if (cached !== undefined && cached.byteOffset === ptr && cached.length === len) return cached;
    return (this.#cached[slot] = this.bytes.subarray(ptr, ptr + len));
  }

  #refresh(): void {
    const buffer = this.#memory?.buffer;
    if (buffer === undefined || (buffer === this.bytes.buffer && buffer.byteLength === this.bytes.length)) return;
    this.bytes = Buffer.from(buffer);
    this.view = new DataView(buffer);
    this.#cached.length = 0;
    this.onSize(buffer.byteLength);
  }
}
