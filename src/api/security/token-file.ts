// The token file: one JSON document that only its owner can read. It is replaced as a whole, so that no reader meets a half of it,
// and writers take turns by a lock that the kernel drops when they die. May depend on errors, store/, zod and token.ts.
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { WardianError } from "../../errors.js";
import { Database } from "../../store/database.js";
import { type TokenRecord, tokenRecordSchema } from "./token.js";

const SIZE_LIMIT_BYTES = 4 << 20;
const LOCK_WAIT_MS = 5_000;

const unique = (values: readonly string[]): boolean => new Set(values).size === values.length;
const fileSchema = z.strictObject({
  version: z.literal(1),
  tokens: z
    .array(tokenRecordSchema)
    .refine((tokens) => unique(tokens.map(({ id }) => id)), "an id stands twice")
    .refine((tokens) => unique(tokens.map(({ name }) => name)), "a name stands twice"),
});

/** Throws `token-file-missing`, `token-file-exposed` or `token-file-invalid`. */
export function readTokenFile(path: string): TokenRecord[] {
  const fd = open(path);
  try {
    assertPrivate(path, fd);
    return parse(path, readFileSync(fd, "utf8"));
  } catch (error) {
    throw error instanceof WardianError ? error : unreadable(path, error);
  } finally {
    closeSync(fd);
  }
}

/** Changes what is in the file, which is made where it is missing. */
export function updateTokenFile(path: string, change: (tokens: readonly TokenRecord[]) => readonly TokenRecord[]): void {
  // The lock file stays: to remove it would be to lock another one than the next writer does.
  const lock = lockFile(`${path}.lock`);
  try {
    replace(path, change(readIfThere(path)));
  } finally {
    lock.close();
  }
}

function readIfThere(path: string): readonly TokenRecord[] {
  try {
    return readTokenFile(path);
  } catch (error) {
    if (error instanceof WardianError && error.code === "token-file-missing") return [];
    throw error;
  }
}

function open(path: string): number {
  try {
    // Without NONBLOCK a FIFO of that name would keep us for ever.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new WardianError("token-file-missing", `there is no token file ${path}: make one with wardian token create --file ${path}`);
    throw unreadable(path, error);
  }
}

function assertPrivate(path: string, fd: number): void {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new WardianError("token-file-invalid", `the token file ${path} is not a regular file`);
  if (stat.size > SIZE_LIMIT_BYTES) throw new WardianError("token-file-invalid", `the token file ${path} is too large`);
  const uid = process.getuid?.();
  if ((stat.mode & 0o077) !== 0 || (uid !== undefined && stat.uid !== uid && stat.uid !== 0))
    throw new WardianError("token-file-exposed", `others than its owner may read or write the token file ${path}: chmod 600 it`);
}

function parse(path: string, text: string): TokenRecord[] {
  const parsed = fileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.tokens;
  const [issue] = parsed.error.issues;
  throw new WardianError("token-file-invalid", `the token file ${path} is not valid (${issue?.path.join(".")}: ${issue?.message})`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function unreadable(path: string, error: unknown): WardianError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new WardianError("token-file-invalid", `the token file ${path} cannot be read (${code ?? message})`, { cause: error });
}

function lockFile(path: string): Database {
  let lock: Database | undefined;
  try {
    lock = new Database(path, LOCK_WAIT_MS);
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock?.close();
    throw new WardianError(
      "token-file-locked",
      `${path} cannot be locked: is its folder there and writable, and does no other process hold it?`,
      { cause },
    );
  }
}

function replace(path: string, tokens: readonly TokenRecord[]): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeSync(fd, `${JSON.stringify({ version: 1, tokens }, null, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new WardianError("token-file-failed", `the token file ${path} cannot be written (${code ?? message})`, { cause: error });
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
