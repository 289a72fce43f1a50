// The last lines of a serial console, for messages to people: bounded, printable, and with a kernel's panic picked out.
// The text comes from the guest and is only ever shown. Depends on nothing.

const LINES_KEPT = 64;
const LINE_BYTES = 512;
const SHOWN_CHARACTERS = 200;
const LINE_FEED = 10;

export class LineTail {
  /** A kernel gave up before it had read its command line: it will never restart by itself. */
  hasEarlyPanic = false;
  readonly #lines: string[] = [];
  readonly #line = Buffer.alloc(LINE_BYTES);
  #length = 0;

  add(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === LINE_FEED) this.#finishLine();
      else if (this.#length < LINE_BYTES) this.#line[this.#length++] = byte;
    }
  }

  clear(): void {
    this.hasEarlyPanic = false;
    this.#lines.length = 0;
    this.#length = 0;
  }

  /** Whole lines, then the one that has begun. */
  get lines(): readonly string[] {
    return this.#length === 0 ? this.#lines : [...this.#lines, this.#current()];
  }

  /** The last line with something on it, or "". */
  get last(): string {
    return this.lines.findLast((line) => line !== "") ?? "";
  }

  #finishLine(): void {
    const line = this.#current();
    if (EARLY_PANIC_PATTERN.test(line)) this.hasEarlyPanic = true;
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift();
    this.#length = 0;
  }

  #current(): string {
    const text = this.#line.toString("utf8", 0, this.#length);
    // oxlint-disable-next-line no-control-regex -- escape sequences of a guest must not reach a terminal
    const plain = text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/[\u0000-\u001f\u007f-\u009f]/g, "");
    return plain.trim().slice(0, SHOWN_CHARACTERS);
  }
}

const PANIC_PATTERN = /^(?:\[ *\d+\.\d+\] )?(Kernel panic - not syncing.*)$/;

// At time 0 there is no program yet that could print such a line.
const EARLY_PANIC_PATTERN = /^\[ *0\.000000\] ---\[ end Kernel panic - not syncing/;

/** What a Linux kernel says when it gives up, without its time stamp. */
export function findPanic(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const match = PANIC_PATTERN.exec(line);
    if (match !== null) return match[1];
  }
  return undefined;
}
