// What `import ... from "wardian/api"` gives: the app, to mount it elsewhere, and the server that it usually stands behind.
export { type AppOptions, type AppType, createApp } from "./app.js";
export { type ServerOptions, startServer } from "./server.js";
export type { RunningServer } from "./server-running.js";
