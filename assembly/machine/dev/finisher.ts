// Test finisher: one register through which a guest ends the run. Depends on abi only.
// As SiFive's test device: the low half says how it ends, the high half carries a failure's code.
import { EXIT_POWEROFF, EXIT_REBOOT } from "../abi";
import { FINISHER_STATE_PTR } from "./layout";

const PASS: u32 = 0x5555;
const FAIL: u32 = 0x3333;
const RESET: u32 = 0x7777;

const EXIT_PTR: usize = FINISHER_STATE_PTR; // u32, an EXIT_ constant, 0 while the guest runs on
const CODE_PTR: usize = FINISHER_STATE_PTR + 4; // u32

export function finisherReset(): void {
  store<u64>(EXIT_PTR, 0);
}

/** EXIT_POWEROFF or EXIT_REBOOT once the guest asked for it, else 0. */
export function finisherExit(): u32 {
  return load<u32>(EXIT_PTR);
}

/** The guest's own exit code, 0 to 65535. */
export function finisherCode(): u32 {
  return load<u32>(CODE_PTR);
}

/** `size` is 2 or 4. */
export function finisherStore(offset: u32, value: u32): void {
  if (offset != 0) return;
  switch (value & 0xffff) {
    case PASS:
      finish(EXIT_POWEROFF, 0);
      break;
    case FAIL:
      finish(EXIT_POWEROFF, value >>> 16);
      break;
    case RESET:
      finish(EXIT_REBOOT, 0);
      break;
    default:
      break;
  }
}

function finish(exit: u32, code: u32): void {
  store<u32>(EXIT_PTR, exit);
  store<u32>(CODE_PTR, code);
}
