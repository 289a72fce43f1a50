// Downloads as people see them: a bar that redraws itself on a terminal, a plain line a file elsewhere. Writes to stderr.
// May depend on machine/size.ts and image/ for types.
import type { FetchOptions } from "../image/debian/guest.js";
import { formatSize } from "../machine/size.js";

const BAR_CELLS = 24;
const REDRAW_MS = 80;

type Progress = Parameters<NonNullable<FetchOptions["onProgress"]>>[0];

/** The two listeners of FetchOptions; call `done` before anything else is written. */
export class ProgressReport {
  readonly #stderr: NodeJS.WriteStream;
  #file = "";
  #drawnMs = 0;
  #isDrawn = false;

  constructor(stderr: NodeJS.WriteStream = process.stderr) {
    this.#stderr = stderr;
  }

  readonly onProgress = (progress: Progress): void => {
    if (this.#stderr.isTTY) this.#draw(progress);
    else if (progress.file !== this.#file) this.#stderr.write(`wardian: fetching ${progress.file} (${formatSize(progress.totalBytes)})\n`);
    this.#file = progress.file;
  };

  readonly onNote = (line: string): void => {
    this.done();
    this.#stderr.write(`wardian: ${line}\n`);
  };

  done(): void {
    if (this.#isDrawn) this.#stderr.write("\n");
    this.#isDrawn = false;
    this.#file = "";
  }

  #draw({ file, receivedBytes, totalBytes }: Progress): void {
    if (this.#isDrawn && file !== this.#file) this.done();
    const isWhole = receivedBytes >= totalBytes;
    if (!isWhole && performance.now() - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = performance.now();
    const share = totalBytes > 0 ? Math.min(1, receivedBytes / totalBytes) : 1;
    const full = Math.round(share * BAR_CELLS);
    const bar = "#".repeat(full) + ".".repeat(BAR_CELLS - full);
    this.#stderr.write(`\r${file} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} % of ${formatSize(totalBytes)}\u001b[K`);
    this.#isDrawn = true;
  }
}
