// Adds entries at the end of a module's vector sections, and leaves sections out. Nothing that is there changes its index.
// Depends on src/errors.ts only.
import { customName, SECTION, SECTION_ORDER, type Section } from "./sections.js";
import { Reader } from "./reader.js";
import { Writer } from "./writer.js";

export interface Addition {
  readonly count: number;
  readonly entries: Uint8Array;
}

export interface Edit {
  /** By section number: entries to append; the section is made where the module has none. */
  readonly append: ReadonlyMap<number, Addition>;
  /** By section number: contents that take the place of what is there. */
  readonly replace: ReadonlyMap<number, Uint8Array>;
  readonly drop: (section: Section) => boolean;
}

export function editSections(bytes: Uint8Array, sections: readonly Section[], edit: Edit): Uint8Array<ArrayBuffer> {
  const writer = new Writer(bytes.length + (bytes.length >> 1) + 1024);
  writer.copy(bytes, 0, 8);
  const missing = SECTION_ORDER.filter((id) => edit.append.has(id) && !sections.some((section) => section.id === id));
  for (const section of sections) {
    while (section.id !== SECTION.custom && missing.length > 0 && comesBefore(missing[0] as number, section.id))
      writeSection(writer, missing[0] as number, appended(new Reader(new Uint8Array([0])), edit.append.get(missing.shift() as number)));
    if (edit.drop(section)) continue;
    const contents = edit.replace.get(section.id) ?? bytes.subarray(section.start, section.end);
    const addition = section.id === SECTION.custom ? undefined : edit.append.get(section.id);
    if (addition === undefined && contents.buffer === bytes.buffer) writer.copy(bytes, section.at, section.end);
    else writeSection(writer, section.id, appended(new Reader(contents), addition));
  }
  for (const id of missing) writeSection(writer, id, appended(new Reader(new Uint8Array([0])), edit.append.get(id)));
  return writer.take();
}

const comesBefore = (a: number, b: number): boolean => SECTION_ORDER.indexOf(a) < SECTION_ORDER.indexOf(b);

function writeSection(writer: Writer, id: number, contents: Uint8Array): void {
  writer.u8(id);
  writer.sized(contents);
}

function appended(reader: Reader, addition: Addition | undefined): Uint8Array {
  if (addition === undefined) return reader.bytes;
  const writer = new Writer(reader.bytes.length + addition.entries.length + 8);
  writer.u32(reader.u32() + addition.count);
  writer.copy(reader.bytes, reader.pos, reader.end);
  writer.append(addition.entries);
  return writer.take();
}

/** Custom sections that name places within the code, which would be wrong behind a rewriting. */
const PLACES = /^(metadata\.code\.|\.debug_|reloc\.|linking$|sourceMappingURL$|external_debug_info$)/;

export const namesPlaces = (bytes: Uint8Array, section: Section): boolean =>
  section.id === SECTION.custom && PLACES.test(customName(bytes, section));
