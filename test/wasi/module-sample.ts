// WebAssembly modules made byte by byte, for what no compiler emits: hostile sizes, imports that nobody has, a start function that traps.
type Bytes = readonly number[];

/** LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    const low = rest % 128;
    if (rest < 128) return [...bytes, low];
    bytes.push(low + 128);
  }
}

const text = (value: string): number[] => [...leb(Buffer.byteLength(value)), ...Buffer.from(value)];
const vector = (items: readonly Bytes[]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, content: Bytes): number[] => [id, ...leb(content.length), ...content];

export const HEADER: Bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** Version 13, layer 1: what component tools write. */
export const COMPONENT: Bytes = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];

export interface ModuleParts {
  /** Functions without arguments and results. */
  readonly imports?: readonly (readonly [module: string, name: string])[];
  /** Pages. */
  readonly memory?: { readonly initial: number; readonly maximum?: number };
  readonly table?: { readonly initial: number; readonly maximum?: number };
  /** The body of _start, without its end. */
  readonly body?: Bytes;
  /** _start is the start function, too. */
  readonly isStart?: boolean;
  readonly exportStart?: boolean;
}

const limits = ({ initial, maximum }: { initial: number; maximum?: number }): number[] =>
  maximum === undefined ? [0, ...leb(initial)] : [1, ...leb(initial), ...leb(maximum)];

export const UNREACHABLE: Bytes = [0x00];
export const LOOP: Bytes = [0x03, 0x40, 0x0c, 0x00, 0x0b];

/** A module with one function of its own, _start, and what is asked for. */
export function makeModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const { imports = [], memory = { initial: 1 }, table, body = [], isStart = false, exportStart = true } = parts;
  const own = imports.length;
  const exports = [[...text("memory"), 2, 0], ...(exportStart ? [[...text("_start"), 0, ...leb(own)]] : [])];
  const code = [0, ...body, 0x0b];
  return Uint8Array.from([
    ...HEADER,
    ...section(1, vector([[0x60, 0, 0]])),
    ...section(2, vector(imports.map(([module, name]) => [...text(module), ...text(name), 0, 0]))),
    ...section(3, vector([[0]])),
    ...(table === undefined ? [] : section(4, vector([[0x70, ...limits(table)]]))),
    ...section(5, vector([limits(memory)])),
    ...section(7, vector(exports)),
    ...(isStart ? section(8, leb(own)) : []),
    ...section(10, vector([[...leb(code.length), ...code]])),
  ]);
}
