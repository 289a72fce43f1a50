// Archives in pieces: what is written is read, wherever the pieces are cut; what is damaged is refused.
import { expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { readCpio, S_IFDIR, S_IFLNK, S_IFREG } from "./cpio.js";
import { cpioHeader, cpioPadding, CpioReader, cpioTrailer, cpioWhole } from "./cpio-stream.js";
import { mutate, randomFrom } from "./samples.js";

const owner = { uid: 1, gid: 2, mtimeSeconds: 3 };
const data = Buffer.from("hello");
const ARCHIVE = Buffer.concat([
  cpioHeader({ name: "d", mode: S_IFDIR | 0o755, ...owner }, 0),
  cpioHeader({ name: "d/ä", mode: S_IFREG | 0o600, ...owner }, data.length),
  data,
  cpioPadding(data.length),
  cpioWhole({ name: "l", mode: S_IFLNK | 0o777, ...owner }, Buffer.from("d/ä")),
  cpioTrailer(),
]);

async function read(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<string[]> {
  const reader = new CpioReader(source);
  const found: string[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    let content = "";
    for await (const piece of reader.content()) content += Buffer.from(piece).toString();
    found.push(`${entry.name}:${entry.mode.toString(8)}:${entry.target ?? content}`);
  }
  await reader.close();
  return found;
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

it.each([1, 3, 110, 10_000])("reads what was written, in pieces of %i", async (size) => {
  expect(await read(pieces(ARCHIVE, size))).toEqual(["d:40755:", "d/ä:100600:hello", "l:120777:d/ä"]);
  expect(readCpio(ARCHIVE).map(({ name }) => name)).toEqual(["d", "d/ä", "l"]);
});

it("tells sizes beyond 4 GiB, and entries without content", async () => {
  const large = cpioHeader({ name: "f", mode: S_IFREG, ...owner }, 2 ** 33 + 5);
  const first = await new CpioReader(Buffer.concat([large, cpioTrailer()])).next();
  expect(first).toMatchObject({ sizeBytes: 2 ** 33 + 5, isHeaderOnly: false });
  large.write("070703", 0);
  const reader = new CpioReader(Buffer.concat([large, cpioTrailer()]));
  expect(await reader.next()).toMatchObject({ sizeBytes: 2 ** 33 + 5, isHeaderOnly: true });
  expect(await reader.next()).toBeUndefined();
});

it("refuses what is cut short or is no archive", async () => {
  for (const end of [0, 5, 111, 130, ARCHIVE.length - 4])
    await expect(read(ARCHIVE.subarray(0, end))).rejects.toMatchObject({ code: "archive-truncated" });
  await expect(read(Buffer.alloc(500, "x"))).rejects.toMatchObject({ code: "archive-corrupt" });
  expect(() => cpioHeader({ name: "x", mode: 0, uid: 2 ** 32, gid: 0, mtimeSeconds: 0 }, 0)).toThrow(WardianError);
});

it("lets out nothing but WardianError for mutated input", async () => {
  const random = randomFrom(3);
  for (let n = 0; n < 2000; n++) {
    const outcome = await read(mutate(ARCHIVE, random)).catch((error: unknown) => error);
    expect(Array.isArray(outcome) || outcome instanceof WardianError).toBe(true);
  }
});
