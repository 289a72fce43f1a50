// Part of the build: puts beside the compiled page what tsc does not (index.html, style sheets) and what others wrote (the
// terminal, the charts, the API reference page), each with its licence. Run as `node dist/src/web/vendor-files.js`.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ASSETS, REFERENCE_FILES } from "./assets.js";

const ROOT = new URL("../../../", import.meta.url);
const TARGET = new URL("./", import.meta.url);
/** The maps are not shipped, and a browser's tools would ask for them. */
const SOURCE_MAP = /\n\/[/*]# sourceMappingURL=[^\n]*\n?$/;

for (const { path, from } of [...ASSETS, ...REFERENCE_FILES]) {
  if (from === undefined) continue;
  const target = fileURLToPath(new URL(path, TARGET));
  const text = await readFile(new URL(from, ROOT), "utf8");
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text.replace(SOURCE_MAP, "\n"));
}
