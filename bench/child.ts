// A process that runs one guest and nothing else, so that its time and memory are the guest's own. Started by fork() with one
// argument, a JSON Task; tells its parent by messages. Loads our code only when a task needs it: what Node itself takes is
// measured here too. Depends on the library.
export type Task =
  /** Boots a kernel; its console goes to the parent. */
  | { readonly kind: "boot"; readonly kernel: string; readonly initrd: string; readonly append: string; readonly memory: string }
  /** Brings the guest up to where it takes commands, and leaves it idle. */
  | { readonly kind: "guest"; readonly kernel: string; readonly image: string; readonly memory: string }
  /** Nothing: what Node itself takes. */
  | { readonly kind: "nothing" };

export type ChildMessage =
  | { readonly kind: "console"; readonly text: string }
  | { readonly kind: "up" }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly message: string };

function tell(message: ChildMessage): void {
  process.send?.(message);
}

async function boot(task: Task & { kind: "boot" }): Promise<void> {
  const { Wardian } = await import("../src/index.js");
  const { kernel, initrd, append, memory } = task;
  const machine = await Wardian.machine({ kernel, initrd, append, memory });
  machine.output.on("data", (bytes: Buffer) => tell({ kind: "console", text: bytes.toString("latin1") }));
  const { reason, message } = await machine.exit;
  if (reason === "exited") tell({ kind: "end" });
  else tell({ kind: "failed", message });
}

async function main(task: Task): Promise<void> {
  if (task.kind === "boot") return boot(task);
  if (task.kind === "guest") {
    const { Wardian } = await import("../src/index.js");
    await Wardian.boot({ kernel: task.kernel, image: task.image, memory: task.memory });
  }
  tell({ kind: "up" });
}

process.on("disconnect", () => process.exit(0));
main(JSON.parse(process.argv[2] ?? "{}") as Task).catch((error: unknown) => {
  tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
});
