// `start -a` with an engine that never lets anybody attach in time: the run was over before.
import { afterEach, expect, test, vi } from "vitest";
import type { Action, Door } from "../engine/action.js";
import { WardianError } from "../errors.js";
import { instanceSchema, type InstanceRecord, type LogEntry, type LogQuery, type LogStream } from "../instance/record.js";
import { startAttached } from "./start.js";

const LAST_END = "2026-11-23T10:00:00.000Z";
const VM = { kind: "vm", kernel: "hello" } as const;
const CONTAINER = { kind: "container", image: "hello.wasm" } as const;

afterEach(() => void vi.restoreAllMocks());

/** Runs in an instant: says `said`, and ends with status 7. */
class Instantaneous {
  readonly asked: LogQuery[] = [];
  readonly record: InstanceRecord;

  constructor(
    spec: Record<string, unknown>,
    private readonly said: readonly (readonly [stream: LogStream, text: string])[],
  ) {
    const times = { createdAt: LAST_END, end: { at: LAST_END, reason: "exited", status: 7, message: "it ended with status 7" } };
    const rest = { namespace: "default", name: "one", state: "exited", spec, restarts: 0, wanted: "running", ...times };
    this.record = instanceSchema.parse({ id: "0123456789ab", ...rest });
  }

  readonly door = { apply: (action: Action): Promise<unknown> => this.#apply(action) } as unknown as Door;

  async #apply(action: Action): Promise<unknown> {
    if (action.kind === "attach") throw new WardianError("not-running", "one is not running");
    if (action.kind === "logs") return this.#entries(action.query ?? {});
    return this.record;
  }

  async *#entries(query: LogQuery): AsyncGenerator<LogEntry> {
    this.asked.push(query);
    for (const [stream, text] of this.said)
      if (query.streams?.includes(stream) !== false) yield { at: LAST_END, stream, bytes: Buffer.from(text) };
  }
}

/** The status, and what our stdout and stderr got. */
async function startOver({ door, record }: Instantaneous, json?: true): Promise<{ status: number; stdout: string; stderr: string }> {
  const out = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    vi.spyOn(process[stream], "write").mockImplementation(((data: string | Uint8Array, done?: () => void) => {
      out[stream] += Buffer.from(data as Uint8Array).toString();
      done?.();
      return true;
    }) as typeof process.stdout.write);
  const status = await startAttached(door, record.name, "none", json);
  return { status, ...out };
}

test("a console's words are on stdout, under that name, as where somebody was attached", async () => {
  const vm = new Instantaneous(VM, [["console", "hello\n"]]);
  expect(await startOver(vm)).toEqual({ status: 7, stdout: "hello\n", stderr: "" });
  const lines = [{ stream: "stdout", data: "hello\n", encoding: "utf8" }, { exit: { status: 7, signal: null } }];
  const stdout = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  expect(await startOver(vm, true)).toEqual({ status: 7, stdout, stderr: "" });
  expect(vm.asked.map(({ sinceMs }) => sinceMs)).toEqual(Array(2).fill(Date.parse(LAST_END) + 1));
});

test("of a main program, its streams each on ours, and nothing its kernel said", async () => {
  const said = [["stderr", "oh\n"], ["stdout", "hello\n"]] as const; // prettier-ignore
  expect(await startOver(new Instantaneous(CONTAINER, said))).toEqual({ status: 7, stdout: "hello\n", stderr: "oh\n" });
  const guest = new Instantaneous({ kind: "vm", image: "debian", command: ["true"] }, [["console", "booting\n"], ...said]);
  expect(await startOver(guest)).toEqual({ status: 7, stdout: "hello\n", stderr: "oh\n" });
});
