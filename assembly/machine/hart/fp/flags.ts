// Exception flags that floating-point operations raise, with the bit numbers of fcsr.fflags. Depends on nothing.
// `raised` only gathers: a caller clears it before an operation (or a run of them) and ORs it into fcsr after.
// RISC-V unprivileged specification, "F", section "Floating-Point Control and Status Register".

export const NX: u32 = 1; // inexact
export const UF: u32 = 2; // underflow
export const OF: u32 = 4; // overflow
export const DZ: u32 = 8; // divide by zero
export const NV: u32 = 16; // invalid operation

/** Flags since the last `clearRaised`: a transient result, no part of a machine's state. */
export let raised: u32 = 0;

// @ts-ignore: decorator
@inline
export function raise(bits: u32): void {
  raised |= bits;
}

// @ts-ignore: decorator
@inline
export function clearRaised(): void {
  raised = 0;
}
