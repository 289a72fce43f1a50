// What a guest can see of its hart and of the interrupts that reach it, RAM and devices apart: two machines of which all of it is the
// same go on alike, whichever engine runs them. Depends on every row. The host names the values: src/machine/state-names.ts.
import { PAGE_BYTES } from "./abi";
import { pmpAddr } from "./hart/pmp";
import { F_OFFSET, Hart, hartAt } from "./hart/state";
import { mtimeAt } from "./hart/time";
import { lines } from "./bus/irq";
import { physicalPage } from "./bus/ram";
import { HOST_BUFFER_PTR } from "./layout";

let nextPtr: usize = 0;

function put(value: u64): void {
  store<u64>(nextPtr, value);
  nextPtr += 8;
}

/** Writes the state to HOST_BUFFER_PTR, a u64 a value; gives how many there are. */
export function writeState(): u32 {
  const h = hartAt(0);
  nextPtr = HOST_BUFFER_PTR;
  putProgress(h);
  for (let n: u32 = 0; n < 32; n++) put(h.reg(n));
  for (let n: u32 = 0; n < 32; n++) put(load<u64>(h.ptr() + (n << 3), F_OFFSET));
  putPrivilege(h);
  putMachine(h);
  putSupervisor(h);
  putReservation(h);
  for (let n: u32 = 0; n < 16; n++) put(pmpAddr(h, n));
  for (let word: u32 = 0; word < 3; word++) put(lines(word));
  put(mtimeAt(0));
  return <u32>((nextPtr - HOST_BUFFER_PTR) >>> 3);
}

/** How far the hart is: each of its steps is one of the first four. */
function putProgress(h: Hart): void {
  put(h.retired);
  put(h.traps);
  put(h.interrupts);
  put(h.calls);
  put(h.pc);
}

function putPrivilege(h: Hart): void {
  put(h.priv);
  put(h.waiting);
  put(h.fpState);
  put(h.fcsr);
  put(h.cycleOffset);
  put(h.instretOffset);
}

function putMachine(h: Hart): void {
  put(h.mstatus);
  put(h.medeleg);
  put(h.mideleg);
  put(h.mie);
  put(h.mip);
  put(h.lines);
  put(h.mtvec);
  put(h.mcounteren);
  put(h.menvcfg);
  put(h.mcountinhibit);
  put(h.mscratch);
  put(h.mepc);
  put(h.mcause);
  put(h.mtval);
  put(h.pmpcfg);
  put(h.pmpcfg2);
}

function putSupervisor(h: Hart): void {
  put(h.stvec);
  put(h.scounteren);
  put(h.senvcfg);
  put(h.sscratch);
  put(h.sepc);
  put(h.scause);
  put(h.stval);
  put(h.stimecmp);
  put(h.satp);
}

/** By physical address: where a page stands in linear memory is the host's business. The value counts only while there is a reservation. */
function putReservation(h: Hart): void {
  const ptr = <usize>h.reservedPtr;
  put(ptr == 0 ? 0 : physicalPage(ptr & ~(PAGE_BYTES - 1)) + ((<u64>ptr) & (PAGE_BYTES - 1)));
  put(ptr == 0 ? 0 : h.reservedValue);
}
