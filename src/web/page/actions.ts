// What can be done to an instance: one table of the actions, the states they fit, and the question before those that lose
// something. Depends on fleet.ts, server.ts, dialog.ts, notice.ts and element.ts.
import { confirmDialog } from "./dialog.js";
import { el, icon } from "./element.js";
import { type InstanceRecord, isLive } from "./fleet.js";
import { notify } from "./notice.js";
import { describeError, instancePath, request } from "./server.js";

interface InstanceAction {
  readonly name: string;
  readonly label: string;
  readonly icon: string;
  readonly states: readonly string[];
  /** Asked before; absent where nothing is lost. */
  readonly ask?: (record: InstanceRecord) => string;
  readonly danger?: boolean;
}

// prettier-ignore
export const ACTIONS: readonly InstanceAction[] = [
  { name: "start",   label: "Start",   icon: "play",    states: ["created", "exited", "restarting"] },
  { name: "pause",   label: "Pause",   icon: "pause",   states: ["running"] },
  { name: "resume",  label: "Resume",  icon: "play",    states: ["paused"] },
  { name: "restart", label: "Restart", icon: "restart", states: ["running", "paused"],
    ask: ({ name }) => `${name} is stopped and started again. What runs in it ends; its files stay.` },
  { name: "stop",    label: "Stop",    icon: "stop",    states: ["starting", "running", "paused", "restarting"],
    ask: ({ name }) => `What runs in ${name} is asked to end, and has ten seconds for it. Its files stay.` },
  { name: "kill",    label: "Kill",    icon: "kill",    states: ["starting", "running", "paused", "stopping"], danger: true,
    ask: ({ name }) => `${name} is switched off at once, as if its plug was pulled.` },
  { name: "remove",  label: "Remove",  icon: "remove",  states: ["created", "running", "paused", "exited", "restarting"], danger: true,
    ask: (record) => `${record.name}${isLive(record) ? " is switched off, and" : ""} its files and logs are deleted for good.` },
];

export function canDo(action: InstanceAction, record: InstanceRecord): boolean {
  return action.states.includes(record.state);
}

/** Asks where it should, does it, and says so where it failed; the events tell the rest. */
export async function perform(action: InstanceAction, record: InstanceRecord): Promise<void> {
  if (!canDo(action, record)) return;
  if (action.ask !== undefined) {
    const question = {
      title: `${action.label} ${record.name}?`,
      text: action.ask(record),
      confirm: action.label,
      danger: action.danger === true,
    };
    if (!(await confirmDialog(question))) return;
  }
  try {
    if (action.name === "remove") await request(instancePath(record.id, isLive(record) ? "?force=true" : ""), { method: "DELETE" });
    else await request(instancePath(record.id, `/${action.name}`), { method: "POST" });
  } catch (error) {
    notify(`${record.name}: ${describeError(error)}`, "error");
  }
}

/** The buttons for one instance. Those that do not fit its state are hidden; `update` after each change of it. */
export class ActionBar {
  readonly element = el("div", { class: "actions", attrs: { role: "group", "aria-label": "Actions" } });
  readonly #buttons: (readonly [InstanceAction, HTMLButtonElement])[];
  #record: InstanceRecord;

  constructor(record: InstanceRecord) {
    this.#record = record;
    this.#buttons = ACTIONS.map((action) => [action, this.#makeButton(action)] as const);
    this.element.append(...this.#buttons.map(([, button]) => button));
    this.update(record);
  }

  update(record: InstanceRecord): void {
    this.#record = record;
    const focused = document.activeElement;
    for (const [action, button] of this.#buttons) button.hidden = !canDo(action, record);
    // A button that goes must not take the keyboard's place in the page with it.
    if (focused instanceof HTMLElement && focused.hidden && this.element.contains(focused)) {
      this.#buttons.find(([, button]) => !button.hidden)?.[1].focus();
    }
  }

  /** The first of the actions that fits, for a shortcut. */
  perform(...names: readonly string[]): void {
    const action = ACTIONS.find((one) => names.includes(one.name) && canDo(one, this.#record));
    if (action !== undefined) void this.#run(action);
  }

  #makeButton(action: InstanceAction): HTMLButtonElement {
    const className = action.danger === true ? "danger-text" : "";
    const attrs = { type: "button", "data-action": action.name };
    return el(
      "button",
      { class: className, attrs, on: { click: () => void this.#run(action) } },
      icon(action.icon),
      el("span", {}, action.label),
    );
  }

  async #run(action: InstanceAction): Promise<void> {
    const button = this.#buttons.find(([one]) => one === action)?.[1];
    if (button === undefined || button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    await perform(action, this.#record);
    button.ariaBusy = null;
  }
}
