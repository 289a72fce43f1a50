// CSR instructions and privileged instructions of the interpreter. Those that change what runs next leave the run loop,
// with pc already right. Depends on hart, bus, mmu and isa.
import { MSTATUS_TSR, MSTATUS_TVM, MSTATUS_TW } from "../hart/context";
import { flushAsid, flushTranslations } from "../hart/flush";
import { ASID_MASK } from "../hart/spaces";
import { csrRead, csrValue, csrWrite, softwareBits } from "../hart/csr";
import { Hart, PRIV_M, PRIV_S, PRIV_U } from "../hart/state";
import { CAUSE_ECALL_U, CAUSE_ILLEGAL, pendingBits, returnFromMachine, returnFromSupervisor } from "../hart/trap";
import { endTurn, TURN_LOOK } from "../bus/turn";
import { fenceAddress } from "../mmu/tlb";
import { Insn } from "../isa/insn";
import { CSR_SET, CSR_WRITE } from "../isa/priv";
import { Interpreter } from "./interpreter";

const CSR_SATP: u32 = 0x180;

/** An illegal instruction; tval holds its bits. */
export function illegal(m: Interpreter, i: Insn): bool {
  const raw = m.hart.rawBase + ((i.ptr - m.hart.codeBase) >>> 2);
  const low = <u32>load<u16>(raw);
  // The second half of a full instruction in the page's last halfword stands behind the scratch page's bytes.
  const bits = (low & 3) == 3 ? low | ((<u32>load<u16>(raw, 2)) << 16) : low;
  return m.trap(i, CAUSE_ILLEGAL, bits);
}

/** csrrw, csrrs, csrrc and their immediate forms. rs1 = x0 (or 0) means no write for set and clear. */
export function csr(m: Interpreter, i: Insn, op: u32, operand: i64): bool {
  const h = m.hart;
  const num = (<u32>i.imm) & 0xfff;
  const writes = op == CSR_WRITE || i.rs1 != 0;
  if (writes && num >>> 10 == 3) return illegal(m, i);
  let old: u64 = 0;
  if (op != CSR_WRITE || i.rd != 0) {
    if (!csrRead(h, num)) return illegal(m, i);
    old = csrValue;
  }
  if (writes) {
    const base = softwareBits(h, num, old);
    const value = op == CSR_WRITE ? operand : op == CSR_SET ? base | operand : base & ~operand;
    if (!csrWrite(h, num, value)) return illegal(m, i);
  }
  m.putAny(i.rd, old);
  if (!writes) return true;
  if (num == CSR_SATP) endTurn(TURN_LOOK); // what was set aside and put back may have taken the time of many instructions
  // The next fetch may translate differently; or an interrupt may be enabled or raised now.
  if (num == CSR_SATP || num >>> 4 == 0x3a || num >>> 6 == 0xe || pendingBits(h) & h.mie) return m.leaveAfter(i);
  return true;
}

export function ecall(m: Interpreter, i: Insn): bool {
  const h = m.hart;
  if (h.priv == PRIV_S && h.sbiBuiltIn) {
    h.sbiPending = 1;
    h.calls++;
    h.pc = m.pcOf(i) + (i.step >>> 2); // an ecall does not retire
    return false;
  }
  return m.trap(i, CAUSE_ECALL_U + h.priv, 0);
}

export function mret(m: Interpreter, i: Insn): bool {
  const h = m.hart;
  if (h.priv != PRIV_M) return illegal(m, i);
  h.retired++;
  returnFromMachine(h);
  return false;
}

export function sret(m: Interpreter, i: Insn): bool {
  const h = m.hart;
  if (h.priv == PRIV_U || (h.priv == PRIV_S && h.mstatus & MSTATUS_TSR)) return illegal(m, i);
  h.retired++;
  returnFromSupervisor(h);
  return false;
}

export function wfi(m: Interpreter, i: Insn): bool {
  const h = m.hart;
  if (h.priv == PRIV_U || (h.priv == PRIV_S && h.mstatus & MSTATUS_TW)) return illegal(m, i);
  if (!(pendingBits(h) & h.mie)) h.waiting = 1;
  return m.leaveAfter(i);
}

/** wrs.nto, wrs.sto: a wait may end at any time, so it ends at once. */
export function waitReserved(m: Interpreter, i: Insn, forever: bool): bool {
  const h = m.hart;
  if (forever && h.priv != PRIV_M && h.mstatus & MSTATUS_TW) return illegal(m, i);
  return true;
}

function fenceAllowed(h: Hart): bool {
  return h.priv == PRIV_M || (h.priv == PRIV_S && !(h.mstatus & MSTATUS_TVM));
}

/** sfence.vma and sinval.vma. One address is forgotten of all spaces, whatever the ASID. */
export function fenceVma(m: Interpreter, i: Insn, va: u64, asid: u64): bool {
  const h = m.hart;
  if (!fenceAllowed(h)) return illegal(m, i);
  if (i.rs1 == 0 && i.rs2 == 0) flushTranslations(h);
  else if (i.rs1 == 0) flushAsid(h, asid & ASID_MASK);
  else fenceAddress(h, va);
  return m.leaveAfter(i);
}

export function fenceInval(m: Interpreter, i: Insn): bool {
  return m.hart.priv == PRIV_U ? illegal(m, i) : true;
}
