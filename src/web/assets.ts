// Every file that a browser may ask of us, once: the URL below /web/, the content type, and for what others wrote, the package
// it comes from. `npm run build` copies these (vendor-files.ts); routes.ts serves them. Nothing else is ever read. Depends on node only.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Asset {
  /** Below /web/ in URLs, and below dist/src/web/ on disk. */
  readonly path: string;
  readonly type: string;
  /** Where the build copies it from, below the project's root; absent for what tsc writes. */
  readonly from?: string;
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";
const TEXT = "text/plain; charset=utf-8";
const HTML = "text/html; charset=utf-8";

const own = (path: string, type: string): Asset => ({ path, type, from: `src/web/${path}` });
const compiled = (name: string): Asset => ({ path: `page/${name}.js`, type: SCRIPT });
const vendored = (path: string, type: string, from: string): Asset => ({ path: `vendor/${path}`, type, from: `node_modules/${from}` });

export const INDEX = "page/index.html";

// prettier-ignore
export const ASSETS: readonly Asset[] = [
  own(INDEX, HTML),
  ...["colors", "style", "layout", "instance", "tabs"].map((name) => own(`page/${name}.css`, STYLE)),
  own("page/icon.svg", "image/svg+xml"),
  ...[
    "main", "theme", "element", "format", "words", "wire", "sse", "follow", "log-lines", "history", "figures", "session", "server", "fleet", "watch", "visible",
    "notice", "dialog", "keys", "list", "detail", "actions", "create", "container-fields", "fields", "charts", "sparkline", "tabs", "terminal-session", "terminal-tab",
    "logs-tab", "events-tab", "spec-tab", "summary",
  ].map(compiled),
  vendored("xterm.mjs",             SCRIPT, "@xterm/xterm/lib/xterm.mjs"),
  vendored("xterm.css",             STYLE,  "@xterm/xterm/css/xterm.css"),
  vendored("xterm.LICENSE",         TEXT,   "@xterm/xterm/LICENSE"),
  vendored("addon-fit.mjs",         SCRIPT, "@xterm/addon-fit/lib/addon-fit.mjs"),
  vendored("addon-fit.LICENSE",     TEXT,   "@xterm/addon-fit/LICENSE"),
  vendored("uplot.mjs",             SCRIPT, "uplot/dist/uPlot.esm.js"),
  vendored("uplot.css",             STYLE,  "uplot/dist/uPlot.min.css"),
  vendored("uplot.LICENSE",         TEXT,   "uplot/LICENSE"),
];

/** The page at /docs, which is the API's, finds these beside ours. */
// prettier-ignore
export const REFERENCE_FILES: readonly Asset[] = [
  vendored("swagger-ui-bundle.js",  SCRIPT, "swagger-ui-dist/swagger-ui-bundle.js"),
  vendored("swagger-ui.css",        STYLE,  "swagger-ui-dist/swagger-ui.css"),
  vendored("swagger-ui.LICENSE",    TEXT,   "swagger-ui-dist/LICENSE"),
  vendored("swagger-ui.NOTICE",     TEXT,   "swagger-ui-dist/NOTICE"),
  vendored("swagger-ui-bundle.LICENSE", TEXT, "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt"),
];

/** Where the built files are: beside this file, or in dist/ where this file runs from source. */
export function builtFolder(): URL {
  const beside = new URL("./", import.meta.url);
  return existsSync(fileURLToPath(new URL("page/main.js", beside))) ? beside : new URL("../../dist/src/web/", import.meta.url);
}
