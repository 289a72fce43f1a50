// What a client of a server that is killed knows to be true: for each instance it has asked for, what was acknowledged, and what was under way
// when the answer failed to come. Depends on nothing of the program.

/** What the program prints each time it runs, and its status; none for one that never ends. */
export const PROGRAMS = {
  hello: { prints: "hello\n", status: 0 },
  "end-7": { prints: "", status: 7 },
  ready: { prints: "ready\n", status: undefined },
} as const;
export type Program = keyof typeof PROGRAMS;
export const FILE_PATH = "/root/soak";

export interface Instance {
  /** Its label, and its idempotency key: what the client gave it, so that it is known before an id is. */
  readonly mark: string;
  readonly body: { readonly kernel?: Program; readonly image?: string } & Readonly<Record<string, unknown>>;
  /** Undefined while its creation is not acknowledged. */
  id: string | undefined;
  /** One, or two while a renaming is under way. */
  names: string[];
  renamed: number;
  /** Starts that were asked for, and those that were acknowledged. */
  asked: number;
  started: number;
  /** What was read of its log after it had printed it. */
  text: string;
  /** As acknowledged by `wait`, until it is started again. */
  end: { readonly reason: string; readonly status: number } | undefined;
  /** What the file may contain: undefined is no file. One, or two while a writing is under way. */
  files: (Buffer | undefined)[];
  removal: "none" | "asked" | "done";
}

export interface StoredEvent {
  readonly id: number;
  readonly type: string;
  readonly instance: string;
}

export class Model {
  readonly instances = new Set<Instance>();
  /** Of those that are gone: what is still checked of them is in the events. */
  readonly gone: Instance[] = [];
  /** All that were read back, oldest first. */
  readonly events: StoredEvent[] = [];
  /** Told by the stream since they were last compared. */
  readonly told = new Map<number, StoredEvent>();
  /** Acknowledged actions, as ACTION ID, that the audit log must have. */
  readonly audit: string[] = [];
  lastAuditId = 0;
  acknowledged = 0;
  underWay = 0;
  #marks = 0;

  add(prefix: string, program: Program | "image"): Instance {
    const mark = `${prefix}-${++this.#marks}`;
    const source = program === "image" ? { image: "busybox" } : { kernel: program, limits: { memory: "16M" } };
    const instance: Instance = {
      mark,
      body: { ...source, name: mark, labels: { mark } },
      id: undefined,
      names: [mark],
      renamed: 0,
      asked: 0,
      started: 0,
      text: "",
      end: undefined,
      files: [undefined],
      removal: "none",
    };
    this.instances.add(instance);
    return instance;
  }

  remove(instance: Instance): void {
    instance.removal = "done";
    this.instances.delete(instance);
    this.gone.push(instance);
  }
}

/** Something that was acknowledged is not so, or something is there that nobody asked for. */
export class Violation extends Error {}

export function must(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Violation(text);
}
