// A process of our own program that owns a state folder in the background, until it has had nothing to do for a while. May depend on
// errors, store/.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WardianError } from "../errors.js";
import type { StateFolder } from "../store/state-folder.js";

const IDLE_TIME = "60s";
/** The log of owners begins anew when it is longer. */
const LOG_LIMIT_BYTES = 1 << 20;
const LAST_LINE_BYTES = 4096;

export class OwnerProcess {
  readonly #child: ChildProcess;
  readonly #logPath: string;
  /** Where what this one says begins. */
  readonly #logStart: number;
  #hasEnded = false;

  private constructor(child: ChildProcess, logPath: string, logStart: number) {
    this.#child = child;
    this.#logPath = logPath;
    this.#logStart = logStart;
    for (const event of ["exit", "error"])
      child.on(event, () => {
        this.#hasEnded = true;
      });
  }

  /** Its output goes to owner.log in the folder. */
  static start(folder: StateFolder, command: readonly string[] = ownProgram()): OwnerProcess {
    const logPath = join(folder.path, "owner.log");
    const log = openSync(logPath, "a", 0o600);
    try {
      if (fstatSync(log).size > LOG_LIMIT_BYTES) ftruncateSync(log);
      const [program = "", ...before] = command;
      const serve = ["serve", "--state", folder.path, "--listen", `unix:${folder.socket}`, "--exit-when-idle", IDLE_TIME];
      const { WARDIAN_TOKEN: _token, WARDIAN_HOST: _host, ...env } = process.env;
      const logStart = fstatSync(log).size;
      // In a session of its own: what ends our terminal, or our group, does not end it.
      const child = spawn(program, [...before, ...serve], { detached: true, stdio: ["ignore", log, log], cwd: folder.path, env });
      return new OwnerProcess(child, logPath, logStart);
    } finally {
      closeSync(log);
    }
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  end(): void {
    if (!this.#hasEnded) this.#child.kill("SIGTERM");
  }

  /** It goes on without us. */
  leave(): void {
    this.#child.unref();
  }

  /** Why there is no answer, as far as it said. */
  failure(): WardianError {
    const said = this.#lastLine().replace(/^wardian: /, "");
    const what = this.#hasEnded ? "ended at once" : "does not answer";
    const why = said === "" ? `look into ${this.#logPath}` : said;
    return new WardianError("no-owner", `the process in the background that runs instances ${what}: ${why}`);
  }

  #lastLine(): string {
    try {
      const log = openSync(this.#logPath, "r");
      try {
        const end = fstatSync(log).size;
        const start = Math.max(this.#logStart, end - LAST_LINE_BYTES);
        const bytes = Buffer.alloc(Math.max(0, end - start));
        const length = readSync(log, bytes, 0, bytes.length, start);
        return bytes.toString("utf8", 0, length).trim().split("\n").at(-1) ?? "";
      } finally {
        closeSync(log);
      }
    } catch {
      return "";
    }
  }
}

/** The built program, found from dist/bundle/, dist/src/ and src/. */
function ownProgram(): readonly string[] {
  const paths = ["./main.js", "../../bundle/main.js", "../../dist/bundle/main.js"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const main = paths.find((path) => existsSync(path));
  if (main === undefined) throw new WardianError("not-built", "the compiled command line is missing: run `npm run build`");
  return [process.execPath, main];
}
