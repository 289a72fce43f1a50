// Token buckets by key, in bounded memory: so many requests a second, and a burst of more. Depends on nothing.

const MAX_KEYS = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `now` in milliseconds. */
  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
  }

  /** 0 where one more may come, otherwise whole seconds until it may. */
  take(key: string): number {
    if (this.#perSecond === Infinity) return 0;
    const bucket = this.#bucketOf(key);
    const nowMs = this.#now();
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.#perSecond));
  }

  get size(): number {
    return this.#buckets.size;
  }

  #bucketOf(key: string): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_KEYS) this.#makeRoom();
    const bucket = { tokens: this.#burst, atMs: this.#now() };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Full buckets say nothing; where there are none, those that came first have to go. */
  #makeRoom(): void {
    const fullSinceMs = this.#now() - (this.#burst / this.#perSecond) * 1000;
    for (const [key, bucket] of this.#buckets) if (bucket.atMs <= fullSinceMs) this.#buckets.delete(key);
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < MAX_KEYS / 2) break;
      this.#buckets.delete(key);
    }
  }
}

/** One client's many IPv6 addresses are one. */
export function rateKeyOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = ""] = address.split("%");
  return `${expandPrefix(head)}::/64`;
}

function expandPrefix(address: string): string {
  const [left = "", right] = address.split("::");
  const leftGroups = left === "" ? [] : left.split(":");
  const rightGroups = right === undefined || right === "" ? [] : right.split(":");
  const zeros = right === undefined ? 0 : Math.max(0, 8 - leftGroups.length - rightGroups.length);
  return [...leftGroups, ...Array<string>(zeros).fill("0"), ...rightGroups].slice(0, 4).join(":");
}
