// Compression: detection, each format's way back, limits, damage. Packed by the tools themselves: xz 5.4 and zstd 1.5.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { WardianError } from "../../errors.js";
import { type Compression, decompress, decompressStream, detect } from "./compression.js";
import { mutate, randomFrom, storeXz, storeZstd, zstdBomb } from "./samples.js";
import { ByteReader, concat } from "./source.js";
import { decodeHere, frameParts } from "./zstd.js";

// seq 1 2000, packed.
const SEQ = Buffer.from(Array.from({ length: 2000 }, (_, i) => `${i + 1}\n`).join(""));
const XZ_SEQ = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4CK8A3RdABiCgo8iTvimVffwmaUlDZBFkVpRtJvKrNwFMuyFUp+xSG3v3OhLuWG64JxTf5jIqVQO/D0q0wbXZkQ9VmSmzT3Xxx9E9BjfAgs/4sbGe+Hnf3lEHHm3Qq5luBu1DoThmoIGIzlaf3KqQ/qlmh+SwL5FcXlK1ZPGkAo5rZxlhyq2GjjH4ZMXytA+CeqwUvAQYCbAXl8QkQ25eXh9l0Jg0KY4d+Ej6LsoT4hSLXVYJj9m/eKc69OvYdk1ev/7YrE8fJMc8mS4TRyFKrFcAAY2AUrrvAVI71xotTxxgZ4sbORnBs+FKnUJGYy8F0QNzTxpxjbEnpzS7js1Ej6TUpedkeFNVjFeyuWWgq9ADIWjSVbIkWpANfkU5FUtUTUkUoSAFyAtXAOMweh6LXV6XITE6Tf+hxp7RcSUAOAYbZ+3J8KP2MwrTYBsqCN9xr0472fUEeIwmOP/QyESPWWjl2Esp+aPkecapktTI2MwWKFwPrGRA2lPijaYbUSsckSgfta3pQb/7Tz3bendovwf7HoMJ2Hw9dvf4Ga/wVD7YFZmMqh4GMbugUKRydSeQJKZKn7jZ88DoyDAw5BAOcjNFqzApW8eU0wP1nlKsIfXVyNIlWUhTomyhYQsvBCx2Xp2Yy2sJlWe+ZRRjYnwoK+xDrTWUe0A1LFDs+t4u0Lxv1d5cA86eyevhEa8nr8BtfuIDHcV8qrG8yzmZvYcYG/TaO+sz2kQGud4IN9of/q8tt/NGN4JAzg/UEB0eqkOolMDo78umZKx/HQqTAHLTIrxNCPGCmzhrx3x/ynf1FMSMI+jwDlVZ7jIafaEjnl+mLe+L4PR+PWBZpcYWduFznN845SI5Ry79yA6rUBD285POdPlWkvrl5Q5WCQLR3T7xAxK6qSLVn3qMdkJ7S1pltw9bHTUmlQ6IxaI10ThvQBmoNViim33tZRt7Xp+7kRqJRZdRRwdykYkR3AWk8swXtYF2WWlxCT2pVG3i2041rLMB2wspU2lhNGc57D2GyL1fCNvPQq3eatTJg+cG3OSSosvaG8672Xe+zGbmRzgEiYxNNTophXpxUqcU/Xkd0e5lpbWxh1zDZj3hj8EObUXWTp8pvclEl+vhaAayDyT/Gqc3dS7mHB7Hnnz+MeWwS7iGtAyQ2IFw9AksXM7HzZx0Q98GDmMblqhQjoAAB+xid3m1/0EAAGQB71FAADix1r1scRn+wIAAAAABFla",
  "base64",
);
const ZSTD_SEQ = Buffer.from(
  "KLUv/WS9IdVaAOqq9SwJsOskSYhwUph1tALXArcCy8gxckfmyDDyiWwil8gk8ogsIofIFZkig8gXsoVcIVPIE7KEHCE3ZIYMIV9lq1yVqfJUlspRuZVZGSofZaNclInyUBbKQbmUSRkoH8gGcoFMIA/IAnKAXJAJMoB8F9vFdTFdPBfLxXFxL+bFcPFZbBaXxWTxWCwWh8W1mBaDxVexVVwVU8VTsVQcFbdiVgwVH8VGcVFMFA/FQnFQXIpJMVB8E9vENTFNPBPLxDFxJ+bEMPFJbBKXxCTxSCwSh8SVmBKDxBexRVwRU8QTsUQcETdiRgwRX2NrXI2p8TSWxtG4jdkYGh9jY1yMifEwFsbBuIzJGBgfxAZxQUwQD8QCcUBciAkxQHzX7Xpdp+tzXa7H9V7ndbh+1s16WSfrY12sh/Vap3WwftWtelWn6lNdqkf1Vmd1qH7UjXpRJ+pDXagH9VIndaB+0216TafpM12mx/RO53SYftJNekkn6SNdpIf0Sqd0kH7RLXpFp+gTXaJH9EZndIh+7dZe7dQ+7dIe7W1nO7Qfu7EXO7EPu7AHe9nJDuwH3aAXdII+0AV6QC90Qgfod9yO13E6PsfleBzvcR6H42fcjJdxMj7GxXgYr3EaB+NX3IpXcSo+xaV4FG9xFofiR9yIF3EiPsSFeBAvcRIH4jfchtdwGj7DZXgM73AOh+En3ISXcBI+wkV4CK9wCgfhF9yCV3AKPsEleARvcAaH4Fdu5VVO5VMu5VHecpZD+ZEbeZET+ZALeZCXnORAfsANeAEn4ANcgAfwAidwAH633XXTPbfccffmDffZZpdN9thih12bNthXW1011VNLHXVr1lAfbXTRRA8tdNClSQN9s8010zyzzDF35gzzySaXTPLIIodcmTLIF1tcMcUTSxxxY8YQX7denfp06dHb2aEfN16c+HDhwcvJgd92Tc9y3BnTbDD7yrayq2wqe8qWsqPsls2yoewj28gusonsIVvIDrJLNskGsm9sG7vGprFnbBk7xu7YHBvGPrFN7BKbxB6xRewQu2JTbBD7wrawK2wKe8KWsCPshs2wIeyrbbWrNtWe2lI7arc2a0Pto220izbRHtpCO2iXNmkD7QPbwC6wCewBW8AOsAs2wQaw72q7uq6mq+dquTqu7tW8Gq4+q83qspqsHqvF6rC6VtNqsPqqtqqraqp6qpaqo+pWzaqh6qPaqC6qieqhWqgOqks1qQaqb2qbuqamqWdqmTqm7tScGqY+qU3qkpqkHqlF6pC6UlNqkPqitqgraop6opaoI+pGzagh6mttras1tZ7W0jpatzVbQ+tjbayLNbEe1sI6WJc1WQPrg9qgLqgJ6oFaoA6oCzWhBqjvaDu6jqaj52g5Oo7u0Twajj6jzegymoweo8XoMLpG02gw+oq2oqtoKnqKlqKj6BbNoqHoI9qILqKJ6CFaiA6iSzSJBqJvaBu6hqahZ2gZOobu0Bwahj6hTegSmoQeoUXoELpCU2gQ+oK2oCtoCnqClqAj6AbNoCHoK22lqzSVntJSOkq3NEtD6SNtpIs0kR7SQjpIlzRJA+kD2oAuoAnoAVqADqALNIEGoO9mu7luppvnZrk5bu7NvBluPpvN5rKZbB6bxeawuTbTZrD5araaq2aqeWqWmqPm1syaoeaj2WgumonmoVloDppLM2kGmm9mm7lmpplnZpk5Zu7MnBlmPplN5pKZZB6ZReaQuTJTZpD5YraYK2aKeWKWmCPmxsyYIebrbJ2rM3WeztI5OrczO0Pn42ycizNxHs7COTiXMzkD54PZYC6YCeaBWWAOmAszYQaY72Q7uU6mk+dkOTlO7sk8GU4+k83kMplMHpPF5DC5JtNkMPlKtpKrZCp5SpaSo+SWzJKh5CPZSC6SieQhWUgOkksySQaSb2QbuUamkWcknKR8pFykPKS8Uk4pBym/KLcoryinKJ8olyiPKG+UM8ohyq/l1vJqObV8Wi4tj5a35Ww5tPxYbiwvlhPLh+XC8mB5WU6WA8sPyg3KC8oJygfKBcoDygvlhHKA8jtyO/I6cjryOXI58jjyHjmPHI78jNyMvIycjHyMXIw8jLxGTiMHI78ityKvIqcinyKXIo8ib5GzyKHIj8iNyIvIiciHyIXIg8hL5CRyIPIbchvyGnIa8hlyGfIY8g45hxyG/ITchLyEnIR8hFyEPIS8Qk4hByG/ILcgryCnIJ8glyCPIG+QM8ghyK/kVvIqOZV8Si4lj5K35Cw5lPxIbiQvkhPJh+RC8iB5SU6SA8kPyA3IC8gJyAfIBcgDyAvkBHIA8jvgdsDrgNMBnwMuBzwOeA84Dzgc8DPgZsDLgJMBHwMuBjwMeA04DTgY8CvgVsCrgFMBnwIuBTwKeAs4CzgU8CPgRsCLgBMBHwIuBDwIeAk4CTgQ8BvgNsBrgNMAnwEuAzwGeAc4BzgM8BPgJsBLgJMAHwEuAjwEeAU4BTgI8AvgFsArgFMAnwAuATwCeAM4AzgE8CtwK/AqcCrwKXAp8CjwFjgLHAr8CNwIvAicCHwIXAg8CLwETgIHAj8AbgC8ADgB8AHgAsADgBeAE4ADAL+77e66m+6eu+XuuLt38264++w2u8tusnvsFrvD7tpNu8Huq9vqrrqp7qlb6o66WzfrhrqPbqO76Ca6h26hO+gu3aQb6L65be6am+aeuWXumLtzc26Y++Q2uUtuknvkFrlD7spNuUHui9virrgp7olb4o64Gzfjhrivt/Wu3tR7ekvv6N3e7A29j7fxLt7Ee3gL7+Bd3uQNvA9ug7vgJrgHboE74C7chBvgvrPt7Dqbzp6z5ew4u2fzbDj7zDazy2wye8wWs8PsmgUDQO/u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7uzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqoiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZERERERERERHiY8JpwmnAw4VfCrYRXCacSPiVcSniU8JZwlnAo4UfCjYQXCScSPiRcSHiQ8JJwknAg4TfCbYTXCKcRPiNcRniM8I5wjnAY4SfCTYSXCCcRPiJcRHiI8IpwinAQ4RfCLYRXCKcQPiFcQniE8IZwhnAI4VfhVuFV4VThU+FS4VHhrXBWOFT4UbhReFE4UfhQuFB4UHgpnBQOFH4g3EB4gXAC4QPCBYQHCC8IJwgHEH4X3C54XXC64HPB5YLHBe8F5wWHC34W3Cx4WXCy4GPBxYKHBa8FpwUHC34V3Cp4VXCq4FPBpYJHBW8FZwWHCn4U3Ch4UXCi4EPBhYIHBS8FJwUHCn4T3CZ4TXCa4DPBZYLHBO8E5wSHCX4S3CR4SXCS4CPBRYKHBK8EpwQHCX4R3CJ4RXCK4BPBJYJHBG8EZwSHCH4Nbg1eDU4NPg0uDR4N3gZng0ODH4MbgxeDE4MPgwuDB4OXwcngwOAHwQ2CFwQnCD4QXCB4QPBCcEJwgOB35XbldeV05XPlcuVx5b1yXjlc+Vm5WXlZOVn5WLlYeVh5rZxWDlZ+VW5VXlVOVT5VLlUeVd4qZ5VDlR+VG5UXlROVD5ULlQeVl8pJ5UDlN+U25TXlNOUz5TLlMeWdck45TPlJuUl5SQOCBKgSwL///xvi3zMi+AfIJPP5pnh/aLUCHjTvTA==",
  "base64",
);
// Two streams of "one\n" and "two\n" behind each other; --check=sha256; an x86 filter.
const XZ_TWO = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQADb25lCgD1XLtWH8b9hgABHARvLJzBH7bzfQEAAAAABFla/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQADdHdvCgBlBtb/xMD5OgABHARvLJzBH7bzfQEAAAAABFla",
  "base64",
);
const XZ_SHA256 = Buffer.from(
  "/Td6WFoAAArh+wyhAgAhARYAAAB0L+WjAQADb25lCgAsiwjaXOYDmOHxmvDl3Mx0TfJ0uCar5YXqumjFJUNIBgABNATFgsGcGJtLmgEAAAAAClla",
  "base64",
);
const XZ_X86 = Buffer.from("/Td6WFoAAATm1rRGAgEEACEBFgANhjUfAQADb25lCgD1XLtWH8b9hgABHARvLJzBH7bzfQEAAAAABFla", "base64");

const LIMIT = 1 << 20;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof WardianError ? error.code : String(error)),
  );

describe("detect", () => {
  it("knows each format by its first bytes", () => {
    const cases: [Compression, Uint8Array][] = [
      ["gzip", gzipSync("x")],
      ["xz", XZ_SEQ],
      ["zstd", ZSTD_SEQ],
      ["bzip2", Buffer.from("BZh91AY")],
      ["lz4", Buffer.from([4, 0x22, 0x4d, 0x18])],
      ["lzma", Buffer.from([0x5d, 0, 0, 0x80, 0])],
      ["none", Buffer.from("plain")],
      ["none", Buffer.alloc(0)],
    ];
    for (const [name, bytes] of cases) expect(detect(bytes)).toBe(name);
  });
});

describe("decompress", () => {
  it.each([
    ["plain", SEQ],
    ["gzip", gzipSync(SEQ)],
    ["two gzip members", Buffer.concat([gzipSync(SEQ.subarray(0, 100)), gzipSync(SEQ.subarray(100))])],
    ["xz", XZ_SEQ],
    ["stored xz", storeXz(SEQ)],
    ["zstd", ZSTD_SEQ],
    ["stored zstd", storeZstd(SEQ)],
    ["two zstd frames", Buffer.concat([storeZstd(SEQ.subarray(0, 100)), storeZstd(SEQ.subarray(100))])],
  ])("gives back %s", async (_, packed) => {
    expect(Buffer.compare(await decompress(packed, LIMIT), SEQ)).toBe(0);
    expect(Buffer.compare(await decompress(bytewise(packed), LIMIT), SEQ)).toBe(0);
  });

  it("gives back xz streams behind each other, and nothing from nothing", async () => {
    expect(Buffer.from(await decompress(XZ_TWO, LIMIT)).toString()).toBe("one\ntwo\n");
    expect(await decompress(new Uint8Array(0), LIMIT)).toHaveLength(0);
  });

  it("stops at the limit, exactly", async () => {
    for (const packed of [SEQ, gzipSync(SEQ), XZ_SEQ, ZSTD_SEQ]) {
      expect(await decompress(packed, SEQ.length)).toHaveLength(SEQ.length);
      expect(await codeOf(decompress(packed, SEQ.length - 1))).toBe("archive-too-large");
    }
  });

  it("does not unpack bombs", async () => {
    const bombs = [gzipSync(Buffer.alloc(64 << 20)), zstdBomb(20_000), zstdBomb(3, 31), zstdBomb(3, 41)];
    for (const bomb of bombs) expect(["archive-too-large", "archive-corrupt"]).toContain(await codeOf(decompress(bomb, LIMIT)));
  });

  it("says what it cannot do", async () => {
    for (const bytes of [Buffer.from("BZh91AY"), Buffer.from([0x5d, 0, 0, 0x80]), Buffer.from([4, 0x22, 0x4d, 0x18]), XZ_SHA256, XZ_X86]) {
      expect(await codeOf(decompress(bytes, LIMIT))).toBe("archive-unsupported");
    }
  });

  it("notices cuts and flipped bits", async () => {
    for (const packed of [gzipSync(SEQ), XZ_SEQ, ZSTD_SEQ]) {
      for (const end of [7, 20, packed.length >> 1, packed.length - 1])
        expect(await codeOf(decompress(packed.subarray(0, end), LIMIT))).toBe("archive-corrupt");
    }
    for (const packed of [gzipSync(SEQ), XZ_SEQ]) {
      const flipped = Buffer.from(packed);
      flipped[packed.length >> 1] = (flipped[packed.length >> 1] as number) ^ 4;
      expect(await codeOf(decompress(flipped, LIMIT))).toBe("archive-corrupt");
    }
  });

  it("works again after a reader that left early, and several at once", async () => {
    for await (const chunk of decompressStream(XZ_SEQ, LIMIT)) if (chunk.length > 0) break;
    const all = await Promise.all([XZ_SEQ, XZ_SEQ, ZSTD_SEQ].map((packed) => decompress(packed, LIMIT)));
    for (const bytes of all) expect(sha256(bytes)).toBe(sha256(SEQ));
  });

  it("decodes zstd without Node's own decoder too", async () => {
    for (const packed of [ZSTD_SEQ, storeZstd(SEQ)]) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of decodeHere(partsOf(packed), LIMIT)) chunks.push(chunk);
      expect(sha256(concat(chunks))).toBe(sha256(SEQ));
    }
    const bomb = decodeHere(partsOf(zstdBomb(20_000)), LIMIT);
    await expect(
      (async () => {
        for await (const chunk of bomb) expect(chunk.length).toBeLessThanOrEqual(1 << 17);
      })(),
    ).rejects.toThrow(WardianError);
  });

  it("lets out nothing but WardianError for mutated input", { timeout: 60_000 }, async () => {
    const random = randomFrom(1);
    for (const packed of [gzipSync(SEQ), XZ_SEQ, storeXz(SEQ), ZSTD_SEQ, storeZstd(SEQ)]) {
      for (let i = 0; i < 600; i++) {
        expect(await codeOf(decompress(mutate(packed, random), LIMIT))).toMatch(/^(none|archive-[a-z-]+)$/);
      }
    }
  });
});

function partsOf(frame: Uint8Array): AsyncGenerator<Uint8Array> {
  return frameParts(new ByteReader(frame.subarray(4), "zstd data"));
}

async function* bytewise(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += 3) yield bytes.subarray(i, i + 3);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
