// The entry of the ticker's thread (src/wasi/clock-page.ts). May depend on wasi/.
import { workerData } from "node:worker_threads";
import { ClockPage } from "../wasi/clock-page.js";

const { buffer, ptr } = workerData as { readonly buffer: SharedArrayBuffer; readonly ptr: number };
new ClockPage(buffer, ptr).tick();
