// Single-key shortcuts: one table, which the help dialog shows. They rest while a text field, a terminal or a dialog has the
// focus, and can be switched off (WCAG 2.1.4). Depends on element.ts and dialog.ts.
import { openDialog } from "./dialog.js";
import { el } from "./element.js";

export interface Shortcut {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

/** Keys that work elsewhere, for the help alone. */
const FIXED: readonly (readonly [string, string])[] = [
  ["↑ ↓ Home End", "move through the instances"],
  ["Ctrl+]  or  F6", "leave the terminal (Tab goes to the shell)"],
  ["← →", "move between the tabs"],
  ["Esc", "close a dialog; empty the filter"],
];
const KEY = "wardian.shortcuts";

let isOn = read() !== "off";

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function switchTo(on: boolean): void {
  isOn = on;
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // It holds for as long as the page.
  }
}

function takesText(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, .xterm") !== null;
}

export function listenToKeys(shortcuts: readonly Shortcut[]): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || takesText(event.target)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const shortcut = shortcuts.find(({ key }) => key === event.key);
    if (shortcut === undefined || (!isOn && shortcut.key !== "?")) return;
    event.preventDefault();
    shortcut.run();
  });
}

export function openHelp(shortcuts: readonly Shortcut[]): void {
  const { body } = openDialog("Keyboard");
  const rows = [...shortcuts.map(({ key, does }) => [key, does] as const), ...FIXED];
  const list = el("dl", { class: "keys" }, ...rows.flatMap(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)]));
  const toggle = el("input", { attrs: { type: "checkbox", id: "shortcuts-on", checked: isOn } });
  toggle.addEventListener("change", () => switchTo(toggle.checked));
  body.append(list, el("p", { class: "check" }, toggle, el("label", { attrs: { for: "shortcuts-on" } }, "Single-key shortcuts")));
}
