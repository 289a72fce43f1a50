// Puts the functions of several modules of translated code into one, as a linker does: those modules say where other bytes are to stand
// (assembly/machine/translate/writer.ts), and import the same. May depend on wasm/.
import { EXPORT, writeExport } from "../wasm/own-export.js";
import { Reader } from "../wasm/reader.js";
import { customName, readSections, SECTION, type Section } from "../wasm/sections.js";
import { Writer } from "../wasm/writer.js";

export interface Joined {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of the first member's function; those of the others follow. */
  readonly first: number;
}

const HINTS = "metadata.code.branch_hint";
const RELOCATIONS = "reloc.CODE";
/** Kinds of relocations: RELOCATE_FUNCTION of the writer's, and from RELOCATE_HELPER on one a helper. */
const FUNCTION = 0;
const FIRST_HELPER = 1;
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const RETURN_CALL = 0x12;

/**
 * The functions of `dispatchers`, numbered from 0, and behind them one of each member, which is its only export. Calls of helper n become calls of function n,
 * where there is one. All functions are exported, by their numbers. The bytes must be the translator's own.
 */
export function joinModules(dispatchers: Uint8Array, members: readonly Uint8Array[]): Joined {
  const head = new Parts(dispatchers);
  const parts = members.map((bytes) => new Parts(bytes));
  const first = head.count;
  const functions = first + parts.length;
  const writer = new Writer(members.reduce((sum, bytes) => sum + bytes.length, dispatchers.length + functions * 8));
  writer.copy(dispatchers, 0, head.section(SECTION.function)?.at ?? 0); // header, types, imports
  const section = (id: number, write: (content: Writer) => void): void => {
    const content = new Writer();
    write(content);
    writer.u8(id);
    writer.sized(content.take());
  };
  section(SECTION.function, (content) => {
    content.u32(functions);
    for (const part of [head, ...parts]) content.append(part.types());
  });
  section(SECTION.export, (content) => {
    content.u32(functions);
    for (let number = 0; number < functions; number++) {
      writeExport(content, String(number), EXPORT.function, number);
    }
  });
  section(SECTION.custom, (content) => {
    content.sized(Buffer.from(HINTS));
    content.u32(parts.length);
    for (const [k, part] of parts.entries()) part.copyHints(content, first + k);
  });
  section(SECTION.code, (content) => {
    content.u32(functions);
    content.append(head.bodies(0));
    for (const [k, part] of parts.entries()) content.append(part.bodies(first + k));
  });
  return { bytes: writer.take(), first };
}

/** One of the modules: its last functions, as many as it exports; what is before them fills pages. */
class Parts {
  readonly count: number;
  readonly #sections: readonly Section[];
  readonly #fillers: number;

  constructor(readonly bytes: Uint8Array) {
    this.#sections = readSections(bytes);
    const all = this.#reader(this.section(SECTION.function)).u32();
    const exports = this.section(SECTION.export);
    this.count = exports === undefined ? all : this.#reader(exports).u32();
    this.#fillers = all - this.count;
  }

  section(id: number): Section | undefined {
    return this.#sections.find((section) => section.id === id);
  }

  #custom(name: string): Section | undefined {
    return this.#sections.find((section) => section.id === SECTION.custom && customName(this.bytes, section) === name);
  }

  #reader(section: Section | undefined): Reader {
    return section === undefined ? new Reader(this.bytes, 0, 0) : new Reader(this.bytes, section.start, section.end);
  }

  /** The functions' type numbers, of a byte each. */
  types(): Uint8Array {
    const { end = 0 } = this.section(SECTION.function) ?? {};
    return this.bytes.subarray(end - this.count, end);
  }

  copyHints(into: Writer, number: number): void {
    const reader = this.#reader(this.#custom(HINTS));
    reader.name(HINTS.length);
    for (let count = reader.u32(); count > 0; count--) {
      into.u32(reader.u32() - this.#fillers + number);
      const from = reader.pos;
      for (let hints = reader.u32(); hints > 0; hints--) {
        reader.u32();
        reader.skip(reader.u32());
      }
      into.copy(this.bytes, from, reader.pos);
    }
  }

  /** The functions' bodies, as they stand where the first has the number `number`. */
  bodies(number: number): Uint8Array {
    const code = this.#reader(this.section(SECTION.code));
    const contentStart = code.pos;
    code.u32();
    for (let filler = 0; filler < this.#fillers; filler++) code.skip(code.u32());
    const bodies = this.bytes.slice(code.pos, code.end);
    const from = code.pos - contentStart;
    const relocations = this.#reader(this.#custom(RELOCATIONS));
    if (relocations.atEnd) return bodies;
    relocations.name(RELOCATIONS.length);
    for (let count = relocations.u32(); count > 0; count--) {
      const kind = relocations.u8();
      const at = relocations.u32() - from;
      if (kind === FUNCTION) {
        fill(bodies, at, 5, number);
      } else {
        // i32.const helper; call_indirect or return_call_indirect type table
        bodies[at] = bodies[at + 2] === CALL_INDIRECT ? CALL : RETURN_CALL;
        fill(bodies, at + 1, 4, kind - FIRST_HELPER);
      }
    }
    return bodies;
  }
}

/** A number as unsigned LEB128 of just so many bytes. */
function fill(bytes: Uint8Array, at: number, count: number, value: number): void {
  for (let n = 0; n < count; n++) bytes[at + n] = ((value >>> (7 * n)) & 0x7f) | (n < count - 1 ? 0x80 : 0);
}
