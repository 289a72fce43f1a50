// The layer on disk: changes whole or not at all, what is cut off at any point, limits, tidying up.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { S_IFREG } from "../image/archive/cpio.js";
import type { ContentRef, LayerEntry } from "./layer-index.js";
import { RootLayer } from "./root-layer.js";

const LIMIT = 2 ** 30;
let folder: string;
let layer: RootLayer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "wardian-layer-"));
  layer = await RootLayer.open(join(folder, "layer"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = (content?: ContentRef): LayerEntry => ({
  mode: S_IFREG | 0o644,
  uid: 1,
  gid: 2,
  mtimeSeconds: 3,
  rdevMajor: 0,
  rdevMinor: 0,
  content,
});
async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function write(to: RootLayer, path: string, text: string | Uint8Array, limitBytes = LIMIT): Promise<void> {
  await to.change(limitBytes, async (stage) => {
    const content = await stage.write(one(Buffer.from(text)));
    await stage.commit((edit) => void edit.entries.set(path, entry(content)));
  });
}

async function content(of: RootLayer, path: string): Promise<string> {
  const ref = of.index.entries.get(path)?.content;
  if (ref === undefined) throw new Error(`no content of ${path}`);
  return (await buffer(await of.read(ref))).toString();
}

/** The same layer as another process would find it after a kill. */
let copies = 0;
async function reopen(): Promise<RootLayer> {
  const to = join(folder, `copy${++copies}`);
  cpSync(join(folder, "layer"), to, { recursive: true });
  return await RootLayer.open(to);
}

describe("a root layer", () => {
  it("is nothing until it is written to, and then on disk", async () => {
    expect(layer.isEmpty).toBe(true);
    expect(existsSync(join(folder, "layer"))).toBe(false);
    await write(layer, "a", "one");
    await write(layer, "b", "");
    const again = await reopen();
    expect([...again.index.entries.keys()]).toEqual(["a", "b"]);
    expect(await content(again, "a")).toBe("one");
    expect(await content(again, "b")).toBe("");
    expect(await RootLayer.open(join(folder, "layer"))).toBe(layer);
  });

  it("stays as it was when a change fails, wherever that is", async () => {
    await write(layer, "a", "one");
    const files = readdirSync(join(folder, "layer"));
    const fails: ((to: RootLayer) => Promise<void>)[] = [
      async (to) => await write(to, "a", "too long", 4),
      async (to) => await to.change(400, async (stage) => await stage.commit((edit) => void edit.entries.set("x".repeat(300), entry()))),
      async (to) =>
        await to.change(LIMIT, async (stage) => {
          await stage.write(one(Buffer.from("lost")));
          throw new Error("the sender has gone");
        }),
      async (to) =>
        await to.change(LIMIT, async (stage) => {
          await stage.write(one(Buffer.from("lost")));
          await stage.commit(() => {
            throw new Error("no place for it");
          });
        }),
    ];
    for (const fail of fails) await expect(fail(layer)).rejects.toThrow();
    await expect(write(layer, "a", "too long", 4)).rejects.toMatchObject({ code: "disk-full" });
    expect(readdirSync(join(folder, "layer"))).toEqual(files);
    expect(await content(layer, "a")).toBe("one");
  });

  it("cut off anywhere, is the old one or the new one", async () => {
    await write(layer, "a", "old");
    const before = await reopen();
    await layer.change(LIMIT, async (stage) => {
      const ref = await stage.write(one(Buffer.from("new")));
      const midway = await reopen(); // the pack is half there
      expect(await content(midway, "a")).toBe("old");
      expect(readdirSync(join(folder, `copy${copies}`)).sort()).toEqual(["layer-1.pack", "layer.json"]);
      await stage.commit(async (edit) => {
        edit.entries.set("a", entry(ref));
        writeFileSync(join(folder, "layer", "layer.json.new"), '{"half'); // the new index is half there
        expect(await content(await reopen(), "a")).toBe("old");
      });
    });
    expect(await content(await reopen(), "a")).toBe("new");
    expect(await content(before, "a")).toBe("old");
  });

  it("lets a slow sender hold up nobody", async () => {
    let finish = (): void => {};
    const slow = layer.change(LIMIT, async (stage) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      const ref = await stage.write(one(Buffer.from("slow")));
      await stage.commit((edit) => void edit.entries.set("slow", entry(ref)));
    });
    await Promise.all([write(layer, "a", "1"), write(layer, "b", "2"), write(layer, "c", "3")]);
    finish();
    await slow;
    expect([...layer.index.entries.keys()].sort()).toEqual(["a", "b", "c", "slow"]);
    for (const [path, text] of [["a", "1"], ["c", "3"], ["slow", "slow"]] as const) expect(await content(await reopen(), path)).toBe(text); // prettier-ignore
  });

  it("keeps its packs few and without much waste, and what somebody reads readable", async () => {
    for (let n = 0; n < 50; n++) await write(layer, `f${n}`, `text ${n}`);
    expect(readdirSync(join(folder, "layer")).length).toBeLessThan(40);
    const view = await layer.view();
    const early = layer.index.entries.get("f7")?.content as ContentRef;
    for (let n = 0; n < 5; n++) await write(layer, "big", Buffer.alloc(2 ** 21, n));
    expect(Buffer.from(await view.whole(early)).toString()).toBe("text 7");
    await view.close();
    const packs = readdirSync(join(folder, "layer")).filter((name) => name.endsWith(".pack"));
    const bytes = packs.reduce((sum, name) => sum + readFileSync(join(folder, "layer", name)).length, 0);
    expect(bytes).toBeLessThan(6 * 2 ** 20);
    expect(await content(await reopen(), "f7")).toBe("text 7");
    await layer.change(LIMIT, async (stage) => await stage.commit((edit) => edit.entries.clear()));
    expect(readdirSync(join(folder, "layer"))).toEqual(["layer.json"]);
  });

  it("that somebody has damaged is told as such", async () => {
    await write(layer, "a", "one");
    for (const text of [
      "",
      "{",
      '{"format":2,"entries":[],"removed":[]}',
      '{"format":1,"entries":[["a",1]],"removed":[]}',
      '{"format":1,"entries":[],"removed":[7]}',
    ]) {
      const to = join(folder, `bad${++copies}`);
      cpSync(join(folder, "layer"), to, { recursive: true });
      writeFileSync(join(to, "layer.json"), text);
      await expect(RootLayer.open(to)).rejects.toMatchObject({ code: "layer-corrupt" });
    }
    rmSync(join(folder, "layer", "layer-1.pack"));
    await expect(content(layer, "a")).rejects.toMatchObject({ code: "layer-corrupt" });
    await expect(layer.view()).rejects.toMatchObject({ code: "layer-corrupt" });
  });
});
