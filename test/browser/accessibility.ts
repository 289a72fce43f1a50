// What a page must do for everybody, checked in the page itself: every control has a name, ids are unique, text stands out from
// its background (WCAG 2.2, 1.4.3), and what has the keyboard's focus can be seen to have it.
import type { Page } from "playwright-core";

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value?: string };
  readonly name?: { readonly value?: string };
}

const CONTROLS = new Set(
  "button link textbox searchbox combobox checkbox listbox option tab tablist tabpanel log dialog img group region spinbutton".split(" "),
);

/** Controls and landmarks that a screen reader would not know what to call. */
export async function nameless(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = (await session.send("Accessibility.getFullAXTree")) as { nodes: AxNode[] };
  await session.detach();
  const controls = nodes.filter(({ ignored, role }) => !ignored && CONTROLS.has(role?.value ?? ""));
  if (controls.length < 10) throw new Error(`only ${controls.length} controls were found`);
  return controls.filter(({ name }) => (name?.value ?? "").trim() === "").map(({ role }) => role?.value ?? "");
}

export function repeatedIds(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
  });
}

/** Texts with less contrast than 4.5 : 1 (3 : 1 where they are large). Terminals are left to their own setting. */
export function lowContrast(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    // Colours on their way to another theme's are neither.
    for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    if (canvas === null) throw new Error("no canvas");
    type Color = readonly [number, number, number, number];
    const colorOf = (css: string): Color => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a]: Color, [r2, g2, b2]: Color): Color => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];
    const backOf = (element: Element | null): Color => {
      if (element === null) return [255, 255, 255, 1];
      const color = colorOf(getComputedStyle(element).backgroundColor);
      return color[3] >= 0.999 ? color : over(color, backOf(element.parentElement));
    };
    const luminance = (color: Color): number => {
      const [r = 0, g = 0, b = 0] = color.slice(0, 3).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (element === null || (node.textContent ?? "").trim() === "" || element.closest(".xterm, .hidden, .skip") !== null) continue;
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const style = getComputedStyle(element);
      const back = backOf(element);
      const [light, dark] = [luminance(over(colorOf(style.color), back)), luminance(back)].sort((a, b) => b - a) as [number, number];
      const ratio = (light + 0.05) / (dark + 0.05);
      const isLarge = Number.parseFloat(style.fontSize) >= 24;
      if (ratio < (isLarge ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} "${node.textContent?.trim().slice(0, 30)}" .${element.className}`);
    }
    return found;
  });
}

/** Goes through the page by Tab; gives the names of what was met, and throws where the focus cannot be seen. */
export async function tabThrough(page: Page, most: number): Promise<string[]> {
  const met: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return undefined;
      // A listbox shows its focus at the chosen option.
      const shown = element.querySelector('[role="option"][aria-selected="true"]') ?? element;
      const { outlineStyle, outlineWidth } = getComputedStyle(shown);
      const name = element.getAttribute("aria-label") ?? element.id ?? "";
      return { name: name || (element.textContent ?? "").trim(), isSeen: outlineStyle !== "none" && outlineWidth !== "0px" };
    });
    // Past the last element the focus is the browser's own, and comes back at the first.
    if (focused === undefined) continue;
    if (!focused.isSeen) throw new Error(`the focus on "${focused.name}" cannot be seen`);
    met.push(focused.name);
  }
  return met;
}
