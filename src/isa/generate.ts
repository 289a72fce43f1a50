// `npm run generate`: writes what the instruction tables decide into assembly/. With --check it only compares.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generateDecode, generateOps } from "./generate-decode.js";
import { generateDispatch, generateFused } from "./generate-dispatch.js";
import { generateEmit, generateKinds } from "./generate-emit.js";

const files: Readonly<Record<string, string>> = {
  "assembly/machine/isa/generated/ops.ts": generateOps(),
  "assembly/machine/isa/generated/decode.ts": generateDecode(),
  "assembly/machine/isa/generated/fused.ts": generateFused(),
  "assembly/machine/isa/generated/kinds.ts": generateKinds(),
  "assembly/machine/interp/generated/dispatch.ts": generateDispatch(),
  "assembly/machine/translate/generated/emit.ts": generateEmit(),
};
const check = process.argv.includes("--check");
let stale = 0;
for (const [path, text] of Object.entries(files)) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  stale++;
  if (check) {
    console.error(`${path} is not what the tables say: run \`npm run generate\``);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
}
if (check && stale > 0) process.exitCode = 1;
