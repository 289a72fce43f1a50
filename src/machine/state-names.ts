// The names of what Machine.state() gives, in its order (assembly/machine/snapshot.ts). Depends on nothing.
const numbered = (letter: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${letter}${n}`);

// prettier-ignore
export const STATE_NAMES: readonly string[] = [
  "instructions", "traps", "interrupts", "firmware calls", "pc",
  ...numbered("x", 32),
  ...numbered("f", 32),
  "privilege", "waiting", "fpState", "fcsr", "cycleOffset", "instretOffset",
  "mstatus", "medeleg", "mideleg", "mie", "mip", "lines", "mtvec", "mcounteren", "menvcfg", "mcountinhibit", "mscratch", "mepc", "mcause",
  "mtval", "pmpcfg0", "pmpcfg2",
  "stvec", "scounteren", "senvcfg", "sscratch", "sepc", "scause", "stval", "stimecmp", "satp",
  "reservedPa", "reservedValue",
  ...numbered("pmpaddr", 16),
  ...numbered("interrupt lines ", 3),
  "mtimeOffset",
];
