// What the loads and stores of a trace touch, looked up before they are come to. Those whose addresses are one value and constants, as fields
// of a record or of a frame are, or what a loop moves along in several rounds, make a group. Where its value is first known, most often where
// the trace begins, one look into the TLB's table says where the group's memory is, and that it is on one page. If not, the region is left
// there, to the interpreter, or a single round is made instead; behind it, none of the group's accesses can leave, so that what is computed
// between them need not be in the hart, and V8 may leave it out. Depends on isa, apart, discover, exits, frame, memory, registers and trace.
import { PAGE_BYTES } from "../abi";
import { accessBytes, isStore } from "../isa/generated/kinds";
import { OP_ADD, OP_ADDI, OP_BEQ, OP_BGEU, OP_FLD, OP_FLW } from "../isa/generated/ops";
import { Insn } from "../isa/insn";
import { areApart, SEEN_PTR } from "./apart";
import { blockAt, entryHw, insnAt, lengthOf, mode, slotOf } from "./discover";
import { leave } from "./exits";
import { access, branch, close, get, i32Const, i64Const, open, set, VA } from "./frame";
import { lookUp, pushPointer } from "./memory";
import { getX, groupLocal, reserveGroups } from "./registers";
import { traceBlock, traced, tracedAt, tracedInsns, traceRounds } from "./trace";
import { byte, hintUnlikely } from "./writer";
import * as op from "./wasm";

/** Instructions of a trace, behind which each access is looked up by itself; and groups. */
const MAX_PLANNED: u32 = 1024;
const MAX_GROUPS: u32 = 12;
/** Bytes from a group's first access to the end of its last: of as many places in a page, one in 16 is on the next one, too. */
const MAX_SPAN: i32 = 256;
/** The same of what is looked up before several rounds, which can be made one by one where it lies on two pages. */
const MAX_SPAN_OF_ROUNDS: i32 = 1024;
/** What may be added to a value for it to be the same. */
const MAX_SUM: i32 = 0x4000;
/** Values: what the registers hold when the trace begins; then what instruction n makes. */
const MADE: u32 = 32;
/** Of a group: it is looked up already. */
const DONE: u32 = 0xffffffff;


@unmanaged
class Group {
  value: u32;
  at: u32; // the instruction before which it is looked up
  hw: u32; // of its first access in the code
  base: u32; // a register that then holds the value
  sum: i32; // and this added to it
  size: i32; // of its first access, in bytes
  low: i32; // where it begins, from the value
  high: i32; // where its last byte ends
  maxSpan: i32;
  members: u32;
  writes: bool;
}

const GROUP_BYTES: u32 = 44;
const GROUPS_PTR: usize = memory.data(MAX_GROUPS * GROUP_BYTES);
let groups: u32 = 0;
/** Of each instruction: its group and 1, 0 for none, u8; and where it accesses, from the group's value, i16. */
const GROUP_OF: usize = memory.data(MAX_PLANNED);
const PLACE_OF: usize = memory.data(MAX_PLANNED * 2);
/** Of each register: its value without what was added to it, u16, and that, i32. */
const VALUE_OF: usize = memory.data(32 * 2);
const SUM_OF: usize = memory.data(32 * 4);
let traceSlot: usize = 0;
let maxSpan: i32 = 0;

/** The group of the instruction at hand and 1, 0 for none; and where it accesses, from where the group begins. */
export let group: u32 = 0;
export let offset: u32 = 0;


@inline
function groupAt(g: u32): Group {
  return changetype<Group>(GROUPS_PTR + <usize>g * GROUP_BYTES);
}


@inline
function valueOf(r: u32): u32 {
  return load<u16>(VALUE_OF + ((<usize>r) << 1));
}


@inline
function sumOf(r: u32): i32 {
  return load<i32>(SUM_OF + ((<usize>r) << 2));
}

function setValue(r: u32, value: u32, sum: i32): void {
  store<u16>(VALUE_OF + ((<usize>r) << 1), <u16>value);
  store<i32>(SUM_OF + ((<usize>r) << 2), sum);
}

/** Finds the groups of a block alone. */
export function planBlock(index: u32): void {
  traceBlock(index);
  maxSpan = MAX_SPAN;
  plan();
}

/** Finds those of rounds that begin with a block; false where no such are to be written. */
export function planRounds(head: u32): bool {
  if (!traceRounds(head)) return false;
  maxSpan = MAX_SPAN_OF_ROUNDS;
  plan();
  return true;
}

function plan(): void {
  groups = 0;
  const count = min(tracedInsns, MAX_PLANNED);
  memory.fill(GROUP_OF, 0, count);
  traceSlot = slotOf(blockAt(tracedAt(0)).start);
  for (let r: u32 = 0; r < 32; r++) setValue(r, r, 0);
  let k: u32 = 0;
  for (let place: u32 = 0; place < traced; place++) {
    const block = blockAt(tracedAt(place));
    const end = min(k + block.count, count);
    for (let hw = block.start; k < end; k++, hw += lengthOf(insnAt(hw))) {
      const i = insnAt(hw);
      if (accessBytes(i.op & 0xfff) != 0 && i.rs1 != 0) join(k, hw, i);
      noteResult(k, i);
    }
  }
  reserveGroups(groups);
  for (let k: u32 = 0; k < count; k++)
    if (load<u8>(GROUP_OF + k) != 0 && !isLookedUp(load<u8>(GROUP_OF + k) - 1)) store<u8>(GROUP_OF + k, 0);
}

/** A single access whose address the trace makes is looked up in its place. */
function isLookedUp(g: u32): bool {
  return groupAt(g).at == 0 || groupAt(g).members > 1;
}

/** What instruction `k` does to the values of registers; that of an f register is taken for one of an x register. A branch has no rd, but bits of its offset there. */
function noteResult(k: u32, i: Insn): void {
  const opcode = i.op & 0xfff;
  const rd = i.rd >>> 3;
  if (rd == 0 || isStore(opcode) || opcode == OP_FLD || opcode == OP_FLW || (opcode >= OP_BEQ && opcode <= OP_BGEU)) return;
  if (opcode == OP_ADDI) copyValue(k, rd, i.rs1 >>> 3, <i32>i.imm);
  else if (opcode == OP_ADD && i.rs1 == 0) copyValue(k, rd, i.rs2 >>> 3, 0);
  else setValue(rd, MADE + k, 0);
}

function copyValue(k: u32, rd: u32, rs: u32, added: i32): void {
  const sum = sumOf(rs) + added;
  if (rs == 0 || sum > MAX_SUM || sum < -MAX_SUM) setValue(rd, MADE + k, 0);
  else setValue(rd, valueOf(rs), sum);
}

/** Instruction `k`, a load or store at `hw`, joins a group of its value, or makes one. */
function join(k: u32, hw: u32, i: Insn): void {
  const base = i.rs1 >>> 3;
  const value = valueOf(base);
  const place = sumOf(base) + <i32>i.imm;
  const size = <i32>accessBytes(i.op & 0xfff);
  let g: u32 = 0;
  while (g < groups && !takes(groupAt(g), value, place, size)) g++;
  if (g == MAX_GROUPS) return;
  const group = groupAt(g);
  if (g == groups) {
    groups++;
    const isFirst = value < MADE;
    group.value = value;
    group.at = isFirst ? 0 : k;
    group.hw = hw;
    group.base = isFirst ? value : base;
    group.sum = isFirst ? 0 : sumOf(base);
    group.size = size;
    group.low = place;
    group.high = place + size;
    group.maxSpan = areApart(isFirst ? traceSlot : slotOf(hw), mode) ? 0 : isFirst ? maxSpan : MAX_SPAN;
    group.members = 0;
    group.writes = false;
  }
  group.low = min(group.low, place);
  group.high = max(group.high, place + size);
  group.members++;
  if (isStore(i.op & 0xfff)) group.writes = true;
  store<u8>(GROUP_OF + k, <u8>(g + 1));
  store<i16>(PLACE_OF + ((<usize>k) << 1), <i16>place);
}

function takes(group: Group, value: u32, place: i32, size: i32): bool {
  const span = max(group.high, place + size) - min(group.low, place);
  return group.value == value && span <= max(group.maxSpan, group.size);
}

/** Instruction `k` of the trace begins. */
export function beginAccess(k: u32): void {
  group = k < MAX_PLANNED ? load<u8>(GROUP_OF + k) : 0;
  if (group != 0) offset = load<i16>(PLACE_OF + ((<usize>k) << 1)) - groupAt(group - 1).low;
}

/** True for the instruction at hand where it is a load or store that is looked up in its place. */
export function isAlone(i: Insn): bool {
  return group == 0 && accessBytes(i.op & 0xfff) != 0;
}

/** Puts where the group of the instruction at hand begins on the stack. */
export function pushGroup(): void {
  get(groupLocal(group - 1));
}

/** True where groups are looked up before instruction `k`. */
export function hasGuards(k: u32): bool {
  for (let g: u32 = 0; g < groups; g++) if (isGuardedAt(g, k)) return true;
  return false;
}

/** Looks up the groups whose value is known from where the trace begins; what fails goes to label `aside`. */
export function writeFirstGuards(aside: u32): void {
  for (let g: u32 = 0; g < groups; g++) {
    if (!isGuardedAt(g, 0)) continue;
    writeGuard(g, aside, aside);
    groupAt(g).at = DONE;
  }
}

/** Looks up the groups whose value is known from instruction `k` on; there are some. The instruction at hand is that one. */
export function writeGuards(k: u32): void {
  const done = open(op.BLOCK);
  const fails = open(op.BLOCK);
  let isApart = fails;
  for (let g: u32 = 0; g < groups; g++) if (isGuardedAt(g, k) && spans(groupAt(g))) isApart = fails + 1;
  if (isApart != fails) open(op.BLOCK);
  for (let g: u32 = 0; g < groups; g++) if (isGuardedAt(g, k)) writeGuard(g, fails, isApart);
  branch(op.BR, done);
  if (isApart != fails) {
    close();
    i32Const(<i32>SEEN_PTR);
    i32Const(1);
    access(op.I32_STORE, 0);
  }
  close();
  leave();
  close();
}


@inline
function isGuardedAt(g: u32, k: u32): bool {
  return groupAt(g).at == k && isLookedUp(g);
}

/** True where a group may lie on two pages: not where it is within its first access, which then must be aligned. */
@inline
function spans(group: Group): bool {
  return group.high - group.low > group.size;
}

function writeGuard(g: u32, fails: u32, isApart: u32): void {
  const group = groupAt(g);
  getX(group.base);
  if (group.low != group.sum) {
    i64Const(group.low - group.sum);
    byte(op.I64_ADD);
  }
  set(VA);
  lookUp(group.writes, spans(group) ? 1 : group.size, group.hw - entryHw, fails);
  if (spans(group)) {
    get(VA);
    byte(op.I32_WRAP_I64);
    i32Const(<i32>PAGE_BYTES - 1);
    byte(op.I32_AND);
    i32Const(<i32>PAGE_BYTES - (group.high - group.low));
    byte(op.I32_GT_U);
    hintUnlikely();
    branch(op.BR_IF, isApart);
  }
  pushPointer(group.writes);
  set(groupLocal(g));
}
