// `npm run generate`: writes docs/METRICS.md from the catalog. With --check it only compares.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { renderMetricsPage } from "./page.js";

const PATH = "docs/METRICS.md";
const text = renderMetricsPage();
if (!existsSync(PATH) || readFileSync(PATH, "utf8") !== text) {
  if (process.argv.includes("--check")) {
    console.error(`${PATH} is not what the catalog says: run \`npm run generate\``);
    process.exitCode = 1;
  } else {
    writeFileSync(PATH, text);
    console.log(`wrote ${PATH}`);
  }
}
