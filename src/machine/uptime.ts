// How long a machine has been up, and how much of that paused. Depends on nothing.

export class Uptime {
  readonly #nowMs: () => number;
  #startedMs: number | undefined;
  #endedMs: number | undefined;
  #pausedMs = 0;
  #pausedAtMs: number | undefined;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  start(): void {
    this.#startedMs ??= this.#nowMs();
  }

  pause(): void {
    this.#pausedAtMs ??= this.#nowMs();
  }

  resume(): void {
    if (this.#pausedAtMs !== undefined) this.#pausedMs += this.#nowMs() - this.#pausedAtMs;
    this.#pausedAtMs = undefined;
  }

  end(): void {
    this.resume();
    this.#endedMs ??= this.#nowMs();
  }

  get isPaused(): boolean {
    return this.#pausedAtMs !== undefined;
  }

  get upSeconds(): number {
    return this.#startedMs === undefined ? 0 : ((this.#endedMs ?? this.#nowMs()) - this.#startedMs) / 1000;
  }

  get pausedSeconds(): number {
    return (this.#pausedMs + (this.#pausedAtMs === undefined ? 0 : this.#nowMs() - this.#pausedAtMs)) / 1000;
  }
}
