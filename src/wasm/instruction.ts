// Steps over one instruction after another. The caller looks at `op`, `sub` and the few immediates that matter to it.
// Depends on src/errors.ts only.
import { WardianError } from "../errors.js";
import { checkLimit, type ModuleLimits } from "./limits.js";
import { ONE_BYTE, OP, PREFIXED, SHAPE } from "./opcodes.js";
import type { Reader } from "./reader.js";
import { readHeapType, readValueType } from "./types.js";

/** The instruction that was read last. */
export class Instruction {
  op = 0;
  /** The second part of an opcode with a prefix. */
  sub = 0;
  /** First and second u32 immediate, where they are indices. */
  index = 0;
  index2 = 0;
  /** A block type: a type index, or -1 (no result) or -2 (one result). */
  blockType = 0;
  /** How many labels it names: one for br, br_if ...; br_table's with the default last; those of try_table's catch clauses. */
  labelCount = 0;
  readonly labels: number[] = [];
  /** Where each label's number lies. */
  readonly labelStarts: number[] = [];
  readonly labelEnds: number[] = [];

  private readonly limits: ModuleLimits;

  constructor(limits: ModuleLimits) {
    this.limits = limits;
  }

  read(reader: Reader): void {
    const at = reader.pos;
    const op = reader.u8();
    this.op = op;
    this.labelCount = 0;
    const shape = ONE_BYTE[op] as number;
    if (shape === SHAPE.none) return;
    if (shape === SHAPE.prefix) {
      this.sub = reader.u32();
      this.skipImmediates(reader, PREFIXED[op]?.[this.sub] ?? SHAPE.unknown, at);
    } else this.skipImmediates(reader, shape, at);
  }

  private skipImmediates(reader: Reader, shape: number, at: number): void {
    switch (shape) {
      case SHAPE.none:
        return;
      case SHAPE.index:
        this.index = reader.u32();
        return;
      case SHAPE.label:
        return this.readLabel(reader);
      case SHAPE.index2:
        this.index = reader.u32();
        this.index2 = reader.u32();
        return;
      case SHAPE.memarg:
        return skipMemarg(reader);
      case SHAPE.memargLane:
        skipMemarg(reader);
        return reader.skip(1);
      case SHAPE.byte:
        return reader.skip(1);
      case SHAPE.bytes4:
        return reader.skip(4);
      case SHAPE.bytes8:
        return reader.skip(8);
      case SHAPE.bytes16:
        return reader.skip(16);
      case SHAPE.leb32:
        return reader.skipLeb(5);
      case SHAPE.leb64:
        return reader.skipLeb(10);
      case SHAPE.block:
        this.blockType = readBlockType(reader);
        return;
      case SHAPE.branchTable:
        return this.readBranchTable(reader);
      case SHAPE.heapType:
        return void readHeapType(reader);
      case SHAPE.valueTypes:
        return skipValueTypes(reader);
      case SHAPE.castBranch:
        reader.skip(1);
        this.readLabel(reader);
        readHeapType(reader);
        return void readHeapType(reader);
      case SHAPE.tryTable:
        this.blockType = readBlockType(reader);
        return this.readCatches(reader);
      default:
        throw unknownInstruction(this.op, this.sub, at);
    }
  }

  private readBranchTable(reader: Reader): void {
    const count = reader.u32();
    checkLimit(this.limits, "branchTableEntries", count + 1);
    for (let entry = 0; entry <= count; entry++) this.readLabel(reader);
  }

  private readCatches(reader: Reader): void {
    const count = reader.u32();
    checkLimit(this.limits, "branchTableEntries", count);
    for (let entry = 0; entry < count; entry++) {
      const kind = reader.u8();
      if (kind > 3) reader.fail("an unknown catch clause", reader.pos - 1);
      if (kind < 2) reader.u32();
      this.readLabel(reader);
    }
  }

  private readLabel(reader: Reader): void {
    const at = this.labelCount++;
    this.labelStarts[at] = reader.pos;
    this.labels[at] = reader.u32();
    this.labelEnds[at] = reader.pos;
  }
}

function unknownInstruction(op: number, sub: number, at: number): WardianError {
  const hex = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;
  const name = PREFIXED[op] === undefined ? hex(op) : `${hex(op)} ${sub}`;
  return new WardianError(
    "wasm-unsupported",
    `the WebAssembly module uses instruction ${name}, which Wardian does not know (offset ${at})`,
  );
}

/** Alignment (bit 6: a memory index follows) and an offset of up to 64 bits. */
function skipMemarg(reader: Reader): void {
  if (reader.u32() & 0x40) reader.skipLeb(5);
  reader.skipLeb(10);
}

function skipValueTypes(reader: Reader): void {
  const count = reader.u32();
  if (count > 1) reader.fail("select with more than one type");
  for (let index = 0; index < count; index++) readValueType(reader);
}

/** A block type (5.4.1): 0x40, a value type, or a type index. */
function readBlockType(reader: Reader): number {
  const byte = reader.bytes[reader.pos] ?? 0x40;
  if (byte === 0x40) {
    reader.skip(1);
    return -1;
  }
  if (byte >= 0x40 && byte < 0x80) {
    readValueType(reader);
    return -2;
  }
  const index = reader.s33();
  return index < 0 ? reader.fail("an unknown block type") : index;
}

/** Steps over a constant expression, up to and with its `end`. */
export function skipConstant(reader: Reader, instruction: Instruction): void {
  do instruction.read(reader);
  while (instruction.op !== OP.end);
}
