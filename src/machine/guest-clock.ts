// Time as a guest sees it: the host's monotonic clock, without the time for which it was made to stand. Depends on nothing.

export class GuestClock {
  readonly #hostNs: () => bigint;
  #lostNs = 0n;
  #stoodAtNs: bigint | undefined;

  constructor(hostNs: () => bigint = process.hrtime.bigint) {
    this.#hostNs = hostNs;
  }

  /** Nanoseconds; never goes back. */
  readonly now = (): bigint => (this.#stoodAtNs ?? this.#hostNs()) - this.#lostNs;

  stand(): void {
    this.#stoodAtNs ??= this.#hostNs();
  }

  go(): void {
    if (this.#stoodAtNs === undefined) return;
    this.#lostNs += this.#hostNs() - this.#stoodAtNs;
    this.#stoodAtNs = undefined;
  }
}
