// The token that the server wants, where it wants one: asked for on the first 401, kept for this tab alone and never longer
// than it is open. Depends on element.ts and dialog.ts.
import { openDialog } from "./dialog.js";
import { el } from "./element.js";

const KEY = "wardian.token";
let token: string | undefined = read();
let asking: Promise<void> | undefined;

function read(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

export function currentToken(): string | undefined {
  return token;
}

function keep(value: string | undefined): void {
  token = value;
  try {
    if (value === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // Where storage is forbidden, the token lives as long as the page.
  }
}

export function forgetToken(): void {
  keep(undefined);
  location.reload();
}

/**
 * Resolves when there is another token than `refused`. Several requests that are refused at once ask once; a dialog closed
 * without an answer comes back, since without a token there is nothing to see.
 */
export async function askToken(refused: string | undefined): Promise<void> {
  if (token !== refused) return;
  keep(undefined);
  asking ??= ask(refused !== undefined).finally(() => (asking = undefined));
  await asking;
}

async function ask(wasRefused: boolean): Promise<void> {
  for (let answer = ""; ;) {
    answer = await askOnce(wasRefused);
    if (answer !== "") return keep(answer);
  }
}

function askOnce(wasRefused: boolean): Promise<string> {
  const { dialog, body } = openDialog("Token", { class: "small" });
  const input = el("input", {
    attrs: {
      type: "password",
      id: "token",
      name: "token",
      autocomplete: "off",
      spellcheck: "false",
      required: true,
      "aria-describedby": "token-hint",
    },
  });
  const hint = wasRefused
    ? "The server did not accept that token. Check it, and that it has not been revoked."
    : "This server wants a token. It is kept in this tab only, until you close it.";
  const form = el(
    "form",
    { attrs: { method: "dialog" } },
    el("p", { attrs: { id: "token-hint", role: wasRefused ? "alert" : undefined } }, hint),
    el("label", { attrs: { for: "token" } }, "Token"),
    input,
    el("div", { class: "dialog-foot" }, el("button", { class: "primary", attrs: { type: "submit" } }, "Sign in")),
  );
  body.append(form);
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(input.value.trim()));
    dialog.addEventListener("cancel", () => (input.value = ""));
  });
}
