// The shape of every instruction: which immediates follow its opcode (WebAssembly core specification, 5.4; and SIMD, threads,
// tail calls, both kinds of exception handling, typed references, GC, wide arithmetic, relaxed SIMD, multi-memory, memory64).
// Depends on nothing.

/** Immediates behind an opcode. Plain LEB indices are counted; the rest have shapes of their own. */
export const SHAPE = {
  unknown: 0,
  none: 1,
  index: 2, // one u32
  index2: 3, // two u32
  memarg: 4,
  memargLane: 5,
  byte: 6,
  bytes4: 7,
  bytes8: 8,
  bytes16: 9,
  leb32: 10,
  leb64: 11,
  block: 12, // a block type
  label: 13, // br, br_if, rethrow, delegate, br_on_null ...
  branchTable: 14,
  heapType: 15,
  valueTypes: 16, // select t*
  castBranch: 17, // br_on_cast: flags, label, two heap types
  tryTable: 18, // a block type and catch clauses
  prefix: 19, // a second opcode follows
} as const;

const S = SHAPE;

function table(size: number, rows: readonly (readonly [first: number, last: number, shape: number])[]): Uint8Array {
  const shapes = new Uint8Array(size);
  for (const [first, last, shape] of rows) shapes.fill(shape, first, last + 1);
  return shapes;
}

export const OP = {
  unreachable: 0x00, nop: 0x01, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, try: 0x06, catch: 0x07, throw: 0x08, rethrow: 0x09,
  throwRef: 0x0a, end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e, return: 0x0f, call: 0x10, callIndirect: 0x11, returnCall: 0x12,
  returnCallIndirect: 0x13, callRef: 0x14, returnCallRef: 0x15, delegate: 0x18, catchAll: 0x19, drop: 0x1a, tryTable: 0x1f,
  localGet: 0x20, localSet: 0x21, localTee: 0x22, globalGet: 0x23, globalSet: 0x24, memoryGrow: 0x40, i32Const: 0x41, i64Const: 0x42,
  i64LtS: 0x53, i64Add: 0x7c, i64Sub: 0x7d, i64ExtendI32U: 0xad, i64ShrU: 0x88, brOnNull: 0xd5, brOnNonNull: 0xd6,
  gc: 0xfb, misc: 0xfc, simd: 0xfd, atomic: 0xfe,
} as const; // prettier-ignore

// prettier-ignore
export const ONE_BYTE = table(256, [
  [0x00, 0x01, S.none],        // unreachable nop
  [0x02, 0x04, S.block],       // block loop if
  [0x05, 0x05, S.none],        // else
  [0x06, 0x06, S.block],       // try
  [0x07, 0x08, S.index],       // catch throw
  [0x09, 0x09, S.label],       // rethrow
  [0x0a, 0x0b, S.none],        // throw_ref end
  [0x0c, 0x0d, S.label],       // br br_if
  [0x0e, 0x0e, S.branchTable],
  [0x0f, 0x0f, S.none],        // return
  [0x10, 0x10, S.index],       // call
  [0x11, 0x11, S.index2],      // call_indirect
  [0x12, 0x12, S.index],       // return_call
  [0x13, 0x13, S.index2],      // return_call_indirect
  [0x14, 0x15, S.index],       // call_ref return_call_ref
  [0x18, 0x18, S.label],       // delegate
  [0x19, 0x1b, S.none],        // catch_all drop select
  [0x1c, 0x1c, S.valueTypes],  // select t*
  [0x1f, 0x1f, S.tryTable],
  [0x20, 0x26, S.index],       // local.* global.* table.get table.set
  [0x28, 0x3e, S.memarg],      // loads and stores
  [0x3f, 0x40, S.index],       // memory.size memory.grow
  [0x41, 0x41, S.leb32],
  [0x42, 0x42, S.leb64],
  [0x43, 0x43, S.bytes4],
  [0x44, 0x44, S.bytes8],
  [0x45, 0xc4, S.none],        // numeric
  [0xd0, 0xd0, S.heapType],    // ref.null
  [0xd1, 0xd1, S.none],        // ref.is_null
  [0xd2, 0xd2, S.index],       // ref.func
  [0xd3, 0xd4, S.none],        // ref.eq ref.as_non_null
  [0xd5, 0xd6, S.label],       // br_on_null br_on_non_null
  [0xfb, 0xfe, S.prefix],
]);

// prettier-ignore
const GC = table(31, [
  [0, 1, S.index],             // struct.new struct.new_default
  [2, 5, S.index2],            // struct.get* struct.set
  [6, 7, S.index],             // array.new array.new_default
  [8, 10, S.index2],           // array.new_fixed array.new_data array.new_elem
  [11, 14, S.index],           // array.get* array.set
  [15, 15, S.none],            // array.len
  [16, 16, S.index],           // array.fill
  [17, 19, S.index2],          // array.copy array.init_data array.init_elem
  [20, 23, S.heapType],        // ref.test ref.cast
  [24, 25, S.castBranch],
  [26, 30, S.none],            // any.convert_extern extern.convert_any ref.i31 i31.get_*
]);

// prettier-ignore
const MISC = table(23, [
  [0, 7, S.none],              // saturating conversion
  [8, 8, S.index2],            // memory.init
  [9, 9, S.index],             // data.drop
  [10, 10, S.index2],          // memory.copy
  [11, 11, S.index],           // memory.fill
  [12, 12, S.index2],          // table.init
  [13, 13, S.index],           // elem.drop
  [14, 14, S.index2],          // table.copy
  [15, 17, S.index],           // table.grow table.size table.fill
  [19, 22, S.none],            // wide arithmetic
]);

// prettier-ignore
const SIMD = table(0x114, [
  [0, 11, S.memarg],
  [12, 13, S.bytes16],         // v128.const i8x16.shuffle
  [14, 20, S.none],
  [21, 34, S.byte],            // lanes
  [35, 83, S.none],
  [84, 91, S.memargLane],
  [92, 93, S.memarg],
  [94, 255, S.none],
  [0x100, 0x113, S.none],      // relaxed
]);

// prettier-ignore
const ATOMIC = table(0x4f, [
  [0x00, 0x02, S.memarg],      // notify wait32 wait64
  [0x03, 0x03, S.byte],        // fence
  [0x10, 0x4e, S.memarg],
]);

/** Operators after which the next instruction is not reached. */
export const ENDS_PATH = operators(0x00, 0x08, 0x09, 0x0a, 0x0c, 0x0e, 0x0f, 0x12, 0x13, 0x15); // unreachable throw* br br_table return*

/** Operators that do more than compute: blocks, branches, calls, bulk operations. For the others there is a fast path. */
export const STEERS = table(256, [
  [0x00, 0x00, 1],
  [0x02, 0x19, 1],
  [0x1f, 0x1f, 1],
  [0xd5, 0xd6, 1],
  [0xfb, 0xfc, 1],
]);

function operators(...ops: number[]): Uint8Array {
  const set = new Uint8Array(256);
  for (const op of ops) set[op] = 1;
  return set;
}

/** Shapes of the two-part opcodes, by first byte. */
export const PREFIXED: Record<number, Uint8Array> = { 0xfb: GC, 0xfc: MISC, 0xfd: SIMD, 0xfe: ATOMIC };
