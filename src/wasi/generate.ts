// `npm run generate`: writes docs/WASI.md from the table of calls. With --check it only compares.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { renderWasiPage } from "./page.js";

const PATH = "docs/WASI.md";
const text = renderWasiPage();
if (!existsSync(PATH) || readFileSync(PATH, "utf8") !== text) {
  if (process.argv.includes("--check")) {
    console.error(`${PATH} is not what the table says: run \`npm run generate\``);
    process.exitCode = 1;
  } else {
    writeFileSync(PATH, text);
    console.log(`wrote ${PATH}`);
  }
}
