// `npm run demo`: what a newcomer should see, each line checked as it goes. May depend on
// config, engine/ and the files beside it.
import { createHash, randomBytes } from "node:crypto";
import { EXIT_STATUS } from "../config.js";
import { bootGuest } from "../engine/boot.js";
import { Engine } from "../engine/engine.js";
import type { Guest } from "../engine/guest.js";
import { WardianError } from "../errors.js";
import { DEFAULT_IMAGE } from "../instance/guest-files.js";
import { formatSize } from "../machine/size.js";
import { onSignals, statusOfSignal } from "./interruption.js";
import { describeError, sayError } from "./message.js";
import { ProgressReport } from "./progress.js";

const PIPELINE_BYTES = 1 << 18;

function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** Shows a command as it would be typed, and what it says. */
async function show(guest: Guest, args: readonly string[], expectedStatus = 0): Promise<string> {
  const sinceMs = performance.now();
  const typed = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : arg.includes("'") ? `"${arg}"` : `'${arg}'`)).join(" ");
  const { stdout, stderr, status } = await guest.run(args);
  say(`\n$ wardian run ${DEFAULT_IMAGE} ${typed}`);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  say(`(status ${status}, ${seconds(sinceMs)})`);
  if (status !== expectedStatus)
    throw new WardianError("demo", `this command should have ended with status ${expectedStatus}, not ${status}`);
  return stdout.toString();
}

/** Random bytes through a pipeline in the guest: what comes back must be what a sum made here says. */
async function showBinarySafety(guest: Guest): Promise<void> {
  const sinceMs = performance.now();
  const bytes = randomBytes(PIPELINE_BYTES);
  const expected = createHash("sha256").update(bytes).digest("hex");
  const { stdout, stderr } = await guest.run(["sh", "-c", "tee /tmp/copy | gzip | gunzip; sha256sum < /tmp/copy >&2"], { stdin: bytes });
  const inGuest = stderr.toString().slice(0, expected.length);
  if (!stdout.equals(bytes) || inGuest !== expected) throw new WardianError("demo", "the bytes that came back are not those that went in");
  say(`\n$ head -c ${PIPELINE_BYTES} /dev/urandom | wardian run -i ${DEFAULT_IMAGE} sh -c 'tee /tmp/copy | gzip | gunzip'`);
  say(`${formatSize(PIPELINE_BYTES)} of random bytes in, the same bytes out; SHA-256 in the guest: ${inGuest.slice(0, 16)}...`);
  say(`(${seconds(sinceMs)})`);
}

async function showAll(guest: Guest): Promise<void> {
  const kernel = await show(guest, ["uname", "-a"]);
  if (!kernel.includes("riscv64")) throw new WardianError("demo", "the guest does not say that it is riscv64");
  await show(guest, ["cat", "/proc/cpuinfo"]);
  await show(guest, ["sh", "-c", "seq 1 5 | sort -r | tr '\\n' ' '; echo"]);
  await showBinarySafety(guest);
  await show(guest, ["sh", "-c", "exit 7"], 7);
}

async function demo(signal: AbortSignal): Promise<void> {
  const sinceMs = performance.now();
  say("Wardian: a RISC-V computer in WebAssembly, running Debian's own kernel. No root, no KVM, nothing installed.");
  const progress = new ProgressReport();
  const { onProgress, onNote } = progress;
  say("Fetching the default guest (once; later runs need no network) and booting it...");
  await using engine = await Engine.open({ state: false });
  const guest = await bootGuest(engine, { fetch: { onProgress, onNote, signal }, signal }).finally(() => progress.done());
  const { counters } = await guest.metrics();
  say(
    `\nUp in ${seconds(sinceMs)}: ${counters["instructions"]?.toLocaleString("en")} instructions, ${formatSize(counters["memory_resident_bytes"] ?? 0)} of the guest's 256 MiB in use.`,
  );
  await showAll(guest);
  say(`\nAll of it as expected, in ${seconds(sinceMs)}.`);
  say("\nNext:");
  say("  npx wardian run -it busybox                      a shell in a guest of its own (exit ends it)");
  say("  npx wardian run -i busybox wc -c < package.json  your data through a guest's command");
  say("  npx wardian serve                                instances over HTTP, with a dashboard: http://127.0.0.1:7070");
  say("  npx wardian run --help                           all options; wardian boot --help for the bare machine");
  say('  import { Wardian } from "wardian"                the same as a library');
}

async function main(): Promise<number> {
  const abort = new AbortController();
  let interrupted: number | undefined;
  using _signals = onSignals((signal) => {
    // A second time, nothing is waited for.
    if (interrupted !== undefined) process.exit(interrupted);
    interrupted = statusOfSignal(signal);
    abort.abort();
  });
  try {
    await demo(abort.signal);
    return 0;
  } catch (error) {
    if (interrupted !== undefined) return interrupted;
    sayError(describeError(error));
    return EXIT_STATUS.error;
  }
}

process.stdout.on("error", () => process.exit(statusOfSignal("SIGPIPE")));
process.exitCode = await main();
