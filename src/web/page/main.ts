// The dashboard: puts the parts together. Everything it shows comes through the HTTP API, with the rights of the token that it
// was given.
import { openCreate } from "./create.js";
import { Detail } from "./detail.js";
import { byId } from "./element.js";
import { Fleet } from "./fleet.js";
import { type Shortcut, listenToKeys, openHelp } from "./keys.js";
import { InstanceList } from "./list.js";
import { announce } from "./notice.js";
import { currentToken, forgetToken } from "./session.js";
import { showSummary } from "./summary.js";
import { currentTheme, nextTheme } from "./theme.js";
import { whileVisible } from "./visible.js";

const fleet = new Fleet();
const list = new InstanceList(fleet);
const detail = new Detail(fleet);
showSummary(fleet);

// prettier-ignore
const shortcuts: readonly Shortcut[] = [
  { key: "n", does: "make a new instance",            run: () => openCreate(fleet) },
  { key: "/", does: "filter the list",                run: () => list.focusFilter() },
  { key: "g", does: "go to the list",                 run: () => list.focus() },
  { key: "t", does: "terminal",                       run: () => detail.openTab("terminal") },
  { key: "l", does: "logs",                           run: () => detail.openTab("logs") },
  { key: "e", does: "events",                         run: () => detail.openTab("events") },
  { key: "d", does: "details",                        run: () => detail.openTab("details") },
  { key: "s", does: "start or stop the instance",     run: () => detail.perform("start", "stop") },
  { key: "p", does: "pause or resume it",             run: () => detail.perform("pause", "resume") },
  { key: "r", does: "restart it",                     run: () => detail.perform("restart") },
  { key: "x", does: "kill it",                        run: () => detail.perform("kill") },
  { key: "Delete", does: "remove it",                 run: () => detail.perform("remove") },
  { key: "c", does: "change between light and dark",  run: changeTheme },
  { key: "?", does: "this list",                      run: () => openHelp(shortcuts) },
];

const themeButton = byId("theme", HTMLButtonElement);

function showTheme(): void {
  const theme = currentTheme();
  themeButton.dataset["choice"] = theme;
  themeButton.ariaLabel = `Theme: ${theme}`;
  themeButton.title = `Theme: ${theme}`;
}

function changeTheme(): void {
  announce(`Theme: ${nextTheme()}`);
  showTheme();
}

showTheme();
themeButton.addEventListener("click", changeTheme);
byId("new", HTMLButtonElement).addEventListener("click", () => openCreate(fleet));
byId("help", HTMLButtonElement).addEventListener("click", () => openHelp(shortcuts));
const signOut = byId("sign-out", HTMLButtonElement);
signOut.addEventListener("click", forgetToken);
fleet.linked.subscribe(() => (signOut.hidden = currentToken() === undefined));
listenToKeys(shortcuts);

fleet.happened.subscribe(({ type, name }) => {
  if (["started", "exited", "paused", "resumed", "removed"].includes(type)) announce(`${name} ${type}`);
});

// The address names the instance, so that a reload comes back to it.
let hasLooked = false;
const asked = location.hash.slice(1);
fleet.selected.subscribe(() => history.replaceState(null, "", fleet.current === undefined ? location.pathname : `#${fleet.current.id}`));
fleet.changed.subscribe(() => {
  if (fleet.current !== undefined) return;
  if (!hasLooked && fleet.records.has(asked)) fleet.select(asked);
  // Where there is room for both, the first look is at what runs.
  else if (matchMedia("(min-width: 900px)").matches) list.chooseFirst();
  hasLooked = true;
});
const leaving = new AbortController();
addEventListener("pagehide", (event) => event.persisted || leaving.abort());
whileVisible((signal) => fleet.run(signal), leaving.signal);
