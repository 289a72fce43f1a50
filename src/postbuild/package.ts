// Part of the build: what a user of the package runs, its entries with all that they import, in a few files of dist/bundle. Node takes half a
// millisecond for each module, and they are three hundred, of which zod is a third. Packages that are loaded only when they are needed,
// and those that users have, too, stay where they are. Run as `node dist/src/postbuild/package.js`. Depends on nothing of ours.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** One zod for all: the second extends the first. */
const PACKED = ["zod", "@hono/zod-openapi"];
const ENTRIES = { index: "../index.js", api: "../api/index.js", main: "../cli/main.js" };
/** Files are looked for from here as from any folder of src/. */
const TARGET = place("../../bundle/");

function place(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function isLeftOut(id: string): boolean {
  const isPackage = /^[^./]/.test(id);
  return isPackage && !PACKED.some((name) => id === name || id.startsWith(`${name}/`));
}

/** What must be told of the packages in these files. */
function licence(name: string): string {
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  const { version, license, homepage } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, string>;
  const file = join(folder, "LICENSE");
  return `${name} ${version} (${license}), ${homepage}\n\n${existsSync(file) ? readFileSync(file, "utf8") : ""}`;
}

rmSync(TARGET, { recursive: true, force: true });
const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, place(path)]));
await using bundle = await rolldown({ input, platform: "node", external: isLeftOut });
await bundle.write({ dir: TARGET, format: "esm" });
writeFileSync(join(TARGET, "LICENSES.txt"), PACKED.map(licence).join("\n"));
