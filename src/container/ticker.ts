// The entry of the ticker's thread (src/wasi/clock-page.ts). May depend on wasi/.
import { workerData } from "node:worker_threads";
import { ClockPage } from "../wasi/clock-page.js";

new ClockPage(workerData as SharedArrayBuffer).tick();
