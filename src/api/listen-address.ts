// Where to listen: HOST:PORT, [ADDRESS]:PORT, PORT (on 127.0.0.1) or unix:PATH; and the rule that without a token file or a
// client CA this is nowhere but on this host. May depend on errors.
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { resolve } from "node:path";
import { WardianError } from "../errors.js";

export const DEFAULT_LISTEN = "127.0.0.1:7070";
const DEFAULT_HOST = "127.0.0.1";
/** sun_path of unix(7), without its NUL. */
const SOCKET_PATH_LIMIT_BYTES = 107;

export interface UnixAddress {
  readonly kind: "unix";
  readonly path: string;
}

export interface TcpAddress {
  readonly kind: "tcp";
  /** As it was given, without brackets. */
  readonly host: string;
  /** What it stands for. */
  readonly address: string;
  readonly port: number;
  readonly isLoopback: boolean;
}

export type ListenAddress = UnixAddress | TcpAddress;

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Throws `bad-listen`. */
export async function resolveListen(text: string): Promise<ListenAddress> {
  if (text.startsWith("unix:")) return unixAddress(text.slice("unix:".length));
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):)?([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw badListen(text, "write HOST:PORT, [ADDRESS]:PORT, PORT or unix:PATH");
  const host = match[1] ?? match[2] ?? DEFAULT_HOST;
  const addresses = await addressesOf(host).catch((cause: unknown) => {
    throw badListen(text, "its host is not known", cause);
  });
  const [address] = addresses;
  if (address === undefined) throw badListen(text, "its host has no address");
  return { kind: "tcp", host, address, port, isLoopback: addresses.every(isLoopbackAddress) };
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true, order: "ipv4first" });
  return found.map(({ address }) => address);
}

function isLoopbackAddress(address: string): boolean {
  return loopback.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function unixAddress(given: string): UnixAddress {
  const path = resolve(given.replace(/^\/\/(?=\/)/, ""));
  if (given === "" || given.includes("\0")) throw badListen(`unix:${given}`, "write unix:PATH");
  if (Buffer.byteLength(path) > SOCKET_PATH_LIMIT_BYTES)
    throw new WardianError("bad-listen", `the socket's path is too long (more than ${SOCKET_PATH_LIMIT_BYTES} bytes): ${path}`);
  return { kind: "unix", path };
}

function badListen(text: string, reason: string, cause?: unknown): WardianError {
  return new WardianError("bad-listen", `cannot listen on ${JSON.stringify(text.slice(0, 200))}: ${reason}`, { cause });
}

/** Throws `insecure-listen`: whoever reaches such an address would be an admin. */
export function assertSecure(addresses: readonly ListenAddress[], isAuthenticated: boolean): void {
  if (isAuthenticated) return;
  const open = addresses.find((address) => address.kind === "tcp" && !address.isLoopback);
  if (open?.kind === "tcp")
    throw new WardianError(
      "insecure-listen",
      `refusing to listen on ${open.host}, which others can reach, without --token-file or --client-ca; 127.0.0.1 and unix:PATH need neither`,
    );
}
