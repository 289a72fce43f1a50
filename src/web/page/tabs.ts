// Tabs by ARIA's pattern: arrow keys move between them, one tab stop for all, a panel made when it is first shown and told when it is
// seen and when not. Depends on element.ts.
import { el } from "./element.js";

export interface Panel {
  readonly element: HTMLElement;
  /** It is seen from now on. */
  show(): void;
  /** It is not seen; what costs something while nobody looks ends here. */
  hide(): void;
  /** Where the focus goes when the tab is asked for by its shortcut. */
  focus(): void;
  destroy(): void;
}

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly make: () => Panel;
}

/** Which tab was open last, for the next instance looked at. */
let lastOpen = "terminal";

export class Tabs {
  readonly element: HTMLElement;
  readonly #tabs: readonly Tab[];
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #panels = new Map<string, Panel>();
  readonly #place: HTMLElement;
  #open: string | undefined;

  constructor(label: string, tabs: readonly Tab[]) {
    this.#tabs = tabs;
    this.#buttons = tabs.map((tab) => this.#makeButton(tab));
    const bar = el("div", { class: "tab-bar", attrs: { role: "tablist", "aria-label": label } }, ...this.#buttons);
    bar.addEventListener("keydown", (event) => this.#onKey(event));
    this.#place = el("div", { class: "tab-panel", attrs: { role: "tabpanel", id: "tab-panel" } });
    this.element = el("section", { class: "tabs", attrs: { "aria-label": label } }, bar, this.#place);
  }

  /** To be called once the element is part of the page. */
  start(): void {
    this.open(this.#tabs.some(({ name }) => name === lastOpen) ? lastOpen : (this.#tabs[0]?.name ?? ""));
  }

  open(name: string, focus = false): void {
    const tab = this.#tabs.find((one) => one.name === name);
    if (tab === undefined) return;
    if (this.#open !== name) this.#swap(tab);
    if (focus) this.#panels.get(name)?.focus();
  }

  destroy(): void {
    for (const panel of this.#panels.values()) panel.destroy();
  }

  #swap(tab: Tab): void {
    if (this.#open !== undefined) this.#panels.get(this.#open)?.hide();
    this.#open = lastOpen = tab.name;
    for (const [index, button] of this.#buttons.entries()) {
      const isOpen = this.#tabs[index] === tab;
      button.ariaSelected = String(isOpen);
      button.tabIndex = isOpen ? 0 : -1;
    }
    this.#place.setAttribute("aria-labelledby", `tab-${tab.name}`);
    const panel = this.#panels.get(tab.name) ?? tab.make();
    this.#panels.set(tab.name, panel);
    this.#place.replaceChildren(panel.element);
    panel.show();
  }

  #makeButton({ name, label }: Tab): HTMLButtonElement {
    const attrs = { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "tab-panel", "aria-selected": "false" };
    return el("button", { attrs, on: { click: () => this.open(name) } }, label);
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#tabs.findIndex(({ name }) => name === this.#open);
    const count = this.#tabs.length;
    const to = { ArrowRight: (at + 1) % count, ArrowLeft: (at + count - 1) % count, Home: 0, End: count - 1 }[event.key];
    const tab = to === undefined ? undefined : this.#tabs[to];
    if (to === undefined || tab === undefined) return;
    event.preventDefault();
    this.open(tab.name);
    this.#buttons[to]?.focus();
  }
}
