// The computer: power-on, and the loop that lets the hart, the devices and time take turns. Depends on every row.
import { EXIT_BUDGET, EXIT_HTIF, EXIT_IDLE } from "./abi";
import { setPriv } from "./hart/context";
import { flushTranslations } from "./hart/flush";
import { MENVCFG_ADUE, MENVCFG_CBCFE, MENVCFG_CBIE, MENVCFG_CBZE, MENVCFG_STCE, updateStimecmp } from "./hart/csr";
import { setHarts } from "./hart/lines";
import { setPmpAddr, setPmpCfg } from "./hart/pmp";
import { Hart, hartAt, PRIV_M, PRIV_S } from "./hart/state";
import { startTables } from "./hart/tables";
import { mtime, mtimeAt } from "./hart/time";
import { pendingBits, takeInterrupt } from "./hart/trap";
import { now } from "./host";
import { scratchInit } from "./mmu/fetch";
import { ramInit } from "./bus/ram";
import { takeTurn, TURN_LOOK, TURN_OVER } from "./bus/turn";
import { boardInit, deviceTick, nextDeviceDeadline } from "./dev/board";
import { clintDeadline, clintTick } from "./dev/clint";
import { finisherCode, finisherExit } from "./dev/finisher";
import { htifEnded, htifInit, htifStatus } from "./dev/htif";
import { sbiCall, sbiExit, sbiReset } from "./sbi/sbi";
import { execute } from "./translate/translate";
import { TLB_PTR } from "./layout";

/** Instructions between two looks at the clock: a quarter of a millisecond or less. */
const SLICE_INSNS: i32 = 20000;
const A0: u32 = 10;
const MIP_STIP: u64 = 1 << 5;

/** Makes the machine: `ramBytes` of RAM, an empty board, one hart that is not yet told where to start. Call once. */
export function machineInit(ramBytes: u64): void {
  ramInit(ramBytes);
  setHarts(1);
  const h = hartAt(0);
  h.id = 0;
  h.tlbBase = TLB_PTR;
  h.stimecmp = u64.MAX_VALUE;
  h.menvcfg = MENVCFG_ADUE;
  startTables(h);
  scratchInit(h);
  boardInit();
  sbiReset();
}

/** Power-on of hart 0 at `pc` with a0, a1 and a2. In S-mode our firmware is below it; in M-mode nothing is. */
export function machineStart(pc: u64, a0: u64, a1: u64, a2: u64, supervisor: bool, tohostPa: u64, fromhostPa: u64): void {
  const h = hartAt(0);
  h.pc = pc;
  h.setReg(A0, a0);
  h.setReg(A0 + 1, a1);
  h.setReg(A0 + 2, a2);
  htifInit(tohostPa, fromhostPa);
  if (supervisor) enterAsFirmware(h);
  setPriv(h, supervisor ? PRIV_S : PRIV_M);
  flushTranslations(h);
}

/** What firmware would have set up before it entered the kernel. */
function enterAsFirmware(h: Hart): void {
  h.sbiBuiltIn = 1;
  h.medeleg = 0xb1ff; // all but ecall from S-mode
  h.mideleg = 0x222;
  h.mcounteren = 7;
  h.menvcfg = MENVCFG_STCE | MENVCFG_ADUE | MENVCFG_CBZE | MENVCFG_CBCFE | MENVCFG_CBIE;
  setPmpAddr(h, 0, u64.MAX_VALUE);
  setPmpCfg(h, 0, 0x1f); // all of memory, NAPOT, RWX
}

/** Runs about `budgetInsns` instructions, or less, and not much longer than to `untilTicks` of the host's clock; gives an EXIT_ constant. */
export function machineRun(budgetInsns: i32, untilTicks: u64): u32 {
  const h = hartAt(0);
  let left = budgetInsns;
  while (left > 0) {
    const ticks = now();
    if (ticks >= untilTicks) return EXIT_BUDGET;
    const time = mtimeAt(ticks);
    clintTick(time);
    updateStimecmp(h, time);
    deviceTick();
    let slice = min(left, SLICE_INSNS);
    left -= slice;
    while (slice > 0) {
      if (h.waiting) {
        if (!(pendingBits(h) & h.mie)) return EXIT_IDLE;
        h.waiting = 0;
      }
      takeInterrupt(h);
      const before = slice;
      slice = execute(h, slice);
      if (slice == before) slice--; // a guest whose every instruction traps uses the budget up, too
      if (h.sbiPending) {
        h.sbiPending = 0;
        sbiCall(h);
      }
      const exit = ended();
      if (exit != EXIT_BUDGET) return exit;
      const turn = takeTurn();
      if (turn == TURN_OVER) return EXIT_BUDGET;
      if (turn == TURN_LOOK) {
        left += slice;
        break;
      }
    }
  }
  return EXIT_BUDGET;
}

/** How the guest ended the run, if it did. */
function ended(): u32 {
  if (htifEnded()) return EXIT_HTIF;
  return finisherExit() != EXIT_BUDGET ? finisherExit() : sbiExit();
}

/** The guest's status after EXIT_POWEROFF or EXIT_HTIF. */
export function exitStatus(): u32 {
  return htifEnded() ? htifStatus() : finisherCode();
}

/** Ticks until a waiting machine has something to do by itself: 0 for at once, u64.MAX_VALUE for never. */
export function machineSleepTicks(): u64 {
  const h = hartAt(0);
  const time = mtime();
  let deadline = min(clintDeadline(), nextDeviceDeadline());
  // A timer that has fired already does not wake a hart that masks it.
  if (h.menvcfg & MENVCFG_STCE && !(h.lines & MIP_STIP)) deadline = min(deadline, h.stimecmp);
  if (deadline == u64.MAX_VALUE) return deadline;
  return deadline > time ? deadline - time : 0;
}
