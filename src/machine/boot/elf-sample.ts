// For the tests beside the loaders: small ELF files made to order. Not part of the program. Depends on nothing.
//
//   header (64) | program headers | bytes of the segments | symbols | names | section headers: symbols, names

export interface SampleSegment {
  physical: bigint;
  virtual?: bigint;
  bytes: Uint8Array;
  memoryBytes: number;
}

export interface Sample {
  type?: number;
  entry?: bigint;
  segments: readonly SampleSegment[];
  symbols?: Record<string, bigint>;
  /** Damages the finished file. */
  patch?: (view: DataView) => void;
}

export function makeElf(sample: Sample): Uint8Array {
  const { segments, symbols } = sample;
  const parts: Uint8Array[] = [];
  let offset = 64 + segments.length * 56;
  const put = (bytes: Uint8Array) => {
    parts.push(bytes);
    offset += bytes.length;
    return offset - bytes.length;
  };
  const programHeaders = segments.map((segment) =>
    words(
      [1, put(segment.bytes), segment.virtual ?? segment.physical, segment.physical, segment.bytes.length, segment.memoryBytes, 4096],
      56,
    ),
  );
  let sectionHeaders = 0;
  if (symbols !== undefined) {
    const names = new TextEncoder().encode(
      Object.keys(symbols)
        .map((name) => `${name}\0`)
        .join(""),
    );
    let nameOffset = 0;
    const table = Object.entries(symbols).map(([name, value]) => {
      const symbol = words([0, value, 0], 24);
      const view = new DataView(symbol.buffer);
      view.setUint32(0, nameOffset, true);
      view.setUint16(6, 1, true);
      nameOffset += name.length + 1;
      return symbol;
    });
    const tableOffset = put(concatenate(table));
    const namesOffset = put(names);
    sectionHeaders = put(
      concatenate([sectionHeader(2, tableOffset, table.length * 24, 1), sectionHeader(3, namesOffset, names.length, 0)]),
    );
  }
  const bytes = concatenate([header(sample, sectionHeaders), ...programHeaders, ...parts]);
  sample.patch?.(new DataView(bytes.buffer));
  return bytes;
}

function header(sample: Sample, sectionHeaders: number): Uint8Array {
  const bytes = words([0, 0, 0, sample.entry ?? sample.segments[0]?.physical ?? 0n, 64, sectionHeaders], 64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x7f454c46);
  view.setUint32(4, 0x02010100);
  view.setUint16(16, sample.type ?? 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, sample.segments.length, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, sectionHeaders === 0 ? 0 : 2, true);
  return bytes;
}

function sectionHeader(type: number, offset: number, sizeBytes: number, link: number): Uint8Array {
  const bytes = words([0, 0, 0, offset, sizeBytes, link], 64);
  new DataView(bytes.buffer).setUint32(4, type, true);
  return bytes;
}

function words(values: readonly (number | bigint)[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  values.slice(0, sizeBytes / 8).forEach((value, index) => view.setBigUint64(index * 8, BigInt.asUintN(64, BigInt(value)), true));
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
