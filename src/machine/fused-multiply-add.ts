// Whether WebAssembly on this host has a multiply-add that rounds once, as RISC-V's does. Relaxed SIMD leaves it to the implementation; V8 uses
// the processor's instruction where there is one. Node 20 has relaxed SIMD behind a flag, which is set here. May depend on nothing of ours.
import { setFlagsFromString } from "node:v8";

// (f64, f64, f64) -> f64: f64x2.splat each, f64x2.relaxed_madd, f64x2.extract_lane 0
const PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 0x60, 3, 0x7c, 0x7c, 0x7c, 1, 0x7c, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 22, 1, 20, 0,
  0x20, 0, 0xfd, 0x14, 0x20, 1, 0xfd, 0x14, 0x20, 2, 0xfd, 0x14, 0xfd, 0x87, 0x02, 0xfd, 0x21, 0, 0x0b,
]); // prettier-ignore

let known: boolean | undefined;

/** Found out once a process. */
export function hasFusedMultiplyAdd(): boolean {
  known ??= probe();
  return known;
}

function probe(): boolean {
  try {
    if (!WebAssembly.validate(PROBE)) setFlagsFromString("--experimental-wasm-relaxed-simd");
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(PROBE)).exports as { f(a: number, b: number, c: number): number };
    const tiny = 2 ** -30;
    // Rounded twice, the square loses its last bit, and nothing is left.
    return f(1 + tiny, 1 + tiny, -(1 + 2 * tiny)) === tiny * tiny;
  } catch {
    return false;
  }
}
