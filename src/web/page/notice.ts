// Short messages at the page's edge: errors until they are closed, the rest for a few seconds; and words for screen readers
// alone. Depends on element.ts.
import { byId, el, icon } from "./element.js";

const SHOWN_MS = 5000;
const MAX_NOTICES = 4;

export function notify(text: string, kind: "info" | "error" = "info"): void {
  const list = byId("notices", HTMLDivElement);
  const close = (): void => notice.remove();
  const button = el(
    "button",
    { class: "ghost", attrs: { type: "button", "aria-label": "Close this message" }, on: { click: close } },
    icon("close"),
  );
  const notice = el("div", { class: `notice ${kind}` }, el("span", {}, text), button);
  list.append(notice);
  while (list.children.length > MAX_NOTICES) list.firstElementChild?.remove();
  if (kind === "info") setTimeout(close, SHOWN_MS);
}

/** Said by screen readers, not shown. */
export function announce(text: string): void {
  byId("announcer", HTMLDivElement).textContent = text;
}
