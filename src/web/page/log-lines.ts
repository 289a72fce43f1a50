// The last lines of a log, put together from chunks that end anywhere, with terminal control removed. Bounded in lines and in
// the length of a line, whatever a guest prints. Depends on nothing.

export interface LogLine {
  readonly at: string;
  readonly stream: string;
  readonly text: string;
}

const MAX_LINE_CHARS = 4096;
// CSI ... final, OSC ... BEL or ST, and two-character escapes; then what is left of control characters but the tab.
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[0-Z\\^-~]|[ -/]+[0-~])/g;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** What a line shows: a carriage return begins it anew, as on a terminal. */
export function plainText(line: string): string {
  const text = line.replace(ESCAPES, "").replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1).replace(CONTROLS, "");
}

interface OpenLine {
  at: string;
  text: string;
}

export class LogLines {
  readonly #maxLines: number;
  #lines: LogLine[] = [];
  readonly #open = new Map<string, OpenLine>();
  readonly #decoders = new Map<string, TextDecoder>();
  #dropped = 0;

  constructor(maxLines: number) {
    this.#maxLines = maxLines;
  }

  /** Lines that are not kept any more. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The lines completed since the last take(), the newest `maxLines` of them. */
  take(): LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Lines that have begun and not ended, such as a prompt. */
  unfinished(): LogLine[] {
    return [...this.#open].map(([stream, { at, text }]) => ({ at, stream, text: plainText(text) }));
  }

  push(at: string, stream: string, bytes: Uint8Array): void {
    const decoder = this.#decoders.get(stream) ?? new TextDecoder();
    this.#decoders.set(stream, decoder);
    const parts = decoder.decode(bytes, { stream: true }).split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) this.#end(at, stream, part);
    if (last !== "") this.#extend(at, stream, last);
  }

  #end(at: string, stream: string, part: string): void {
    this.#extend(at, stream, part);
    const open = this.#open.get(stream) ?? { at, text: "" };
    this.#open.delete(stream);
    this.#lines.push({ at: open.at, stream, text: plainText(open.text) });
    if (this.#lines.length <= this.#maxLines * 2) return;
    this.#dropped += this.#lines.length - this.#maxLines;
    this.#lines = this.#lines.slice(-this.#maxLines);
  }

  #extend(at: string, stream: string, part: string): void {
    const open = this.#open.get(stream) ?? { at, text: "" };
    open.text = (open.text + part.slice(0, MAX_LINE_CHARS)).slice(0, MAX_LINE_CHARS);
    this.#open.set(stream, open);
  }
}
