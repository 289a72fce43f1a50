// Containers whose standard input is the standard output of another one: by a pipe in the kernel, from thread to thread. The reader is
// started first and waits; the writer, when it is started next, writes to it and not to its log. May depend on errors, container/,
// instance/ and the files beside it.
//
//   reader starts:  reader <-[pipe]-- held by us       and it stands in #waiting under the writer's id
//   writer starts:  reader <-[pipe]-- writer           out of #waiting; whichever ends first closes its end
import { ContainerPipe } from "../container/pipe.js";
import { WardianError } from "../errors.js";
import type { InstanceRecord } from "../instance/record.js";
import type { InstanceSpec } from "../instance/spec.js";
import type { Caller } from "./caller.js";
import { type Directory, homeOf } from "./directory.js";

/** Of one run. */
export interface Connections {
  readonly stdin?: ContainerPipe;
  readonly stdout?: ContainerPipe;
}

export class Pipelines {
  /** By the writer's id, until it starts, or the reader has ended. */
  readonly #waiting = new Map<string, ContainerPipe>();
  /** By the id of an instance that starts or runs. */
  readonly #runs = new Map<string, Connections>();

  constructor(private readonly directory: Directory) {}

  /** The spec with the writer's id, which stays when its name changes. Throws `no-instance`, or `bad-request` for what is no writer. */
  admit(spec: InstanceSpec, caller: Caller): InstanceSpec {
    if (spec.stdinFrom === undefined) return spec;
    const { id, name, namespace, spec: its } = this.directory.find(spec.stdinFrom, caller).record;
    const refuse = (why: string): WardianError => new WardianError("bad-request", `stdinFrom: ${name} ${why}`);
    if (namespace !== homeOf(caller)) throw refuse("is of another owner");
    if (its.kind !== "container") throw refuse("is no container");
    if (its.tty) throw refuse("has a terminal, and no output to pass on");
    return { ...spec, stdinFrom: id };
  }

  /** Before a start. Throws `wrong-state` where the writer cannot begin with this reader. */
  requireWriter({ name, spec: { stdinFrom } }: InstanceRecord): void {
    if (stdinFrom === undefined) return;
    const writer = this.directory.get(stdinFrom);
    const refuse = (why: string): WardianError =>
      new WardianError(
        "wrong-state",
        `the instance ${name} cannot be started: ${writer?.name ?? stdinFrom}, which its stdin is from, ${why}`,
      );
    if (writer === undefined || writer.record.state === "removing") throw refuse("is removed");
    if (writer.isLive) throw refuse("runs already; stop it, and start it after this one");
    if (this.#waiting.has(stdinFrom)) throw refuse("has a reader already, which waits for it to be started");
  }

  /** For a run that begins. Throws `kernel-memory`. */
  open({ id, spec: { stdinFrom } }: InstanceRecord): Connections {
    const stdin = stdinFrom === undefined ? undefined : new ContainerPipe();
    const stdout = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (stdin !== undefined && stdinFrom !== undefined) this.#waiting.set(stdinFrom, stdin);
    const connections = { ...(stdin === undefined ? {} : { stdin }), ...(stdout === undefined ? {} : { stdout }) };
    this.#runs.set(id, connections);
    return connections;
  }

  /** It has its ends itself now. */
  started(id: string): void {
    const { stdin, stdout } = this.#runs.get(id) ?? {};
    stdin?.release("reader");
    stdout?.release("writer");
  }

  /** Its run is over, or could not begin. */
  ended({ id, spec: { stdinFrom } }: InstanceRecord): void {
    this.started(id);
    const { stdin } = this.#runs.get(id) ?? {};
    this.#runs.delete(id);
    if (stdinFrom !== undefined && stdin !== undefined && this.#waiting.get(stdinFrom) === stdin) this.#abandon(stdinFrom);
  }

  /** Whoever waits for it has read all that there will be. */
  removed(id: string): void {
    this.#abandon(id);
  }

  #abandon(writer: string): void {
    this.#waiting.get(writer)?.release("writer");
    this.#waiting.delete(writer);
  }
}
