// The firmware interface that the kernel calls with ecall from S-mode: SBI 2.0 with BASE, TIME, IPI, RFENCE, HSM, SRST and
// DBCN. Anything else is NOT_SUPPORTED. Depends on hart, bus and mmu. Source: RISC-V SBI specification 2.0.
import { EXIT_CRASH, EXIT_POWEROFF, EXIT_REBOOT, PAGE_BYTES } from "../abi";
import { BOARD_PTR } from "../layout";
import { flushTranslations } from "../hart/flush";
import { SSIP, updateStimecmp } from "../hart/csr";
import { harts } from "../hart/lines";
import { hartAt, Hart } from "../hart/state";
import { mtime } from "../hart/time";
import { isRam, ramPtr } from "../bus/ram";
import { serialWrite } from "../bus/serial";

const EID_BASE: u64 = 0x10;
const EID_TIME: u64 = 0x54494d45;
const EID_IPI: u64 = 0x735049;
const EID_RFENCE: u64 = 0x52464e43;
const EID_HSM: u64 = 0x48534d;
const EID_SRST: u64 = 0x53525354;
const EID_DBCN: u64 = 0x4442434e;

const SUCCESS: i64 = 0;
const ERR_FAILED: i64 = -1;
const ERR_NOT_SUPPORTED: i64 = -2;
const ERR_INVALID_PARAM: i64 = -3;
const ERR_ALREADY_AVAILABLE: i64 = -6;

const SPEC_VERSION: u64 = 2 << 24;
const IMPLEMENTATION_ID: u64 = 0x57617264; // "Ward": not one of the registered ones
const IMPLEMENTATION_VERSION: u64 = 1;
const DBCN_MAX_BYTES: u64 = 4096;

const RESET_PTR: usize = BOARD_PTR + 224; // u32, an EXIT_ constant, 0: none asked for

const A0: u32 = 10;
const A1: u32 = 11;
const A6: u32 = 16;
const A7: u32 = 17;

export function sbiReset(): void {
  store<u32>(RESET_PTR, 0);
}

/** The reset that the guest asked for: an EXIT_ constant, or 0. */
export function sbiExit(): u32 {
  return load<u32>(RESET_PTR);
}

/** Answers the call in a7 (extension), a6 (function), a0 ...: error in a0, value in a1. */
export function sbiCall(h: Hart): void {
  const fid = h.reg(A6);
  switch (h.reg(A7)) {
    case EID_BASE: base(h, fid); break;
    case EID_TIME: time(h, fid); break;
    case EID_IPI: ipi(h, fid); break;
    case EID_RFENCE: rfence(h, fid); break;
    case EID_HSM: hsm(h, fid); break;
    case EID_SRST: systemReset(h, fid); break;
    case EID_DBCN: debugConsole(h, fid); break;
    default: answer(h, ERR_NOT_SUPPORTED, 0);
  }
}

function answer(h: Hart, error: i64, value: u64): void {
  h.setReg(A0, error);
  h.setReg(A1, value);
}

function base(h: Hart, fid: u64): void {
  switch (<u32>min<u64>(fid, 7)) {
    case 0: answer(h, SUCCESS, SPEC_VERSION); break;
    case 1: answer(h, SUCCESS, IMPLEMENTATION_ID); break;
    case 2: answer(h, SUCCESS, IMPLEMENTATION_VERSION); break;
    case 3: answer(h, SUCCESS, probe(h.reg(A0))); break;
    case 4: case 5: case 6: answer(h, SUCCESS, 0); break; // mvendorid, marchid, mimpid
    default: answer(h, ERR_NOT_SUPPORTED, 0);
  }
}

function probe(eid: u64): u64 {
  const there = eid == EID_BASE || eid == EID_TIME || eid == EID_IPI || eid == EID_RFENCE || eid == EID_HSM || eid == EID_SRST || eid == EID_DBCN;
  return there ? 1 : 0;
}

function time(h: Hart, fid: u64): void {
  if (fid != 0) return answer(h, ERR_NOT_SUPPORTED, 0);
  h.stimecmp = h.reg(A0); // this firmware always turns Sstc on, which makes STIP follow stimecmp alone
  updateStimecmp(h, mtime());
  answer(h, SUCCESS, 0);
}

/** The harts that (mask, base) names, as bits; all bits set above the harts there are means a bad one was named. */
function hartMask(mask: u64, maskBase: u64): u64 {
  const all = ((<u64>1) << harts()) - 1;
  if (maskBase == u64.MAX_VALUE) return all;
  if (maskBase >= 64) return mask == 0 ? 0 : u64.MAX_VALUE;
  const named = mask << maskBase;
  return (named & ~all) != 0 || named >>> maskBase != mask ? u64.MAX_VALUE : named;
}

function ipi(h: Hart, fid: u64): void {
  if (fid != 0) return answer(h, ERR_NOT_SUPPORTED, 0);
  const named = hartMask(h.reg(A0), h.reg(A1));
  if (named == u64.MAX_VALUE) return answer(h, ERR_INVALID_PARAM, 0);
  for (let id: u32 = 0; id < harts(); id++) if ((named >>> id) & 1) hartAt(id).mip |= SSIP;
  answer(h, SUCCESS, 0);
}

/** Remote fences. fence.i needs nothing: writes to decoded pages are seen at once. */
function rfence(h: Hart, fid: u64): void {
  if (fid > 2) return answer(h, ERR_NOT_SUPPORTED, 0); // the hypervisor's fences
  const named = hartMask(h.reg(A0), h.reg(A1));
  if (named == u64.MAX_VALUE) return answer(h, ERR_INVALID_PARAM, 0);
  for (let id: u32 = 0; id < harts(); id++) if (fid != 0 && (named >>> id) & 1) flushTranslations(hartAt(id));
  answer(h, SUCCESS, 0);
}

/** One hart: it has started, and can neither start another nor stop itself. */
function hsm(h: Hart, fid: u64): void {
  const there = h.reg(A0) < <u64>harts();
  if (fid == 0) answer(h, there ? ERR_ALREADY_AVAILABLE : ERR_INVALID_PARAM, 0);
  else if (fid == 1) answer(h, ERR_FAILED, 0);
  else if (fid == 2) answer(h, there ? SUCCESS : ERR_INVALID_PARAM, 0); // 0: STARTED
  else answer(h, ERR_NOT_SUPPORTED, 0);
}

function systemReset(h: Hart, fid: u64): void {
  const type = h.reg(A0);
  const reason = h.reg(A1);
  if (fid != 0) return answer(h, ERR_NOT_SUPPORTED, 0);
  if (type > 2 || reason > 1) return answer(h, ERR_INVALID_PARAM, 0);
  store<u32>(RESET_PTR, reason == 1 ? EXIT_CRASH : type == 0 ? EXIT_POWEROFF : EXIT_REBOOT);
}

function debugConsole(h: Hart, fid: u64): void {
  if (fid == 2) {
    serialWrite(<u32>h.reg(A0) & 0xff);
    answer(h, SUCCESS, 0);
  } else if (fid == 0) {
    consoleWrite(h);
  } else if (fid == 1) {
    answer(h, consoleBuffer(h) ? SUCCESS : ERR_INVALID_PARAM, 0); // nothing to read: input goes to the UART
  } else {
    answer(h, ERR_NOT_SUPPORTED, 0);
  }
}

/** True where the buffer (a0 bytes at a2:a1) lies in RAM. */
function consoleBuffer(h: Hart): bool {
  const len = h.reg(A0);
  const pa = h.reg(A1);
  return h.reg(12) == 0 && (len == 0 || (isRam(pa) && isRam(pa + len - 1) && pa + len > pa));
}

/** Writes at most DBCN_MAX_BYTES and says how many. */
function consoleWrite(h: Hart): void {
  const wanted = h.reg(A0);
  const pa = h.reg(A1);
  if (!consoleBuffer(h)) return answer(h, ERR_INVALID_PARAM, 0);
  const len = min(wanted, DBCN_MAX_BYTES);
  let ptr: usize = 0;
  for (let n: u64 = 0; n < len; n++) {
    if (ptr == 0 || ((pa + n) & (PAGE_BYTES - 1)) == 0) ptr = ramPtr(pa + n);
    serialWrite(load<u8>(ptr++));
  }
  answer(h, SUCCESS, len);
}
