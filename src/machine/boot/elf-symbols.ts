// Looks for a few symbols by name in the symbol table of an ELF64 file. The caller has checked the file's header.
// System V ABI chapter 4, "Sections" and "Symbol Table". Depends on nothing.

const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHN_UNDEF = 0;

interface Section {
  type: number;
  link: number;
  bytes: Uint8Array;
}

/**
 * The values of those of `names` that the file defines; a stripped file has none.
 * `fail` throws. One pass over each symbol table, so the time is bounded by the size of the file.
 */
export function findSymbols(bytes: Uint8Array, names: readonly string[], fail: (why: string) => never): Map<string, bigint> {
  const found = new Map<string, bigint>();
  const headers = sectionHeaders(bytes, fail);
  const symbolTable = headers.findIndex((header) => header.getUint32(4, true) === SHT_SYMTAB);
  if (symbolTable < 0) return found;
  const table = readSection(bytes, headers, symbolTable, fail);
  const strings = readSection(bytes, headers, table.link, fail);
  if (strings.type !== SHT_STRTAB) fail("its symbol table has no table of names");

  const view = new DataView(table.bytes.buffer, table.bytes.byteOffset, table.bytes.byteLength);
  const wanted = names.map((name) => ({ name, encoded: new TextEncoder().encode(`${name}\0`) }));
  for (let offset = 0; offset + SYMBOL_BYTES <= table.bytes.length; offset += SYMBOL_BYTES) {
    if (view.getUint16(offset + 6, true) === SHN_UNDEF) continue;
    const nameOffset = view.getUint32(offset, true);
    for (const { name, encoded } of wanted) {
      if (!found.has(name) && matches(strings.bytes, nameOffset, encoded)) found.set(name, view.getBigUint64(offset + 8, true));
    }
  }
  return found;
}

function sectionHeaders(bytes: Uint8Array, fail: (why: string) => never): DataView[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tableOffset = view.getBigUint64(40, true);
  const count = view.getUint16(60, true);
  if (tableOffset === 0n || count === 0) return [];
  if (view.getUint16(58, true) !== SECTION_HEADER_BYTES) fail("its section headers have an unknown size");
  if (tableOffset + BigInt(count * SECTION_HEADER_BYTES) > BigInt(bytes.length))
    fail("its section headers are outside of the file: it is cut short");
  const start = bytes.byteOffset + Number(tableOffset);
  return Array.from(
    { length: count },
    (_, index) => new DataView(bytes.buffer, start + index * SECTION_HEADER_BYTES, SECTION_HEADER_BYTES),
  );
}

function readSection(bytes: Uint8Array, headers: readonly DataView[], index: number, fail: (why: string) => never): Section {
  const header = headers[index];
  if (header === undefined) return fail("its symbol table refers to a section that is not there");
  const offset = header.getBigUint64(24, true);
  const sizeBytes = header.getBigUint64(32, true);
  if (offset + sizeBytes > BigInt(bytes.length)) fail("its symbol table is outside of the file: it is cut short");
  const start = Number(offset);
  return { type: header.getUint32(4, true), link: header.getUint32(40, true), bytes: bytes.subarray(start, start + Number(sizeBytes)) };
}

function matches(strings: Uint8Array, offset: number, encoded: Uint8Array): boolean {
  if (offset + encoded.length > strings.length) return false;
  return encoded.every((byte, index) => strings[offset + index] === byte);
}
