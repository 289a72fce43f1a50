// Downloads that survive a bad line: a stalled or broken transfer is tried again after a pause, from where it stopped where
// the server can do that (RFC 9110, 14 "Range Requests"). Never more bytes than expected. Depends on errors, transport.

import { setTimeout as pause } from "node:timers/promises";
import { WardianError } from "../../errors.js";
import type { Fetch } from "./transport.js";

export interface Progress {
  file: string;
  receivedBytes: number;
  totalBytes: number;
}

export interface DownloadOptions {
  fetch: Fetch;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Doubles with each failure in a row. */
  retryDelayMs?: number | undefined;
  /** Without a byte for so long, a transfer counts as broken. */
  stallTimeoutMs?: number | undefined;
}

/** Where bytes go; `sizeBytes` says how many are there already. */
export interface Target {
  readonly sizeBytes: number;
  append(chunk: Uint8Array): Promise<void>;
  truncate(): Promise<void>;
}

const RETRY_DELAY_MS = 500;
const STALL_TIMEOUT_MS = 30_000;
const FAILURES_IN_A_ROW_MAX = 4;
const FAILURES_MAX = 20;

/** A small file whose size nobody has told us. */
export async function downloadBytes(url: string, limitBytes: number, options: DownloadOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const target: Target = {
    get sizeBytes() {
      return sizeBytes;
    },
    async append(chunk) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
    },
    async truncate() {
      chunks.length = 0;
      sizeBytes = 0;
    },
  };
  await persist(url, options, target, async () => {
    await target.truncate();
    await transfer(url, { ...options, onProgress: undefined }, target, undefined, limitBytes);
  });
  return Buffer.concat(chunks);
}

/** A file of known size, onto what `target` has of it already. What the bytes are is for the caller to check. */
export async function downloadFile(url: string, file: string, sizeBytes: number, target: Target, options: DownloadOptions): Promise<void> {
  const report = () => options.onProgress?.({ file, receivedBytes: target.sizeBytes, totalBytes: sizeBytes });
  await persist(url, options, target, async () => {
    if (target.sizeBytes > sizeBytes) await target.truncate();
    report();
    if (target.sizeBytes < sizeBytes) await transfer(url, options, target, report, sizeBytes, sizeBytes);
  });
}

/** A failure that may pass: everything but what the server said clearly, the disk, and the caller's wish to stop. */
class Broken extends Error {
  /** No answer at all, as when there is no network. */
  readonly unreachable: boolean;

  constructor(message: string, unreachable: boolean, cause?: unknown) {
    super(message, { cause });
    this.unreachable = unreachable;
  }
}

async function persist(url: string, options: DownloadOptions, target: Target, attempt: () => Promise<void>): Promise<void> {
  let inARow = 0;
  for (let failures = 1; ; failures++) {
    const beforeBytes = target.sizeBytes;
    checkAborted(options.signal);
    try {
      return await attempt();
    } catch (error) {
      checkAborted(options.signal);
      if (!(error instanceof Broken)) throw error;
      inARow = target.sizeBytes > beforeBytes ? 1 : inARow + 1;
      if (inARow >= FAILURES_IN_A_ROW_MAX || failures >= FAILURES_MAX) throw giveUp(url, error);
    }
    await pause(
      (options.retryDelayMs ?? RETRY_DELAY_MS) * 2 ** (inARow - 1),
      undefined,
      options.signal === undefined ? {} : { signal: options.signal },
    ).catch(() => {});
  }
}

function giveUp(url: string, error: Broken): WardianError {
  return error.unreachable
    ? new WardianError(
        "guest-offline",
        `${new URL(url).host} cannot be reached (${error.message}); check the network or name another mirror.`,
        { cause: error },
      )
    : new WardianError(
        "guest-download",
        `The download of ${url} keeps failing (${error.message}); try again later or name another mirror.`,
        { cause: error },
      );
}

export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new WardianError("guest-aborted", "Fetching the guest was stopped; the next run goes on from here.", { cause: signal.reason });
}

async function transfer(
  url: string,
  options: DownloadOptions,
  target: Target,
  report: (() => void) | undefined,
  limitBytes: number,
  sizeBytes?: number,
): Promise<void> {
  const watchdog = new Watchdog(options.stallTimeoutMs ?? STALL_TIMEOUT_MS, options.signal);
  try {
    // Compressed answers would make offsets and sizes meaningless.
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (target.sizeBytes > 0) headers.range = `bytes=${target.sizeBytes}-`;
    const response = await watchdog.race(options.fetch(url, { headers, signal: watchdog.signal }), true);
    await judgeStatus(url, response, target);
    const announced = Number(response.headers.get("content-length") ?? Number.NaN) + target.sizeBytes;
    if (sizeBytes !== undefined && !Number.isNaN(announced) && announced !== sizeBytes) throw wrongSize(url, announced, sizeBytes);
    const reader = response.body?.getReader();
    for (;;) {
      const piece = await watchdog.race(reader?.read() ?? Promise.resolve({ done: true as const, value: undefined }), false);
      if (piece.done) break;
      if (target.sizeBytes + piece.value.length > limitBytes) throw wrongSize(url, target.sizeBytes + piece.value.length, limitBytes);
      await target.append(piece.value);
      report?.();
    }
    if (sizeBytes !== undefined && target.sizeBytes < sizeBytes)
      throw new Broken(`it ended after ${target.sizeBytes} of ${sizeBytes} bytes`, false);
  } finally {
    watchdog.stop();
  }
}

async function judgeStatus(url: string, response: Response, target: Target): Promise<void> {
  const { status } = response;
  if (status === 206) {
    if (new RegExp(`^bytes ${target.sizeBytes}-`).test(response.headers.get("content-range") ?? "")) return;
    await target.truncate();
    throw new Broken("the server resumed in the wrong place", false);
  }
  // A server that cannot resume sends all of it again.
  if (status === 200) return target.sizeBytes > 0 ? target.truncate() : undefined;
  if (status === 416) {
    await target.truncate();
    throw new Broken("the server could not resume", false);
  }
  if (status === 404 || status === 410) throw new WardianError("guest-gone", `${url} is not there (${status}).`);
  if (status === 408 || status === 429 || status >= 500) throw new Broken(`the server answered ${status}`, false);
  throw new WardianError("guest-download", `The server answered ${status} for ${url}; name another mirror.`);
}

function wrongSize(url: string, hasBytes: number, sizeBytes: number): WardianError {
  return new WardianError(
    "guest-checksum",
    `${url} has ${hasBytes} bytes or more where ${sizeBytes} are expected; nothing of it was used.`,
  );
}

/** Stops a transfer that stalls, and one that the caller no longer wants. */
class Watchdog {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuterAbort = () => this.#controller.abort();

  constructor(timeoutMs: number, outer: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#outer = outer;
    outer?.addEventListener("abort", this.#onOuterAbort, { once: true });
    if (outer?.aborted === true) this.#controller.abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Network errors come out as Broken. */
  async race<T>(work: Promise<T>, connecting: boolean): Promise<T> {
    let stalled = false;
    const timer = setTimeout(() => {
      stalled = true;
      this.#controller.abort();
    }, this.#timeoutMs);
    try {
      return await work;
    } catch (error) {
      throw new Broken(stalled ? `nothing came for ${this.#timeoutMs / 1000} s` : reason(error), connecting, error);
    } finally {
      clearTimeout(timer);
    }
  }

  stop(): void {
    this.#outer?.removeEventListener("abort", this.#onOuterAbort);
    this.#controller.abort();
  }
}

/** fetch says "fetch failed" and keeps what happened in its cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? message ?? "unknown error";
}
