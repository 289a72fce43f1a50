// A field of a form: label, control, hint, and the place for what is wrong with it, tied together for screen readers. Depends
// on element.ts.
import { el, setText } from "./element.js";

export type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export interface FieldOptions {
  /** The paths of the API's schema whose errors belong here; parts of a path count, too. */
  readonly paths: readonly string[];
  readonly label: string;
  readonly hint?: string;
  readonly class?: string;
}

const PLAIN = { autocomplete: "off", spellcheck: "false", autocapitalize: "off" };

/** Of the form of a new instance. */
export function textInput(id: string, attrs: Readonly<Record<string, string>> = {}): HTMLInputElement {
  return el("input", { attrs: { id: `new-${id}`, name: id, type: "text", ...PLAIN, ...attrs } });
}

/** "/limits/memory" and "body.limits.memory" and "limits.memory" are one. */
export function normalizePath(path: string): string {
  const parts = path.split(/[./[\]]+/).filter(Boolean);
  return (parts[0] === "body" ? parts.slice(1) : parts).join(".");
}

/** Whether an error at `path` belongs to a field of `paths`. */
export function ownsPath(paths: readonly string[], path: string): boolean {
  const normal = normalizePath(path);
  return paths.some((own) => normal === own || normal.startsWith(`${own}.`));
}

export class Field {
  readonly element: HTMLElement;
  readonly control: Control;
  readonly #paths: readonly string[];
  readonly #error = el("p", { class: "field-error" });

  constructor(control: Control, { paths, label, hint, class: className }: FieldOptions) {
    this.control = control;
    this.#paths = paths;
    const id = control.id;
    this.#error.id = `${id}-error`;
    this.#error.hidden = true;
    const hintElement = hint === undefined ? undefined : el("p", { class: "field-hint", attrs: { id: `${id}-hint` } }, hint);
    control.setAttribute("aria-describedby", hint === undefined ? this.#error.id : `${id}-hint ${this.#error.id}`);
    const labelElement = el("label", { attrs: { for: id } }, label);
    this.element = el("div", { class: `field ${className ?? ""}` }, labelElement, control, hintElement, this.#error);
    control.addEventListener("input", () => this.setError(undefined));
  }

  get value(): string {
    return this.control.value.trim();
  }

  /** Whether an error at this path of the request belongs here. */
  owns(path: string): boolean {
    return ownsPath(this.#paths, path);
  }

  setError(message: string | undefined): void {
    setText(this.#error, message ?? "");
    this.#error.hidden = message === undefined;
    if (message === undefined) this.control.removeAttribute("aria-invalid");
    else this.control.setAttribute("aria-invalid", "true");
  }
}
