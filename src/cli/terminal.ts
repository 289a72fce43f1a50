// The user's terminal: raw mode that is always undone, its size, and the escape key of a console. Depends on nothing.
import { Transform, type TransformCallback } from "node:stream";

/** Raw mode, where stdin is a terminal. Undone by dispose, and at the latest when the process ends. */
export function enterRawMode(stdin: NodeJS.ReadStream = process.stdin): Disposable {
  if (!stdin.isTTY) return { [Symbol.dispose]() {} };
  const restore = (): void => {
    stdin.setRawMode(false);
  };
  stdin.setRawMode(true);
  process.once("exit", restore);
  return {
    [Symbol.dispose]() {
      process.off("exit", restore);
      restore();
    },
  };
}

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

/** Undefined where output is no terminal. */
export function terminalSize(stdout: NodeJS.WriteStream = process.stdout): TerminalSize | undefined {
  const { columns, rows } = stdout;
  return columns > 0 && rows > 0 ? { cols: columns, rows } : undefined;
}

export function onResize(listener: (size: TerminalSize) => void, stdout: NodeJS.WriteStream = process.stdout): Disposable {
  const changed = (): void => {
    const size = terminalSize(stdout);
    if (size !== undefined) listener(size);
  };
  stdout.on("resize", changed);
  return { [Symbol.dispose]: () => void stdout.off("resize", changed) };
}

const ESCAPE = 0x01; // Ctrl-A
export const ESCAPE_HELP = "Ctrl-A x quits, Ctrl-A Ctrl-A sends Ctrl-A";

/** Keys on their way to a console: takes out Ctrl-A and the key after it, as QEMU does. */
export class EscapeKeys extends Transform {
  readonly #onQuit: () => void;
  readonly #onHelp: () => void;
  #isEscaped = false;

  constructor(onQuit: () => void, onHelp: () => void = () => {}) {
    super();
    this.#onQuit = onQuit;
    this.#onHelp = onHelp;
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (this.#isEscaped) {
        this.#isEscaped = false;
        this.#command(byte, passed);
      } else if (byte === ESCAPE) this.#isEscaped = true;
      else passed.push(byte);
    }
    done(null, passed.length === 0 ? undefined : Buffer.from(passed));
  }

  #command(byte: number, passed: number[]): void {
    const key = String.fromCharCode(byte).toLowerCase();
    if (key === "x") this.#onQuit();
    else if (key === "h" || key === "?") this.#onHelp();
    else if (byte === ESCAPE || key === "a") passed.push(ESCAPE);
  }
}

const CTRL_P = 0x10;
const CTRL_Q = 0x11;
export const DETACH_HELP = "Ctrl-P Ctrl-Q detaches";

/** Keys on their way to a program that goes on without us: Ctrl-P Ctrl-Q is taken out, a Ctrl-P before anything else is passed on. */
export class DetachKeys extends Transform {
  readonly #onDetach: () => void;
  #isHeld = false;

  constructor(onDetach: () => void) {
    super();
    this.#onDetach = onDetach;
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (this.#isHeld && byte === CTRL_Q) {
        this.#isHeld = false;
        this.#onDetach();
        break;
      }
      if (this.#isHeld) passed.push(CTRL_P);
      this.#isHeld = byte === CTRL_P;
      if (!this.#isHeld) passed.push(byte);
    }
    done(null, passed.length === 0 ? undefined : Buffer.from(passed));
  }
}
