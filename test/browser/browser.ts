// Headless Chromium for tests: Debian's own, driven by playwright-core, with everything that a page complained of written down.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
const QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Why tests in a browser cannot run; undefined where they can. */
export const noBrowser = existsSync(CHROMIUM) ? undefined : `${CHROMIUM} is not installed`;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu", ...QUIET] });
}

export interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console (a broken content security policy is one), exceptions, failed and refused requests. */
  readonly complaints: string[];
}

export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) complaints.push(`request to elsewhere: ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}
