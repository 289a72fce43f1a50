// Binds a server to an address. A unix socket is its owner's alone from the first moment; one that a dead process left behind is
// replaced, one that somebody still listens on is not. May depend on errors and listen-address.ts.
import { chmodSync, lstatSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { isMainThread } from "node:worker_threads";
import { WardianError } from "../errors.js";
import type { ListenAddress } from "./listen-address.js";

const PROBE_TIMEOUT_MS = 1000;

/** Throws `address-in-use` or `listen-failed`. */
export async function bind(server: Server, address: ListenAddress): Promise<void> {
  if (address.kind === "tcp") return listening(server, address, () => server.listen(address.port, address.address));
  await clearStale(address.path);
  await listening(server, address, () => listenPrivately(server, address.path));
  chmodSync(address.path, 0o600);
}

/** Node binds the socket before listen() returns; where the mask cannot be set (in a worker), the mode follows at once. */
function listenPrivately(server: Server, path: string): void {
  const mask = isMainThread ? process.umask(0o177) : undefined;
  try {
    server.listen(path);
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
}

function listening(server: Server, address: ListenAddress, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(listenError(address, error));
    server.once("error", onError);
    server.once("listening", () => {
      server.off("error", onError);
      resolve();
    });
    listen();
  });
}

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): WardianError {
  const shown = address.kind === "unix" ? address.path : `${address.address} port ${address.port}`;
  if (error.code === "EADDRINUSE") return inUse(shown, error);
  return new WardianError("listen-failed", `cannot listen on ${shown} (${error.code ?? error.message})`, { cause: error });
}

function inUse(shown: string, cause?: unknown): WardianError {
  return new WardianError("address-in-use", `${shown} is in use by another process: stop it, or give another --listen`, { cause });
}

async function clearStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new WardianError("listen-failed", `cannot listen on ${path}: something that is no socket is there`);
  if (await answers(path)) throw inUse(path);
  rmSync(path, { force: true });
}

/** Whether anybody listens; where that cannot be told, somebody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (isAnswering: boolean): void => {
      socket.destroy();
      resolve(isAnswering);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle(true));
    socket.once("connect", () => settle(true));
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}
