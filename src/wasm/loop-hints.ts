// Says to V8 which functions have loops, in a custom section of compilation hints (the proposal's first form, which V8 11 knows behind
// a flag): those go to the optimizing compiler at their first call, as a loop that runs already is never left for better code.
// All else stays byte for byte. Depends on src/errors.ts only.
import { Instruction } from "./instruction.js";
import { MODULE_LIMITS } from "./limits.js";
import { OP } from "./opcodes.js";
import { Reader } from "./reader.js";
import type { ModuleInfo } from "./inspect.js";
import { customName, SECTION } from "./sections.js";
import { readValueType } from "./types.js";
import { Writer } from "./writer.js";

const NAME = "compilationHints";
/** Two bits each: when to compile, with what at first, with what in the end. */
const LAZY = 1;
const OPTIMIZED = 2;
const LOOP_HINT = LAZY | (OPTIMIZED << 2) | (OPTIMIZED << 4);
const NO_HINT = 0;

export interface HintOptions {
  /** Larger functions would hold up their first call for too long. */
  readonly maxFunctionBytes: number;
}

/** The module with hints; undefined where it has no such function, or hints of its own. */
export function hintLoops(bytes: Uint8Array, info: ModuleInfo, { maxFunctionBytes }: HintOptions): Uint8Array | undefined {
  const code = info.sections.find(({ id }) => id === SECTION.code);
  if (code === undefined || info.sections.some((own) => own.id === SECTION.custom && customName(bytes, own) === NAME)) return undefined;
  const hints = readHints(new Reader(bytes, code.start, code.end), maxFunctionBytes);
  if (!hints.includes(LOOP_HINT)) return undefined;
  const section = new Writer(hints.length + 32);
  section.sized(Buffer.from(NAME));
  section.sized(hints);
  const writer = new Writer(bytes.length + hints.length + 48);
  writer.copy(bytes, 0, code.at);
  writer.u8(SECTION.custom);
  writer.sized(section.take());
  writer.copy(bytes, code.at, bytes.length);
  return writer.take();
}

function readHints(reader: Reader, maxFunctionBytes: number): Uint8Array {
  const count = reader.u32();
  const instruction = new Instruction(MODULE_LIMITS);
  const hints = new Writer(count);
  for (let i = 0; i < count; i++) {
    const size = reader.u32();
    const isSmall = size <= maxFunctionBytes;
    const body = reader.range(size);
    hints.u8(isSmall && hasLoop(body, instruction) ? LOOP_HINT : NO_HINT);
  }
  return hints.take();
}

function hasLoop(body: Reader, instruction: Instruction): boolean {
  for (let groups = body.u32(); groups > 0; groups--) {
    body.u32();
    readValueType(body);
  }
  while (!body.atEnd) {
    instruction.read(body);
    if (instruction.op === OP.loop) return true;
  }
  return false;
}
