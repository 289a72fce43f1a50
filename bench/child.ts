// A process that runs one guest and nothing else, so that its time and memory are the guest's own. Started by fork() with one
// argument, a JSON Task; tells its parent by messages. Loads our code only when a task needs it: what Node itself takes is
// measured here too. Depends on the library.
import type { EngineName } from "../src/machine/engine-name.js";

export interface BootTask {
  readonly kind: "boot";
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
  readonly memory: string;
  readonly engine?: EngineName | undefined;
}

export type Task =
  /** Boots a kernel; its console goes to the parent. */
  | BootTask
  /** Brings the guest up to where it takes commands, and leaves it idle. */
  | { readonly kind: "guest"; readonly kernel: string; readonly image: string; readonly memory: string; readonly engine: EngineName }
  /** Nothing: what Node itself takes. */
  | { readonly kind: "nothing" };

export type ChildMessage =
  /** What the console said, and the machine's counters just then. */
  | { readonly kind: "console"; readonly text: string; readonly counters: Readonly<Record<string, number>> }
  | { readonly kind: "up" }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly message: string };

function tell(message: ChildMessage): void {
  process.send?.(message);
}

async function boot({ kind: _kind, ...options }: BootTask): Promise<void> {
  const { Wardian } = await import("wardian");
  const machine = await Wardian.machine(options);
  for await (const bytes of machine.output) {
    const { counters } = await machine.metrics();
    tell({ kind: "console", text: (bytes as Buffer).toString("latin1"), counters });
  }
  const { reason, message } = await machine.exit;
  if (reason === "exited") tell({ kind: "end" });
  else tell({ kind: "failed", message });
}

async function main(task: Task): Promise<void> {
  if (task.kind === "boot") return boot(task);
  if (task.kind === "guest") {
    const { Wardian } = await import("wardian");
    const { kernel, image, memory, engine } = task;
    await Wardian.boot({ kernel, image, memory, engine });
  }
  tell({ kind: "up" });
}

process.on("disconnect", () => process.exit(0));
main(JSON.parse(process.argv[2] ?? "{}") as Task).catch((error: unknown) => {
  tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
});
