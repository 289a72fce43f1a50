// The terminal's tab: opens a shell in a guest or the console of a bare machine, and shows the session that an instance already
// has. At most a few sessions live at once; the oldest makes room. Depends on terminal-session.ts, fleet.ts, words.ts and element.ts.
import { el, icon, setText } from "./element.js";
import { type Fleet, type InstanceRecord, isLive } from "./fleet.js";
import type { Panel } from "./tabs.js";
import { type Target, TerminalSession } from "./terminal-session.js";
import { joinWords, splitWords } from "./words.js";

const MAX_SESSIONS = 8;
const DEFAULT_SHELL = ["/bin/sh"];
const sessions = new Map<string, TerminalSession>();
let shellCommand = DEFAULT_SHELL;
let screenReader = false;

/** Sessions of instances that are gone, and the oldest ones past the bound. */
function endSessions(fleet: Fleet, room: number): void {
  for (const [id, session] of sessions) {
    if (fleet.records.has(id) && sessions.size <= MAX_SESSIONS - room) continue;
    session.close();
    sessions.delete(id);
  }
}

export class TerminalTab implements Panel {
  readonly element = el("div", { class: "terminal-tab" });
  readonly #fleet: Fleet;
  readonly #id: string;
  readonly #stop = new AbortController();
  readonly #status = el("span", { class: "tool-status", attrs: { role: "status" } });
  readonly #sessionTools = el("span", { class: "tool-group" });
  readonly #opener = el("div", { class: "opener" });
  readonly #place = el("div", { class: "terminal-host" });
  readonly #command = el("input", {
    attrs: { id: "shell", type: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off" },
  });
  readonly #open: HTMLButtonElement;
  readonly #end: HTMLButtonElement;

  constructor(fleet: Fleet, record: InstanceRecord) {
    this.#fleet = fleet;
    this.#id = record.id;
    const isContainer = record.spec.kind === "container";
    const isGuest = !isContainer && record.spec.image !== undefined;
    this.#open = el(
      "button",
      { class: "primary", attrs: { type: "submit" } },
      icon("terminal"),
      isGuest ? "Open a shell" : isContainer ? "Attach to the program" : "Attach to the console",
    );
    this.#end = el("button", { attrs: { type: "button" }, on: { click: () => this.#close() } }, "End session");
    this.#command.value = joinWords(shellCommand);
    this.#fillOpener(record, isGuest);
    this.element.append(this.#makeTools(), this.#opener, this.#place);
    fleet.changed.subscribe(() => this.#update(), this.#stop.signal);
    const session = sessions.get(this.#id);
    if (session !== undefined) this.#adopt(session);
  }

  show(): void {
    this.#update();
    sessions.get(this.#id)?.show();
  }

  hide(): void {}

  focus(): void {
    const session = sessions.get(this.#id);
    if (session !== undefined && !session.isOver) session.focus();
    else this.#open.focus();
  }

  destroy(): void {
    this.#stop.abort();
    endSessions(this.#fleet, 0);
  }

  #makeTools(): HTMLElement {
    const reader = el("input", { attrs: { type: "checkbox", id: "screen-reader", checked: screenReader } });
    reader.addEventListener("change", () => {
      screenReader = reader.checked;
      sessions.get(this.#id)?.setScreenReader(screenReader);
    });
    const label = el(
      "label",
      { class: "check", attrs: { title: "Keeps what the terminal shows as text that a screen reader can read" } },
      reader,
      "Screen reader",
    );
    const hint = el("span", { class: "tool-hint" }, el("kbd", {}, "Ctrl+]"), " leaves");
    this.#sessionTools.append(hint, label, this.#end);
    return el("div", { class: "tools" }, this.#status, this.#sessionTools);
  }

  #fillOpener(record: InstanceRecord, isGuest: boolean): void {
    const form = el("form", { class: "opener-form" });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start(isGuest);
    });
    if (isGuest) form.append(el("label", { class: "hidden", attrs: { for: "shell" } }, "Program"), this.#command);
    form.append(this.#open);
    // A main program with an open stdin can be talked to as well.
    if (isGuest && record.spec.command !== undefined) {
      form.append(
        el("button", { attrs: { type: "button" }, on: { click: () => this.#connect({ kind: "attach" }) } }, "Attach to the main program"),
      );
    }
    this.#opener.append(form);
  }

  #start(isGuest: boolean): void {
    const args = splitWords(this.#command.value);
    if (isGuest && (args === undefined || args.length === 0)) {
      setText(this.#status, "Give a program, with every quote closed.");
      this.#command.focus();
      return;
    }
    shellCommand = args ?? DEFAULT_SHELL;
    this.#connect(isGuest ? { kind: "exec", args: shellCommand } : { kind: "attach" });
  }

  #connect(target: Target): void {
    sessions.get(this.#id)?.close();
    sessions.delete(this.#id);
    endSessions(this.#fleet, 1);
    const session = new TerminalSession(this.#id, target, () => document.getElementById("tab-terminal")?.focus(), screenReader);
    sessions.set(this.#id, session);
    this.#adopt(session);
    this.#update();
    session.show();
    session.focus();
  }

  #adopt(session: TerminalSession): void {
    this.#place.replaceChildren(session.element);
    session.ended.subscribe((words) => {
      this.#update();
      setText(this.#status, words);
    }, this.#stop.signal);
  }

  #close(): void {
    sessions.get(this.#id)?.close();
    sessions.delete(this.#id);
    this.#update();
    this.#open.focus();
  }

  #update(): void {
    const record = this.#fleet.records.get(this.#id);
    const session = sessions.get(this.#id);
    const isRunning = record !== undefined && record.state === "running";
    const isOpen = session !== undefined && !session.isOver;
    this.#opener.hidden = isOpen || !isRunning;
    this.#sessionTools.hidden = session === undefined;
    this.#place.hidden = session === undefined;
    if (isOpen) setText(this.#status, "");
    else if (record !== undefined && !isRunning) setText(this.#status, idleWords(record));
    else if (session === undefined) setText(this.#status, "");
  }
}

function idleWords(record: InstanceRecord): string {
  return isLive(record) ? `The instance is ${record.state}.` : "The instance does not run. Start it to open a terminal.";
}
