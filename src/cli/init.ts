// `wardian init`: a folder with a WASI program in AssemblyScript, ready to build and run. May depend on errors and the files beside it.
import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { WardianError } from "../errors.js";
import { printable } from "./message.js";
import { writeOut } from "./output.js";

const DESCRIPTION =
  "Writes a small WASI program in AssemblyScript into a folder (default: this one): source, package.json and asconfig.json. " +
  "Writes nothing where one of its files would be in the way of one that is there.";

/** npm leaves files of this name out of packages, so the template's own has another one. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };
const MOST_NAMED = 5;

export function addInitCommand(program: Command, finish: (status: number) => void): void {
  program
    .command("init")
    .summary("begin a WASI program in AssemblyScript")
    .description(DESCRIPTION)
    .argument("[dir]", "the folder, made where it is missing", ".")
    .action(async (dir: string) => {
      const written = await writeTemplate(resolve(dir));
      const enter = dir === "." ? "" : `cd ${quoted(printable(dir))} && `;
      await writeOut(`${written.map((path) => `wrote ${printable(join(dir, path))}\n`).join("")}\nNext:\n  ${enter}npm install && npm run build
  wardian run build/program.wasm\n`);
      finish(0);
    });
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Gives the paths of what it wrote, relative to `folder`. Throws `init-in-the-way`, `init-no-folder`, `init-failed`. */
export async function writeTemplate(folder: string): Promise<string[]> {
  const files = await readTemplate();
  await checkFolder(folder);
  const taken: string[] = [];
  for (const path of files.keys()) if (await exists(join(folder, path))) taken.push(path);
  if (taken.length > 0) throw inTheWay(folder, taken);
  try {
    for (const [path, content] of files) {
      await makeFolder(dirname(join(folder, path)));
      await writeFile(join(folder, path), path === "package.json" ? named(content, folder) : content, { flag: "wx" });
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new WardianError("init-failed", `cannot write into ${folder}: ${code ?? message}`, { cause: error });
  }
  return [...files.keys()];
}

/** With those above it. Not Node's own way: that one never ends where a file system (/proc) denies that there is what it should make. */
async function makeFolder(path: string): Promise<void> {
  const error = await mkdir(path).catch((thrown: NodeJS.ErrnoException) => thrown);
  if (!(error instanceof Error) || error.code === "EEXIST") return;
  if (error.code !== "ENOENT" || dirname(path) === path || (await exists(dirname(path)))) throw error;
  await makeFolder(dirname(path));
  await mkdir(path);
}

async function checkFolder(folder: string): Promise<void> {
  const about = await lstat(folder).catch(() => undefined);
  if (about === undefined || about.isDirectory()) return;
  // A link to a folder is one, too.
  const isFolder = about.isSymbolicLink() && (await readdir(folder).catch(() => undefined)) !== undefined;
  if (!isFolder) throw new WardianError("init-no-folder", `${folder} is not a folder: name another one`);
}

/** Links that lead nowhere are in the way, too. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    // ENOTDIR: something that is no folder stands where one of ours should be.
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

function inTheWay(folder: string, taken: readonly string[]): WardianError {
  const shown = taken.slice(0, MOST_NAMED).join(", ");
  const rest = taken.length > MOST_NAMED ? ` and ${taken.length - MOST_NAMED} more` : "";
  return new WardianError("init-in-the-way", `${folder} already has ${shown}${rest}: name an empty folder, or move these away`);
}

/** Paths and contents of what a new folder gets. */
async function readTemplate(): Promise<Map<string, string>> {
  for (const up of ["../../", "../../../"]) {
    const root = fileURLToPath(new URL(`${up}fixtures/wasi/template/`, import.meta.url));
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) continue;
    const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)));
    const contents = await Promise.all(
      files.map(async (path) => [RENAMED[path] ?? path, await readFile(join(root, path), "utf8")] as const),
    );
    return new Map(contents.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  throw new WardianError("not-built", "the template fixtures/wasi/template is missing from this installation");
}

/** The package is called as its folder, as far as npm allows that name. */
function named(content: string, folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "")
    .slice(0, 200);
  return name === "" ? content : content.replace('"name": "hello"', `"name": ${JSON.stringify(name)}`);
}
