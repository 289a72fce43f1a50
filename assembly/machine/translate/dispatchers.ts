// The functions of a bundle by which its members leave: as those of crossing.ts, but to another member directly. Depends on bundles,
// crossing, frame, imports, module and writer.
//
//   enter, link (pc, n, depth)           numbers 0 and 1, as the helpers for which they stand
import { bundleMembers, DISPATCHERS, firstPlace } from "./bundles";
import { ENTRY, openIfKnown, pushBase } from "./crossing";
import { access, close, DEPTH, get, i32Const, N, open, PC, set, tee } from "./frame";
import { becomeHelper, HELPER_ENTER, HELPER_LINK, TYPE_ENTER } from "./imports";
import { ENTRY_PLACE, ENTRY_SELECTOR, JUMPS_BYTES } from "./jumps";
import { JUMPS_PTR } from "./layout";
import { beginTranslated, SECTION_CODE, SECTION_FUNCTION, section } from "./module";
import { byte, fillLength, reserve, unsigned } from "./writer";
import * as op from "./wasm";

const SELECTOR: u32 = 4; // locals behind ENTRY
const PLACE: u32 = 5;

/** Writes a module of these functions alone, which call those that the bundle has behind them. */
export function writeDispatchers(mode: u32): void {
  beginTranslated();
  let length = section(SECTION_FUNCTION);
  unsigned(DISPATCHERS);
  for (let n: u32 = 0; n < DISPATCHERS; n++) unsigned(TYPE_ENTER);
  fillLength(length);
  length = section(SECTION_CODE);
  unsigned(DISPATCHERS);
  writeDispatcher(HELPER_ENTER, mode);
  writeDispatcher(HELPER_LINK, mode);
  fillLength(length);
}

/** Goes on to the member that the jump cache has at PC; the helper knows the rest. */
function writeDispatcher(helper: u32, mode: u32): void {
  const length = reserve();
  unsigned(1);
  unsigned(3);
  byte(op.I32);
  i32Const(<i32>(JUMPS_PTR + <usize>mode * JUMPS_BYTES));
  openIfKnown();
  get(ENTRY);
  access(op.I32_LOAD, ENTRY_PLACE);
  i32Const(firstPlace());
  byte(op.I32_SUB);
  tee(PLACE);
  i32Const(bundleMembers());
  byte(op.I32_LT_U);
  open(op.IF);
  get(ENTRY);
  access(op.I32_LOAD16_U, ENTRY_SELECTOR);
  set(SELECTOR);
  pushBase();
  set(PC);
  writeHalf(0, bundleMembers());
  close();
  close();
  get(PC);
  get(N);
  get(DEPTH);
  becomeHelper(helper);
  byte(op.END);
  fillLength(length);
}

/** By halving: conditional jumps are foreseen better than a table's. */
function writeHalf(first: u32, end: u32): void {
  if (end - first == 1) {
    get(PC);
    get(N);
    get(DEPTH);
    get(SELECTOR);
    byte(op.RETURN_CALL);
    unsigned(DISPATCHERS + first);
    return;
  }
  const middle = (first + end) >>> 1;
  get(PLACE);
  i32Const(middle);
  byte(op.I32_LT_U);
  open(op.IF);
  writeHalf(first, middle);
  close();
  writeHalf(middle, end);
}
