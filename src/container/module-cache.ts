// Compiled programs by the digest of their bytes and what was made of them, so that a start needs no compilation. Bounded by bytes; what
// was used longest ago goes first. May depend on program.ts.
import { createHash } from "node:crypto";
import { type LoadOptions, loadProgram, type Program } from "./program.js";

const DEFAULT_LIMIT_BYTES = 512 * 2 ** 20;

export interface CacheCounters {
  readonly programs: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly evicted: number;
}

interface Entry {
  readonly program: Promise<Program>;
  readonly sizeBytes: number;
}

export class ModuleCache {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  #evicted = 0;

  constructor(private readonly limitBytes = DEFAULT_LIMIT_BYTES) {}

  get counters(): CacheCounters {
    return { programs: this.#entries.size, bytes: this.#bytes, hits: this.#hits, misses: this.#misses, evicted: this.#evicted };
  }

  /** One compilation, however many ask. What fails is not kept. */
  load(bytes: Uint8Array, options: LoadOptions): Promise<Program> {
    const digest = createHash("sha256").update(bytes).digest("hex");
    const { maxMemoryBytes, maxTableElements = "", tier, metered } = options;
    const key = [digest, maxMemoryBytes, maxTableElements, tier, metered].join("/");
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#hits += 1;
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.program;
    }
    this.#misses += 1;
    return this.#add(key, bytes.length, loadProgram(bytes, options));
  }

  #add(key: string, sizeBytes: number, program: Promise<Program>): Promise<Program> {
    const entry = { program, sizeBytes };
    this.#entries.set(key, entry);
    this.#bytes += sizeBytes;
    program.catch(() => this.#remove(key, entry));
    for (const [oldKey, old] of this.#entries) {
      if (this.#bytes <= this.limitBytes || old === entry) break;
      this.#remove(oldKey, old);
      this.#evicted += 1;
    }
    return program;
  }

  #remove(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.sizeBytes;
  }
}
