// Part of the build: the entry of a container's thread, and all that it imports, as one CommonJS file beside it. A thread that reads one file is
// there 25 ms sooner than one that reads fifty modules. Run as `node dist/src/container/bundle-worker.js`.
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const place = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const bundle = await rolldown({ input: place("./worker.js"), platform: "node" });
await bundle.write({ file: place("./worker.cjs"), format: "cjs", codeSplitting: false });
await bundle.close();
