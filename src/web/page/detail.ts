// The instance that is looked at: its name and state, what can be done to it, its charts and its tabs. Made anew for each
// instance, kept true while it is the one. Depends on most files beside it.
import { ActionBar } from "./actions.js";
import { Charts } from "./charts.js";
import { byId, el, icon, setText } from "./element.js";
import { EventsTab } from "./events-tab.js";
import type { Fleet, InstanceRecord } from "./fleet.js";
import { describeImage, describeState } from "./list.js";
import { LogsTab } from "./logs-tab.js";
import { SpecTab } from "./spec-tab.js";
import { Tabs } from "./tabs.js";
import { TerminalTab } from "./terminal-tab.js";

export class Detail {
  readonly #fleet: Fleet;
  readonly #place = byId("detail", HTMLElement);
  #view: InstanceView | undefined;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    fleet.selected.subscribe(() => this.#select());
    fleet.changed.subscribe(() => this.#update());
    fleet.measured.subscribe(() => this.#update());
  }

  /** Opens a tab of the instance that is looked at, with the focus in it. */
  openTab(name: string): void {
    this.#view?.tabs.open(name, true);
  }

  perform(...actions: readonly string[]): void {
    this.#view?.actions.perform(...actions);
  }

  #select(): void {
    const hadFocus = this.#place.contains(document.activeElement);
    this.#fill();
    // The focus must not be lost with what is gone: on a narrow page the list and the instance take turns.
    const list = byId("instances", HTMLUListElement);
    if (list.offsetParent === null) this.#view?.focus();
    else if (hadFocus) list.focus();
  }

  #fill(): void {
    this.#view?.destroy();
    const record = this.#fleet.current;
    document.documentElement.classList.toggle("has-detail", record !== undefined);
    if (record === undefined) {
      this.#view = undefined;
      this.#place.replaceChildren(el("p", { class: "nothing" }, "Choose an instance, or make one."));
      return;
    }
    this.#view = new InstanceView(this.#fleet, record);
    this.#place.replaceChildren(this.#view.element);
    this.#view.start();
  }

  #update(): void {
    const record = this.#fleet.current;
    if (record !== undefined) this.#view?.update(record);
  }
}

class InstanceView {
  readonly element = el("div", { class: "instance" });
  readonly tabs: Tabs;
  readonly actions: ActionBar;
  readonly #state = el("span", { class: "badge" });
  readonly #sub = el("p", { class: "instance-sub" });
  readonly #name = el("h2", { attrs: { tabindex: "-1" } });
  readonly #charts: Charts;

  constructor(fleet: Fleet, record: InstanceRecord) {
    const id = record.id;
    this.actions = new ActionBar(record);
    this.#charts = new Charts(
      () => fleet.histories.get(id),
      () => fleet.metrics.get(id),
    );
    this.tabs = new Tabs("Instance", [
      { name: "terminal", label: "Terminal", make: () => new TerminalTab(fleet, record) },
      { name: "logs", label: "Logs", make: () => new LogsTab(fleet, record) },
      { name: "events", label: "Events", make: () => new EventsTab(fleet, record) },
      { name: "details", label: "Details", make: () => new SpecTab(fleet, record) },
    ]);
    const back = el("button", { class: "ghost back", attrs: { type: "button", "aria-label": "Back to the list" } }, icon("back"));
    back.addEventListener("click", () => fleet.select(undefined));
    const title = el("div", { class: "instance-title" }, back, this.#name, this.#state);
    this.element.append(
      el("div", { class: "instance-head" }, title, this.actions.element, this.#sub),
      this.#charts.element,
      this.tabs.element,
    );
    this.update(record);
  }

  /** To be called once the element is part of the page. */
  start(): void {
    this.#charts.rebuild();
    this.tabs.start();
  }

  focus(): void {
    this.#name.focus();
  }

  update(record: InstanceRecord): void {
    setText(this.#name, record.name);
    setText(this.#state, record.state);
    this.#state.dataset["state"] = record.state;
    setText(this.#sub, `${describeImage(record)} · ${describeState(record, Date.now())} · ${record.id.slice(0, 12)}`);
    this.actions.update(record);
    this.#charts.update();
  }

  destroy(): void {
    this.#charts.destroy();
    this.tabs.destroy();
  }
}
