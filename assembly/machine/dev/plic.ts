// PLIC: collects the levels of the interrupt lines and offers each hart, in M and in S mode, the most urgent source.
// Depends on bus/irq and hart lines. RISC-V PLIC specification 1.0.0. All registers are 32 bits wide.
//
//   0x000000 + 4s        priority of source s            0x200000 + 0x1000c      threshold of context c
//   0x001000 + 4w        pending, 32 sources a word      0x200004 + 0x1000c      claim (read), complete (write)
//   0x002000 + 0x80c     enables of context c            context 2h is hart h in M mode, 2h + 1 in S mode
import { MAX_HARTS, PLIC_SOURCES } from "../abi";
import { lines } from "../bus/irq";
import { harts, setHartLine } from "../hart/lines";
import { PLIC_STATE_PTR } from "./layout";

const PENDING: u32 = 0x1000;
const ENABLE: u32 = 0x2000;
const ENABLE_STRIDE_SHIFT: u32 = 7;
const CONTEXT: u32 = 0x200000;
const CONTEXT_STRIDE_SHIFT: u32 = 12;
const CLAIM: u32 = 4;

const PRIORITY_MASK: u32 = 7;
const WORDS: u32 = PLIC_SOURCES >> 5;
const CONTEXTS: u32 = MAX_HARTS * 2;
const MIP_SEIP: u32 = 9;
const MIP_MEIP: u32 = 11;

const PRIORITY_PTR: usize = PLIC_STATE_PTR; // u32 a source
const PENDING_PTR: usize = PLIC_STATE_PTR + 0x200; // WORDS x u32
const CLAIMED_PTR: usize = PLIC_STATE_PTR + 0x210; // WORDS x u32: claimed and not yet completed
const THRESHOLD_PTR: usize = PLIC_STATE_PTR + 0x240; // u32 a context
const ENABLE_PTR: usize = PLIC_STATE_PTR + 0x300; // 4 x u32 a context

export function plicReset(): void {
  memory.fill(PLIC_STATE_PTR, 0, 0x300 + CONTEXTS * 16);
  plicUpdate();
}

/** Lets the gateways look at the lines, then recomputes the interrupt of every context. */
export function plicUpdate(): void {
  latch();
  const contexts = harts() * 2;
  for (let context: u32 = 0; context < contexts; context++) {
    const threshold = load<u32>(THRESHOLD_PTR + (context << 2));
    const source = mostUrgent(context);
    const level = source != 0 && priorityOf(source) > threshold;
    setHartLine(context >> 1, (context & 1) != 0 ? MIP_SEIP : MIP_MEIP, level);
  }
}

/** `size` is 4. */
export function plicLoad(offset: u32): u32 {
  if (offset < PENDING) {
    const source = offset >> 2;
    return source < <u32>PLIC_SOURCES ? priorityOf(source) : 0;
  }
  if (offset < ENABLE) {
    const word = (offset - PENDING) >> 2;
    return word < WORDS ? load<u32>(PENDING_PTR + (word << 2)) : 0;
  }
  if (offset < CONTEXT) {
    const ptr = enablePtr(offset);
    return ptr != 0 ? load<u32>(ptr) : 0;
  }
  const context = (offset - CONTEXT) >> CONTEXT_STRIDE_SHIFT;
  if (context >= harts() * 2) return 0;
  const register = offset & 0xfff;
  if (register == 0) return load<u32>(THRESHOLD_PTR + (context << 2));
  return register == CLAIM ? claim(context) : 0;
}

export function plicStore(offset: u32, value: u32): void {
  if (offset < PENDING) {
    const source = offset >> 2;
    if (source != 0 && source < <u32>PLIC_SOURCES) store<u32>(PRIORITY_PTR + (source << 2), value & PRIORITY_MASK);
  } else if (offset < ENABLE) {
    return; // pending bits are read-only
  } else if (offset < CONTEXT) {
    const ptr = enablePtr(offset);
    // Source 0 does not exist: bit 0 of the first word stays clear.
    if (ptr != 0) store<u32>(ptr, (ptr & 15) == 0 ? value & ~1 : value);
  } else {
    const context = (offset - CONTEXT) >> CONTEXT_STRIDE_SHIFT;
    if (context >= harts() * 2) return;
    const register = offset & 0xfff;
    if (register == 0) store<u32>(THRESHOLD_PTR + (context << 2), value & PRIORITY_MASK);
    else if (register == CLAIM) complete(context, value);
    else return;
  }
  plicUpdate();
}

function latch(): void {
  for (let word: u32 = 0; word < WORDS; word++) {
    const at = word << 2;
    const raised = lines(word) & ~load<u32>(CLAIMED_PTR + at);
    store<u32>(PENDING_PTR + at, load<u32>(PENDING_PTR + at) | raised);
  }
}


@inline
function priorityOf(source: u32): u32 {
  return load<u32>(PRIORITY_PTR + (source << 2));
}

/** The pending, enabled source of the highest priority above 0, the lowest number winning a tie; 0 for none. */
function mostUrgent(context: u32): u32 {
  let best: u32 = 0;
  let bestPriority: u32 = 0;
  for (let word: u32 = 0; word < WORDS; word++) {
    let bits = load<u32>(PENDING_PTR + (word << 2)) & load<u32>(ENABLE_PTR + (context << 4) + (word << 2));
    while (bits != 0) {
      const source = (word << 5) + ctz(bits);
      if (priorityOf(source) > bestPriority) {
        best = source;
        bestPriority = priorityOf(source);
      }
      bits &= bits - 1;
    }
  }
  return best;
}

/** The threshold does not hold a claim back (PLIC specification, section 9). */
function claim(context: u32): u32 {
  latch();
  const source = mostUrgent(context);
  if (source != 0) {
    const at = (source >> 5) << 2;
    const bit = (<u32>1) << (source & 31);
    store<u32>(PENDING_PTR + at, load<u32>(PENDING_PTR + at) & ~bit);
    store<u32>(CLAIMED_PTR + at, load<u32>(CLAIMED_PTR + at) | bit);
  }
  plicUpdate();
  return source;
}

/** Ignored unless the source is enabled for this context, as the specification asks. */
function complete(context: u32, source: u32): void {
  if (source >= <u32>PLIC_SOURCES) return;
  const at = (source >> 5) << 2;
  const bit = (<u32>1) << (source & 31);
  if ((load<u32>(ENABLE_PTR + (context << 4) + at) & bit) == 0) return;
  store<u32>(CLAIMED_PTR + at, load<u32>(CLAIMED_PTR + at) & ~bit);
}

function enablePtr(offset: u32): usize {
  const context = (offset - ENABLE) >> ENABLE_STRIDE_SHIFT;
  const word = (offset & ((1 << ENABLE_STRIDE_SHIFT) - 1)) >> 2;
  return context < harts() * 2 && word < WORDS ? ENABLE_PTR + (context << 4) + (word << 2) : 0;
}
