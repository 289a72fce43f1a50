// Modal dialogs on the browser's own <dialog>: it keeps the focus inside, closes on Esc and gives the focus back. Depends on
// element.ts.
import { el, icon } from "./element.js";

let count = 0;

/** An open dialog's parts; the caller fills `body`. It is gone from the page once closed. */
export interface DialogParts {
  readonly dialog: HTMLDialogElement;
  readonly body: HTMLElement;
}

export function openDialog(title: string, options: { readonly class?: string } = {}): DialogParts {
  const titleId = `dialog-${++count}`;
  const closeButton = el(
    "button",
    { class: "ghost", attrs: { type: "button", "aria-label": "Close" }, on: { click: () => dialog.close() } },
    icon("close"),
  );
  const body = el("div", { class: "dialog-body" });
  const dialog = el(
    "dialog",
    { class: options.class ?? "", attrs: { "aria-labelledby": titleId } },
    el("div", { class: "dialog-head" }, el("h2", { attrs: { id: titleId } }, title), closeButton),
    body,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, body };
}

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly danger: boolean;
}

/** Resolves with whether the user agreed. */
export function confirmDialog({ title, text, confirm, danger }: Question): Promise<boolean> {
  const { dialog, body } = openDialog(title, { class: "small" });
  const agree = el("button", { class: danger ? "danger" : "primary", attrs: { type: "button" } }, confirm);
  const cancel = el("button", { attrs: { type: "button" } }, "Cancel");
  body.append(el("p", {}, text), el("div", { class: "dialog-foot" }, cancel, agree));
  agree.focus();
  return new Promise((resolve) => {
    agree.addEventListener("click", () => dialog.close("yes"));
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}
