// Light and dark: as the system has it, or as the user chose. Loaded before the page is drawn. Depends on watch.ts.
import { Topic } from "./watch.js";

const KEY = "wardian.theme";
const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const systemDark = matchMedia("(prefers-color-scheme: dark)");
/** The colours are others now: what draws on a canvas draws anew. */
export const themeChanged = new Topic();

function stored(): Theme {
  const value = read();
  return THEMES.find((theme) => theme === value) ?? "auto";
}

/** Storage may be forbidden to a page; then the choice lasts as long as the page. */
function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

let theme: Theme = stored();
apply();
systemDark.addEventListener("change", apply);

function apply(): void {
  const isDark = theme === "dark" || (theme === "auto" && systemDark.matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  themeChanged.publish();
}

export function currentTheme(): Theme {
  return theme;
}

export function nextTheme(): Theme {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // See read().
  }
  apply();
  return theme;
}

/** A colour of style.css, by its custom property. */
export function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
