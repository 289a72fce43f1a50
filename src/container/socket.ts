// Local stream sockets: some containers listen on one, others are connected to it, and data goes from thread to thread, past this one. May
// depend on errors, the kernel's abi and the files beside it. Variables: systemd, sd_listen_fds(3).
//
//   0 1 2   standard streams
//   3 ...   directories: a libc stops to look for them at the first number that is none
//   then    sockets: those that it listens on, then those that are connected
import { COUNT_SOCKETS, ERRNO_AGAIN, ERRNO_CONNREFUSED, ERRNO_NOMEM, MAX_BACKLOG } from "../../assembly/kernel/abi.js";
import { WardianError } from "../errors.js";
import { type ContainerRuntime, sharedRuntime } from "./runtime.js";

const ROLES = ["listen", "connect"] as const;
type Role = (typeof ROLES)[number];

/** Ends of connections in the whole kernel. Each may hold 64 KiB: together 64 MiB, so that other pipes and processes find memory. */
const MAX_SOCKETS = 1024;

/** To one container, under a name that it is told. */
export interface GivenSocket {
  readonly socket: LocalSocket;
  /** Printable ASCII without space and colon. */
  readonly name: string;
  readonly role: Role;
}

export class LocalSocket {
  readonly #runtime: ContainerRuntime;
  readonly #listener: number;
  #isReleased = false;

  /** Throws `kernel-memory`. */
  constructor(runtime: ContainerRuntime = sharedRuntime()) {
    this.#runtime = runtime;
    this.#listener = runtime.kernel.exports.listener_create();
    if (this.#listener === 0) throw noMemory("a socket");
  }

  /** To a process that does not run yet, as the descriptor `fd`. Throws what `refusal` says, or `socket-released`. */
  give(proc: number, fd: number, name: string, role: Role): void {
    if (this.#isReleased) throw new WardianError("socket-released", `the socket ${name} was released: make another one`);
    const { exports } = this.#runtime.kernel;
    if (role === "connect" && exports.kernel_counter(COUNT_SOCKETS) >= MAX_SOCKETS)
      throw new WardianError("connection-limit", `${MAX_SOCKETS / 2} connections are open: end containers that have some first`);
    const install = role === "listen" ? exports.fd_install_listener : exports.fd_install_connection;
    const result = install(proc, fd, this.#listener);
    if (result < 0) throw refusal(-result, name);
  }

  /** No more containers are given it. What has it keeps it to its end. */
  release(): void {
    if (!this.#isReleased) this.#runtime.kernel.exports.listener_release(this.#listener);
    this.#isReleased = true;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function refusal(errno: number, name: string): WardianError {
  switch (errno) {
    case ERRNO_CONNREFUSED:
      return new WardianError("connection-refused", `nobody listens on the socket ${name}: start the container that listens on it first`);
    case ERRNO_AGAIN:
      return new WardianError(
        "connection-refused",
        `${MAX_BACKLOG} connections wait to be accepted on the socket ${name}: try again later`,
      );
    case ERRNO_NOMEM:
      return noMemory("a connection");
    default:
      return new WardianError("descriptor-limit", `the socket ${name} does not fit the program's limit of descriptors: allow it more`);
  }
}

function noMemory(what: string): WardianError {
  return new WardianError("kernel-memory", `no memory for ${what}: the kernel's bound is reached`);
}

/** `first` is the number behind the directories. */
export function giveSockets(proc: number, sockets: readonly GivenSocket[], first: number): void {
  for (const [i, { socket, name, role }] of inOrder(sockets).entries()) socket.give(proc, first + i, name, role);
}

/** How a program finds its sockets: of each role that it has the number, the names, and the first descriptor. */
export function socketVariables(sockets: readonly GivenSocket[], first: number): Record<string, string> {
  const ordered = inOrder(sockets);
  const variables: Record<string, string> = {};
  for (const role of ROLES) {
    const names = ordered.filter((given) => given.role === role).map(({ name }) => name);
    if (names.length === 0) continue;
    const prefix = `${role.toUpperCase()}_FDS`;
    variables[prefix] = String(names.length);
    variables[`${prefix}_START`] = String(first + ordered.findIndex((given) => given.role === role));
    variables[`${role.toUpperCase()}_FDNAMES`] = names.join(":");
  }
  return variables;
}

function inOrder(sockets: readonly GivenSocket[]): GivenSocket[] {
  return ROLES.flatMap((role) => sockets.filter((given) => given.role === role));
}
