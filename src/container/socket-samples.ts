// For tests: the programs of fixtures/wasi/sockets. Not part of the program.
import { fileURLToPath } from "node:url";

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/wasi/bin/sockets/${name}.wasm`, import.meta.url));

export const ECHO_SERVER = fixture("echo-server");
export const ECHO_CLIENT = fixture("echo-client");
export const SOCKET_CALLS = fixture("calls");
