// Where the project's files are, seen from bench/ and from dist/bench/ alike. Depends on errors.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WardianError } from "../src/errors.js";

/** `path` is relative to the project's folder. */
export function projectFile(path: string): string {
  for (const up of ["../", "../../"]) {
    const candidate = fileURLToPath(new URL(up + path, import.meta.url));
    if (existsSync(candidate)) return candidate;
  }
  throw new WardianError(
    "bench-file",
    `the file ${path} of the project is missing; benchmarks run from a checkout, not from the installed package`,
  );
}
