// One terminal into an instance: xterm.js at one end, a program in the guest (or a bare machine's console) at the other, over a
// WebSocket. It lives on while another instance is looked at. Depends on the vendored xterm.js, wire.ts, theme.ts, session.ts and element.ts.
import { FitAddon } from "../vendor/addon-fit.mjs";
import { type ITheme, Terminal } from "../vendor/xterm.mjs";
import { el } from "./element.js";
import { instancePath } from "./server.js";
import { currentToken } from "./session.js";
import { cssColor, themeChanged } from "./theme.js";
import { parseMessage, parseOutput, type ServerMessage, stdinFrames, subprotocols } from "./wire.js";
import { Topic } from "./watch.js";

const SCROLLBACK_LINES = 5000;
/** Output that waits to be drawn: a browser cannot make a WebSocket wait, so more than this is left out, and said to be. */
const MAX_PENDING_BYTES = 8 << 20;
/** Input that waits to be sent, such as a pasted file. */
const MAX_UNSENT_BYTES = 4 << 20;

export type Target = { readonly kind: "exec"; readonly args: readonly string[] } | { readonly kind: "attach" };

export class TerminalSession {
  readonly element = el("div", { class: "terminal-place" });
  /** It has ended; the words say how. */
  readonly ended = new Topic<string>();
  readonly #stop = new AbortController();
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #socket: WebSocket;
  readonly #target: Target;
  #end: string | undefined;
  #pendingBytes = 0;
  #leftOutBytes = 0;

  constructor(instance: string, target: Target, leave: () => void, screenReader: boolean) {
    this.#target = target;
    this.#terminal = new Terminal({
      allowProposedApi: false,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: 13,
      minimumContrastRatio: 4.5,
      screenReaderMode: screenReader,
      overviewRuler: { width: 8 },
      scrollback: SCROLLBACK_LINES,
      theme: themeColors(),
      // Links that a guest prints are not ours to open.
      linkHandler: { activate: () => undefined },
    });
    this.#terminal.loadAddon(this.#fit);
    // An ended session takes no key: Tab goes on through the page.
    this.#terminal.attachCustomKeyEventHandler((event) => !this.isOver && !leaves(event, leave));
    themeChanged.subscribe(() => (this.#terminal.options.theme = themeColors()), this.#stop.signal);
    this.#watchSize();
    this.#socket = this.#connect(instance);
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Puts the terminal into the page for the first time, or again. */
  show(): void {
    if (this.#terminal.element === undefined) {
      this.#terminal.open(this.element);
      this.#terminal.textarea?.setAttribute("aria-label", "Terminal input. Ctrl+] leaves the terminal.");
    }
    this.fit();
  }

  focus(): void {
    this.#terminal.focus();
  }

  setScreenReader(on: boolean): void {
    this.#terminal.options.screenReaderMode = on;
  }

  fit(): void {
    if (this.element.clientHeight > 0 && this.element.isConnected) this.#fit.fit();
  }

  /** Ends the program (the server kills it when its connection closes) and frees the terminal. */
  close(): void {
    this.#finish("closed");
    this.#stop.abort();
    this.#terminal.dispose();
    this.element.remove();
  }

  #watchSize(): void {
    const observer = new ResizeObserver(() => requestAnimationFrame(() => this.fit()));
    observer.observe(this.element);
    this.#stop.signal.addEventListener("abort", () => observer.disconnect());
    this.#terminal.onResize(() => this.#sendSize());
    const encoder = new TextEncoder();
    this.#terminal.onData((text) => this.#send(encoder.encode(text)));
    // Mouse reports of the older protocol are bytes, not text.
    this.#terminal.onBinary((text) => this.#send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
  }

  #connect(instance: string): WebSocket {
    const path = instancePath(instance, this.#target.kind === "exec" ? "/exec" : "/attach?stdin=true");
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, subprotocols(currentToken()));
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#begin());
    socket.addEventListener("message", ({ data }) => this.#onData(data as string | ArrayBuffer));
    socket.addEventListener("close", ({ code, reason }) => {
      this.#finish(code === 1006 ? "the connection was lost" : reason || "the connection was closed");
    });
    return socket;
  }

  #begin(): void {
    const { rows, cols } = this.#terminal;
    if (this.#target.kind === "exec") this.#tell({ type: "exec", command: { args: this.#target.args, tty: { rows, cols }, stdin: true } });
    else this.#tell({ type: "resize", rows, cols });
  }

  #sendSize(): void {
    const { rows, cols } = this.#terminal;
    this.#tell({ type: "resize", rows, cols });
  }

  #tell(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount + bytes.length > MAX_UNSENT_BYTES) {
      this.#say("input was left out: the program does not read as fast");
      return;
    }
    for (const frame of stdinFrames(bytes)) this.#socket.send(frame);
  }

  #onData(data: string | ArrayBuffer): void {
    if (typeof data === "string") {
      const message = parseMessage(data);
      if (message !== undefined) this.#onMessage(message);
      return;
    }
    const output = parseOutput(data);
    if (output !== undefined) this.#write(output.bytes);
  }

  #write(bytes: Uint8Array): void {
    if (this.#pendingBytes > MAX_PENDING_BYTES) {
      this.#leftOutBytes += bytes.length;
      return;
    }
    if (this.#leftOutBytes > 0) this.#say(`${this.#leftOutBytes} bytes are not shown: they came faster than they can be drawn`);
    this.#leftOutBytes = 0;
    this.#pendingBytes += bytes.length;
    this.#terminal.write(bytes, () => (this.#pendingBytes -= bytes.length));
  }

  #onMessage(message: ServerMessage): void {
    if (message.type === "error") this.#finish(message.message);
    else if (message.type === "exit") {
      const how = message.failure ?? (message.signal === null ? `with status ${message.status ?? 0}` : `by ${message.signal}`);
      this.#finish(message.failure === undefined ? `ended ${how}` : how);
    }
  }

  #finish(words: string): void {
    if (this.#end !== undefined) return;
    this.#end = words;
    this.#say(words);
    this.#terminal.options.disableStdin = true;
    this.#terminal.options.cursorBlink = false;
    this.#socket.close(1000);
    this.ended.publish(words);
  }

  /** Our own words, dim; nothing in them that a terminal would obey. */
  #say(words: string): void {
    this.#terminal.write(`\r\n\u001b[2m[${words.replace(/[^\x20-\x7e]/g, "?")}]\u001b[0m\r\n`);
  }
}

function leaves(event: KeyboardEvent, leave: () => void): boolean {
  const isLeave = event.key === "F6" || (event.ctrlKey && !event.altKey && event.key === "]");
  if (!isLeave) return false;
  event.preventDefault();
  if (event.type === "keydown") leave();
  return true;
}

function themeColors(): ITheme {
  const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
  const colors = Object.fromEntries(
    names.flatMap((name) => {
      const color = cssColor(`term-${name}`);
      return [
        [name, color],
        [`bright${name.charAt(0).toUpperCase()}${name.slice(1)}`, color],
      ];
    }),
  );
  return {
    ...colors,
    background: cssColor("term-back"),
    foreground: cssColor("term-text"),
    cursor: cssColor("accent"),
    cursorAccent: cssColor("term-back"),
    overviewRulerBorder: cssColor("term-back"),
    selectionBackground: cssColor("term-selection"),
  };
}
