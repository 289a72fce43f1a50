// For tests: makers of small archives and of compressed data, without a compressor (xz and zstd know stored blocks, so
// that no test needs a tool of the host). Depends on nothing.

import { crc32 } from "node:zlib";

export interface TarSample {
  name: string;
  /** The tar type flag; "0" is a file. */
  flag?: string;
  data?: Uint8Array | string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  link?: string;
  major?: number;
  minor?: number;
  /** Overrides the size in the header. */
  size?: number;
}

export function makeTar(samples: readonly TarSample[]): Buffer {
  return Buffer.concat([...samples.map(tarMember), Buffer.alloc(1024)]);
}

export function tarMember(sample: TarSample): Buffer {
  const data = Buffer.from(sample.data ?? "");
  const header = Buffer.alloc(512);
  const octal = (value: number, offset: number, digits: number) => header.write(value.toString(8).padStart(digits, "0"), offset);
  header.write(sample.name, 0, 100);
  octal(sample.mode ?? 0o644, 100, 7);
  octal(sample.uid ?? 0, 108, 7);
  octal(sample.gid ?? 0, 116, 7);
  octal(sample.size ?? data.length, 124, 11);
  octal(sample.mtime ?? 0, 136, 11);
  header.write("        ", 148);
  header.write(sample.flag ?? "0", 156);
  header.write(sample.link ?? "", 157, 100);
  header.write("ustar\x0000", 257, "latin1");
  octal(sample.major ?? 0, 329, 7);
  octal(sample.minor ?? 0, 337, 7);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  header[154] = 0;
  return Buffer.concat([header, data, Buffer.alloc(-data.length & 511)]);
}

export function paxMember(records: Readonly<Record<string, string>>, flag: "x" | "g" = "x"): Buffer {
  let body = "";
  for (const [key, value] of Object.entries(records)) {
    const rest = ` ${key}=${value}\n`;
    const restBytes = Buffer.byteLength(rest);
    let digits = 1;
    while (String(digits + restBytes).length > digits) digits += 1;
    body += `${digits + restBytes}${rest}`;
  }
  return tarMember({ name: "pax", flag, data: body });
}

export function makeAr(members: readonly (readonly [name: string, data: Uint8Array | string])[]): Buffer {
  const parts: Buffer[] = [Buffer.from("!<arch>\n")];
  for (const [name, content] of members) {
    const data = Buffer.from(content);
    const header = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(data.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(header), data, Buffer.alloc(data.length & 1, "\n"));
  }
  return Buffer.concat(parts);
}

/** An .xz file (version 1.2.0 of its specification) of one block of stored LZMA2 chunks, with CRC32 as its check. */
export function storeXz(content: Uint8Array): Buffer {
  const data = Buffer.from(content);
  const flags = Buffer.from([0, 1]);
  const dictionary8MiB = 22;
  const blockHeader = Buffer.from([2, 0, 0x21, 1, dictionary8MiB, 0, 0, 0]);
  const chunks: Buffer[] = [];
  for (let offset = 0; offset < data.length; offset += 0x10000) {
    const chunk = data.subarray(offset, offset + 0x10000);
    chunks.push(Buffer.from([offset === 0 ? 1 : 2, (chunk.length - 1) >> 8, (chunk.length - 1) & 0xff]), chunk);
  }
  const packed = Buffer.concat([...chunks, Buffer.from([0])]);
  const unpaddedBytes = blockHeader.length + 4 + packed.length + 4;
  const index = pad4(Buffer.from([0, 1, ...varint(unpaddedBytes), ...varint(data.length)]));
  const backward = Buffer.alloc(4);
  backward.writeUInt32LE((index.length + 4) / 4 - 1);
  return Buffer.concat([
    Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
    flags,
    sum(flags),
    blockHeader,
    sum(blockHeader),
    pad4(packed),
    sum(data),
    index,
    sum(index),
    sum(Buffer.concat([backward, flags])),
    backward,
    flags,
    Buffer.from("YZ"),
  ]);
}

/** A Zstandard frame of raw blocks, with a window of 128 KiB and without a checksum. */
export function storeZstd(content: Uint8Array): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (17 - 10) << 3])];
  for (let offset = 0; offset === 0 || offset < content.length; offset += 0x20000) {
    const block = content.subarray(offset, offset + 0x20000);
    parts.push(zstdBlockHeader(0, block.length, offset + 0x20000 >= content.length), Buffer.from(block));
  }
  return Buffer.concat(parts);
}

/** A frame that unpacks to `blocks` times 128 KiB of one byte, 4 bytes each. */
export function zstdBomb(blocks: number, windowLog = 17): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3])];
  for (let i = 1; i <= blocks; i++) parts.push(zstdBlockHeader(1, 0x20000, i === blocks), Buffer.from([0x61]));
  return Buffer.concat(parts);
}

function zstdBlockHeader(type: number, sizeBytes: number, last: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((sizeBytes << 3) | (type << 1) | (last ? 1 : 0), 0, 3);
  return header;
}

function sum(bytes: Uint8Array): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(crc32(bytes));
  return out;
}

function pad4(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

/** A small generator of numbers in [0, n), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/** A copy with a few bytes changed, cut, doubled or dropped. */
export function mutate(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  let out: Buffer = Buffer.from(bytes);
  for (let i = 1 + random(4); i > 0; i--) {
    const at = random(out.length + 1);
    const span = random(64);
    switch (random(5)) {
      case 0:
        if (at < out.length) out[at] = (out[at] as number) ^ (1 << random(8));
        break;
      case 1:
        if (at < out.length) out[at] = [0, 0xff, 0x80, 0x2f, 0x37][random(5)] as number;
        break;
      case 2:
        out = out.subarray(0, at);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + span)]);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - span))]);
        break;
    }
  }
  return out;
}
