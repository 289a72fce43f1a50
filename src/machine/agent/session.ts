// The host's end of the agent protocol (fixtures/agent/PROTOCOL.md) over any transport: hello, commands, files, power.
// The guest is the adversary: whatever it sends that the protocol does not allow ends the session with `agent-protocol`.
// Depends on exec, file, frame, message, transport, tree, errors.
import { randomInt } from "node:crypto";
import type { Readable } from "node:stream";
import { WardianError } from "../../errors.js";
import { type Channel, ExecProcess } from "./exec.js";
import { FileGet, FilePut, type FileSource, type GuestFile } from "./file.js";
import { encodeFrame, type Frame, FrameDecoder, protocolError } from "./frame.js";
import { decodeHello, decodeNothing, decodeText, decodeU64, encodeExec, encodeHello, encodePath, type Hello, u32, u64 } from "./message.js";
import { FRAME, KEEP_OWNER, LIMITS, POWER, PROTOCOL_MAJOR, TREE_FLAG } from "./protocol.js";
import type { Link } from "./stream.js";
import type { AgentTransport } from "./transport.js";
import { Removal, TreeGet } from "./tree.js";

export interface ExecOptions {
  /** The command's name (looked up in PATH unless it has a slash) and its arguments. */
  readonly args: readonly string[];
  /** PATH and HOME (and TERM, with a terminal) are added where missing. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default "/". */
  readonly cwd?: string | undefined;
  /** "name", "uid", "name:group" or "uid:gid"; default root. */
  readonly user?: string | undefined;
  /** A terminal: stdin, stdout and stderr are one, and signals come from its keys. */
  readonly tty?: boolean | { readonly rows: number; readonly cols: number } | undefined;
  /** Open stdin; otherwise it is /dev/null. A terminal's is always open. */
  readonly stdin?: boolean | undefined;
  /** End the outputs with the command, even where a child of its still holds them. Default: wait for the children. */
  readonly endAtExit?: boolean | undefined;
  /** Kills the command (SIGKILL, its process group); `exit` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions {
  /** Default 0o644. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly signal?: AbortSignal;
}

export interface TreeOptions {
  /** Whose content comes along: all (the default), no file's, or only of files that have changed since the agent began. */
  readonly contents?: "all" | "none" | "changed";
  /** 0: only what is at the path. 1: a folder's own entries too. Default: all. */
  readonly depth?: number;
  readonly signal?: AbortSignal;
}

/** The minor version of the protocol that has trees. */
const MINOR_TREES = 1;
const ALL_DEPTHS = 0xffff_ffff;

export class AgentSession {
  private readonly decoder = new FrameDecoder();
  private readonly channels = new Map<number, Channel>();
  private readonly pings = new Map<bigint, (error?: Error) => void>();
  private readonly number = randomInt(1, 2 ** 32 - 1);
  private readonly link: Link;
  private lastId = 0;
  private nextPing = 1n;
  private full: Promise<void> | undefined;
  private peer: Hello | undefined;
  private greet: { resolve: (hello: Hello) => void; reject: (error: Error) => void } | undefined;
  private ended: WardianError | undefined;
  private leaving = false; // POWEROFF is sent: the end is no error
  private settleClosed!: () => void;
  /** Resolves when the session is over, for whatever reason. */
  readonly closed: Promise<void>;

  constructor(private readonly transport: AgentTransport) {
    this.closed = new Promise((resolve) => {
      this.settleClosed = resolve;
    });
    this.link = { send: (type, stream, id, payload) => this.write(encodeFrame(type, stream, id, payload)), full: () => this.full };
    transport.onData((bytes) => this.receive(bytes));
    transport.onClose((cause) => {
      const message = this.leaving
        ? "the guest has been powered off"
        : "the guest agent has gone; the machine may have stopped: see its console";
      this.end(new WardianError("agent-closed", message, { cause }));
    });
  }

  /** What the agent is, once hello() has resolved. */
  get guest(): Hello | undefined {
    return this.peer;
  }

  /** Greets the agent, however long it takes to appear, and checks that it speaks our protocol. */
  async hello(options: { signal?: AbortSignal } = {}): Promise<Hello> {
    if (this.ended) throw this.ended;
    if (this.peer) return this.peer;
    if (this.greet) throw new WardianError("agent-state", "hello() is already waiting: call it once");
    const { signal } = options;
    signal?.throwIfAborted();
    return await new Promise<Hello>((resolve, reject) => {
      const abort = (): void =>
        this.end(new WardianError("agent-closed", "waiting for the guest agent was given up", { cause: signal?.reason }));
      signal?.addEventListener("abort", abort, { once: true });
      const forget = (): void => signal?.removeEventListener("abort", abort);
      this.greet = {
        resolve(hello) {
          forget();
          resolve(hello);
        },
        reject(error) {
          forget();
          reject(error);
        },
      };
      this.write(encodeHello(this.number));
    });
  }

  /** Starts a command. Throws `agent-argument`, `agent-busy` or what ended the session; all else is told by `exit`. */
  exec(options: ExecOptions): ExecProcess {
    options.signal?.throwIfAborted();
    const tty = options.tty === true ? { rows: 24, cols: 80 } : options.tty || undefined;
    const stdin = options.stdin === true || tty !== undefined;
    const id = this.takeId();
    const frames = encodeExec(id, {
      args: options.args,
      env: options.env ?? {},
      cwd: options.cwd ?? "",
      user: options.user ?? "",
      tty,
      stdin,
      endAtExit: options.endAtExit === true,
    });
    const process = new ExecProcess(this.link, id, tty !== undefined, stdin, options.signal);
    this.channels.set(id, process);
    for (const frame of frames) this.write(frame);
    return process;
  }

  /** Writes a regular file of the guest's, made or replaced in place. */
  async putFile(path: string, source: FileSource, options: PutOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const id = this.takeId();
    const fixed = u32(options.mode ?? 0o644, options.uid ?? KEEP_OWNER, options.gid ?? KEEP_OWNER);
    const payload = encodePath(path, fixed);
    await this.send(FRAME.FILE_PUT, id, payload, source, new FilePut(this.link, id, path, "write"), options.signal);
  }

  /** Unpacks an archive, of the form PROTOCOL.md tells, into a folder of the guest's. */
  async putTree(path: string, archive: FileSource, options: { signal?: AbortSignal } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const id = this.takeTreeId();
    const put = new FilePut(this.link, id, path, "unpack into");
    await this.send(FRAME.TREE_PUT, id, encodePath(path), archive, put, options.signal);
  }

  /** An archive, of the form PROTOCOL.md tells, of a file or folder. It must be read or destroyed. */
  async getTree(path: string, options: TreeOptions = {}): Promise<Readable> {
    options.signal?.throwIfAborted();
    const id = this.takeTreeId();
    const { contents = "all", depth = ALL_DEPTHS } = options;
    const flags = contents === "none" ? TREE_FLAG.NO_DATA : contents === "changed" ? TREE_FLAG.CHANGED : 0;
    const payload = encodePath(path, u32(flags, depth));
    const get = new TreeGet(this.link, id, path, options.signal);
    this.channels.set(id, get);
    this.link.send(FRAME.TREE_GET, 0, id, payload);
    return await get.result;
  }

  /** Removes a file, or a folder with all below it, following no link and crossing no mount. */
  async remove(path: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const id = this.takeTreeId();
    const payload = encodePath(path);
    const removal = new Removal(this.link, id, path, options.signal);
    this.channels.set(id, removal);
    this.link.send(FRAME.REMOVE, 0, id, payload);
    await removal.outcome;
  }

  /** Opens a regular file of the guest's. Its content must be read or destroyed. */
  async getFile(path: string, options: { signal?: AbortSignal } = {}): Promise<GuestFile> {
    options.signal?.throwIfAborted();
    const id = this.takeId();
    const payload = encodePath(path);
    const get = new FileGet(this.link, id, path, options.signal);
    this.channels.set(id, get);
    this.link.send(FRAME.FILE_GET, 0, id, payload);
    return await get.result;
  }

  /** Resolves when the agent has answered. */
  async ping(): Promise<void> {
    this.checkOpen();
    const token = this.nextPing++;
    await new Promise<void>((resolve, reject) => {
      this.pings.set(token, (error) => (error ? reject(error) : resolve()));
      this.link.send(FRAME.PING, 0, 0, u64(token));
    });
  }

  /** Sets the guest's clock: after a restore from a snapshot it stands where it stood. */
  setClock(unixNs: bigint): void {
    this.checkOpen();
    this.link.send(FRAME.CLOCK, 0, 0, u64(unixNs));
  }

  /** Reseeds the guest's random generator: two machines from one snapshot must not draw the same numbers. */
  addEntropy(bytes: Uint8Array): void {
    this.checkOpen();
    if (bytes.length === 0 || bytes.length > LIMITS.ENTROPY_BYTES)
      throw new WardianError("agent-argument", `entropy comes in 1 to ${LIMITS.ENTROPY_BYTES} bytes: give that many`);
    this.link.send(FRAME.ENTROPY, 0, 0, bytes);
  }

  /** Asks the guest to sync and power off (or reboot); resolves when it has agreed. */
  async poweroff(options: { reboot?: boolean } = {}): Promise<void> {
    this.checkOpen();
    this.leaving = true;
    this.link.send(FRAME.POWEROFF, 0, 0, u32(options.reboot ? POWER.REBOOT : POWER.OFF));
    await this.closed;
    if (this.ended && this.ended.code !== "agent-closed") throw this.ended;
  }

  /** Ends the session; the guest kills what it ran for it when it notices. */
  close(): void {
    this.end(new WardianError("agent-closed", "the session with the guest agent has been closed"));
  }

  private checkOpen(): void {
    if (this.ended) throw this.ended;
    if (!this.peer) throw new WardianError("agent-state", "the guest agent has not answered yet: await hello() first");
  }

  private takeId(): number {
    this.checkOpen();
    if (this.channels.size >= LIMITS.CHANNELS)
      throw new WardianError("agent-busy", `${LIMITS.CHANNELS} commands and transfers are running in the guest: wait for one to end`);
    do this.lastId = (this.lastId % 0xffff_fffe) + 1;
    while (this.channels.has(this.lastId));
    return this.lastId;
  }

  private takeTreeId(): number {
    const id = this.takeId();
    if ((this.peer?.minor ?? 0) < MINOR_TREES)
      throw new WardianError("agent-version", "the guest's agent is too old for this: use the agent that comes with this Wardian");
    return id;
  }

  private async send(type: number, id: number, payload: Uint8Array, source: FileSource, put: FilePut, signal?: AbortSignal): Promise<void> {
    this.channels.set(id, put);
    this.link.send(type, 0, id, payload);
    await put.run(source, signal);
  }

  private write(bytes: Uint8Array): void {
    if (this.ended) return;
    const full = this.transport.write(bytes);
    if (!full || full === this.full) return;
    this.full = full;
    const free = (): void => {
      if (this.full === full) this.full = undefined;
    };
    full.then(free, free);
  }

  private receive(bytes: Uint8Array): void {
    if (this.ended) return;
    try {
      this.decoder.push(bytes, (frame) => {
        this.serve(frame);
        return this.ended === undefined;
      });
    } catch (error) {
      this.end(
        error instanceof WardianError
          ? error
          : new WardianError("agent-protocol", "the guest agent's answer could not be read", { cause: error }),
      );
    }
  }

  private serve(frame: Frame): void {
    switch (frame.type) {
      case FRAME.HELLO:
        return this.serveHello(frame);
      case FRAME.ERROR:
        if (frame.payload.length > LIMITS.TEXT_BYTES) throw protocolError("ERROR text too long");
        throw new WardianError("agent-protocol", `the guest agent refused what it was sent: ${decodeText(frame.payload)}`);
    }
    if (!this.peer) return; // of an older session, which our HELLO ends
    switch (frame.type) {
      case FRAME.PONG:
        return this.servePong(frame);
      case FRAME.BYE:
        decodeNothing(frame.payload, "BYE");
        if (!this.leaving) throw protocolError("BYE without being asked");
        return this.end(new WardianError("agent-closed", "the guest has been powered off"));
    }
    const channel = this.channels.get(frame.id);
    if (!channel) throw protocolError(`frame type ${frame.type} on no channel`);
    if (channel.take(frame)) this.channels.delete(frame.id);
  }

  /** The agent announces itself with number 0 when it starts, and answers ours with ours. */
  private serveHello(frame: Frame): void {
    const hello = decodeHello(frame.payload);
    if (hello.major !== PROTOCOL_MAJOR)
      throw new WardianError(
        "agent-version",
        `the guest agent speaks protocol ${hello.major}, this Wardian speaks ${PROTOCOL_MAJOR}: use the agent that comes with it`,
      );
    if (frame.id === 0) {
      if (this.peer) throw new WardianError("agent-protocol", "the guest agent has started anew: its commands are gone");
      if (this.greet) this.write(encodeHello(this.number)); // our first may have come before anybody listened
    } else if (frame.id === this.number && this.greet) {
      this.peer = hello;
      this.greet.resolve(hello);
      this.greet = undefined;
    }
  }

  private servePong(frame: Frame): void {
    const token = decodeU64(frame.payload, "PONG");
    const answer = this.pings.get(token);
    if (!answer) throw protocolError("PONG without PING");
    this.pings.delete(token);
    answer();
  }

  private end(error: WardianError): void {
    if (this.ended) return;
    this.ended = error;
    this.greet?.reject(error);
    this.greet = undefined;
    for (const channel of this.channels.values()) channel.fail(error);
    this.channels.clear();
    for (const answer of this.pings.values()) answer(error);
    this.pings.clear();
    this.transport.close();
    this.settleClosed();
  }
}
