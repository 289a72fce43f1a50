// Rewrites the sizes that a module declares for its memories and tables, so that V8 itself holds the limits (WebAssembly core
// specification, 5.3.7). All else stays byte for byte. Depends on src/errors.ts only.
import { WardianError } from "../errors.js";
import { inspect, type ModuleInfo, type Sized } from "./inspect.js";
import { SECTION } from "./sections.js";
import { Writer } from "./writer.js";

export interface ClampOptions {
  /** Pages of 64 KiB that each memory may have. */
  readonly maxMemoryPages: number;
  /** Elements that all tables together may have. */
  readonly maxTableElements: number;
}

interface Patch {
  readonly sized: Sized;
  readonly max: bigint;
}

/** The module with no memory or table that can grow beyond `options`. Throws `wasm-memory-limit` or `wasm-table-limit`. */
export function clamp(bytes: Uint8Array, options: ClampOptions, info: ModuleInfo = inspect(bytes)): Uint8Array {
  const wanted = [...memoryPatches(info, options), ...tablePatches(info, options)];
  const patches = wanted.filter(({ sized, max }) => sized.max !== max).sort((a, b) => a.sized.at - b.sized.at);
  const writer = new Writer(bytes.length + patches.length * 16);
  let copied = 0;
  for (const section of info.sections) {
    if (section.id !== SECTION.import && section.id !== SECTION.table && section.id !== SECTION.memory) continue;
    const inside = patches.filter(({ sized }) => sized.at >= section.start && sized.at < section.end);
    if (inside.length === 0) continue;
    writer.copy(bytes, copied, section.at + 1);
    writer.sized(patchedSection(bytes, section.start, section.end, inside));
    copied = section.end;
  }
  writer.copy(bytes, copied, bytes.length);
  return writer.take();
}

function memoryPatches(info: ModuleInfo, { maxMemoryPages }: ClampOptions): Patch[] {
  const limit = BigInt(maxMemoryPages);
  return info.memories.map((sized) => {
    if (sized.min > limit) throw tooMuchMemory(sized.min, limit);
    return { sized, max: smaller(sized.max, limit) };
  });
}

function tooMuchMemory(pages: bigint, limit: bigint): WardianError {
  const size = (count: bigint): string => (count < 16n ? `${count * 64n} KiB` : `${count / 16n} MiB`);
  const message = `the program wants ${size(pages)} of memory (${pages} pages) to start with; it may have ${size(limit)} (${limit} pages)`;
  return new WardianError("wasm-memory-limit", message);
}

/** What the minima leave of the limit is shared among the tables. */
function tablePatches(info: ModuleInfo, { maxTableElements }: ClampOptions): Patch[] {
  const wanted = info.tables.reduce((sum, { min }) => sum + min, 0n);
  const spare = BigInt(maxTableElements) - wanted;
  if (spare < 0n) {
    const message = `the program wants tables of ${wanted} elements to start with; it may have ${maxTableElements}`;
    throw new WardianError("wasm-table-limit", message);
  }
  const share = info.tables.length === 0 ? 0n : spare / BigInt(info.tables.length);
  return info.tables.map((sized) => ({ sized, max: smaller(sized.max, sized.min + share) }));
}

const smaller = (declared: bigint | undefined, limit: bigint): bigint => (declared === undefined || declared > limit ? limit : declared);

function patchedSection(bytes: Uint8Array, start: number, end: number, patches: readonly Patch[]): Uint8Array {
  const writer = new Writer(end - start + patches.length * 16);
  let copied = start;
  for (const { sized, max } of patches) {
    writer.copy(bytes, copied, sized.at);
    writer.u8((bytes[sized.at] as number) | 1);
    writer.u64(sized.min);
    writer.u64(max);
    copied = sized.end;
  }
  writer.copy(bytes, copied, end);
  return writer.take();
}
