// Token files: what is in them, who may read them, and that a server follows them while it runs.
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readTokenFile, updateTokenFile } from "./token-file.js";
import { TokenSet } from "./token-set.js";
import { idOf, makeToken, matches, type NewToken } from "./token.js";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wardian-tokens-"));
  path = join(folder, "tokens.json");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const wanted = (name: string) => ({ name, scope: "operate", namespace: "team", quotas: { instances: 2 } }) as const;
function add(name: string, expiresAt?: string): NewToken {
  const made = makeToken({ ...wanted(name), ...(expiresAt === undefined ? {} : { expiresAt }) });
  updateTokenFile(path, (tokens) => [...tokens, made.record]);
  return made;
}
/** Lets a second pass, so that a set looks at its file again. */
function pass(ms = 1001): void {
  const nowMs = performance.now() + ms;
  vi.spyOn(performance, "now").mockReturnValue(nowMs);
}

describe("a token", () => {
  test("is long, random, and not in the file", () => {
    const { token, record } = add("a");
    expect(token).toMatch(/^wdn_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    expect(idOf(token)).toBe(record.id);
    expect(readFileSync(path, "utf8")).not.toContain(token.split("_").slice(2).join("_"));
    expect(makeToken(wanted("a")).token).not.toBe(token);
  });

  test("matches its own hash only", () => {
    const { token, record } = makeToken(wanted("a"));
    const hash = Buffer.from(record.hash, "hex");
    expect(matches(token, hash)).toBe(true);
    for (const other of ["", token.slice(0, -1), `${token} `, token.toUpperCase()]) expect(matches(other, hash), other).toBe(false);
    expect(matches(token, undefined)).toBe(false);
    expect(idOf(`wdn_../../etc_${"a".repeat(43)}`)).toBeUndefined();
  });
});

describe("a token file", () => {
  test("is for its owner's eyes, and replaced as a whole", () => {
    add("a");
    const { ino } = statSync(path);
    add("b");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).ino).not.toBe(ino);
    expect(readTokenFile(path).map(({ name }) => name)).toEqual(["a", "b"]);
    expect(readdirSync(folder).sort()).toEqual(["tokens.json", "tokens.json.lock"]);
    for (const mode of [0o640, 0o604, 0o660, 0o622]) {
      chmodSync(path, mode);
      expect(() => readTokenFile(path), mode.toString(8)).toThrow(expect.objectContaining({ code: "token-file-exposed" }));
      expect(() => add("c")).toThrow(expect.objectContaining({ code: "token-file-exposed" }));
    }
  });

  test("that is none is refused", () => {
    const { record } = makeToken(wanted("a"));
    const valid = { version: 1, tokens: [record] };
    const bad = [
      "", "{", "null", "[]", "{}", JSON.stringify({ ...valid, version: 2 }), JSON.stringify({ ...valid, more: 1 }), JSON.stringify({ version: 1, tokens: [record, record] }),
      ...[{ scope: "root" }, { namespace: "*" }, { namespace: "a/b" }, { hash: "" }, { name: "" }, { quotas: { instances: -1 } }, { expiresAt: "soon" }].map((wrong) => JSON.stringify({ version: 1, tokens: [{ ...record, ...wrong }] })),
    ]; // prettier-ignore
    for (const text of bad) {
      writeFileSync(path, text, { mode: 0o600 });
      expect(() => readTokenFile(path), text).toThrow(expect.objectContaining({ code: "token-file-invalid" }));
    }
    expect(() => readTokenFile(folder)).toThrow(expect.objectContaining({ code: "token-file-invalid" }));
    expect(() => readTokenFile(join(folder, "none"))).toThrow(expect.objectContaining({ code: "token-file-missing" }));
    expect(() => updateTokenFile(join(folder, "no/such/tokens"), () => [])).toThrow(expect.objectContaining({ code: "token-file-locked" }));
  });

  test("loses nothing when several write at once", async () => {
    const module = new URL("../../../dist/src/api/security/", import.meta.url).pathname;
    if (!existsSync(`${module}token-file.js`)) throw new Error("build first: npm run build:ts");
    const script = `
      import { updateTokenFile } from ${JSON.stringify(`${module}token-file.js`)};
      import { makeToken } from ${JSON.stringify(`${module}token.js`)};
      const [path, name] = process.argv.slice(1);
      for (let n = 0; n < 10; n++) {
        const { record } = makeToken({ name: name + n, scope: "read", namespace: "a", quotas: {} });
        updateTokenFile(path, (tokens) => [...tokens, record]);
      }`;
    const run = promisify(execFile);
    await Promise.all(["a", "b", "c"].map((name) => run(process.execPath, ["--input-type=module", "-e", script, path, name])));
    expect(readTokenFile(path)).toHaveLength(30);
  });
});

describe("a set of tokens", () => {
  test("gives callers", () => {
    const { token } = add("a");
    const set = new TokenSet(path);
    expect(set.authenticate(token)?.caller).toEqual({ ...wanted("a"), hostPaths: false });
    const other = makeToken(wanted("a")).token;
    for (const wrong of [undefined, "", "x", other, `${token.slice(0, 20)}${other.slice(20)}`])
      expect(set.authenticate(wrong)).toBeUndefined();
  });

  test("follows its file: new ones, revoked ones, changed ones", () => {
    const a = add("a");
    const set = new TokenSet(path);
    const before = set.authenticate(a.token);
    const b = add("b");
    expect(set.authenticate(b.token), "not yet").toBeUndefined();
    pass();
    expect(set.authenticate(b.token)).toBeDefined();
    expect(set.authenticate(a.token), "what did not change stays what it was").toBe(before);
    updateTokenFile(path, (tokens) => tokens.map((token) => (token.name === "a" ? { ...token, scope: "read" } : token)));
    pass();
    expect(set.authenticate(a.token)?.caller.scope).toBe("read");
    expect(before?.isValid(), "what is open under the old scope").toBe(false);
    updateTokenFile(path, (tokens) => tokens.filter(({ name }) => name !== "a"));
    pass();
    expect(set.authenticate(a.token)).toBeUndefined();
    expect(set.size).toBe(1);
  });

  test("runs out", () => {
    const { token } = add("a", new Date(5000).toISOString());
    let nowMs = 4999;
    const set = new TokenSet(path, { now: () => nowMs });
    const principal = set.authenticate(token);
    expect(principal?.isValid()).toBe(true);
    nowMs = 5000;
    expect(set.authenticate(token)).toBeUndefined();
    expect(principal?.isValid()).toBe(false);
  });

  test("stays as it was while the file is half written, gone or exposed, and says so once", () => {
    const { token } = add("a");
    const notes: string[] = [];
    const set = new TokenSet(path, { onNote: (text) => notes.push(text) });
    const whole = readFileSync(path);
    const damages = [
      () => writeFileSync(path, whole.subarray(0, 100)),
      () => writeFileSync(path, ""),
      () => chmodSync(path, 0o644),
      () => renameSync(path, `${path}.old`),
    ];
    for (const [n, damage] of damages.entries()) {
      damage();
      for (let again = 0; again < 3; again += 1) {
        pass();
        expect(set.authenticate(token)).toBeDefined();
      }
      expect(notes).toHaveLength(n + 1);
      expect(notes.at(-1)).toMatch(/stay as they are$/);
    }
    writeFileSync(path, whole, { mode: 0o600 });
    pass();
    expect(set.authenticate(token)).toBeDefined();
    expect(notes.at(-1)).toMatch(/has changed: 1 tokens/);
  });
});
