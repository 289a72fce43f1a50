// A machine on its own that runs a guest's code in M-mode, for looks at what it counts.
import { Machine, type MachineOptions } from "../../src/machine/machine.js";
import { type Guest, RAM_PA } from "../differential/loops/agree.js";
import type { GuestCode } from "../differential/loops/guest-code.js";

const RAM_BYTES = 2 ** 26;

/** Of the engine "translate" where `options` say nothing else. */
export function startBare(code: GuestCode | Guest["loads"], options: Partial<MachineOptions> = {}): Machine {
  const loads = "bytes" in code ? [{ pa: RAM_PA, bytes: code.bytes() }] : [...code];
  const machine = new Machine({ ramBytes: RAM_BYTES, engine: "translate", onSerial() {}, ...options });
  machine.start({ entryPa: RAM_PA, mode: "M", a0: 0, a1: 0, a2: 0, firmware: "none", loads });
  return machine;
}
