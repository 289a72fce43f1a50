// Part of the build: the entry of each kind of thread, and all that it imports, as one CommonJS file beside it. A thread that reads one file
// is there sooner than one that reads fifty modules. Run as `node dist/src/postbuild/threads.js`. Depends on nothing of ours.
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const THREADS = ["container/worker", "machine/worker", "machine/compile-thread"];

const place = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

for (const name of THREADS) {
  await using bundle = await rolldown({ input: place(`../${name}.js`), platform: "node" });
  await bundle.write({ file: place(`../${name}.cjs`), format: "cjs", codeSplitting: false });
}
