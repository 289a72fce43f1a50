// Floating point primitives of the interpreter: the operation, then its flags into fcsr. Depends on hart/fp.
import { Hart } from "../hart/state";
import { f32_classify, f64_classify } from "../hart/fp/classify";
import { f32_eq, f32_le, f32_lt, f64_eq, f64_le, f64_lt } from "../hart/fp/compare";
import { f32_to_f64 } from "../hart/fp/convert";
import {
  f32_add_fast, f32_sub_fast, f32_mul_fast, f32_div_fast, f32_sqrt_fast, f32_fma_fast,
  f64_add_fast, f64_sub_fast, f64_mul_fast, f64_div_fast, f64_sqrt_fast, f64_fma_fast, f64_to_f32_fast,
} from "../hart/fp/fast"; // prettier-ignore
import { clearRaised, raised } from "../hart/fp/flags";
import {
  f32_from_i32, f32_from_i64, f32_from_u32, f32_from_u64, f32_to_i32, f32_to_i64, f32_to_u32, f32_to_u64,
  f64_from_i32, f64_from_i64, f64_from_u32, f64_from_u64, f64_to_i32, f64_to_i64, f64_to_u32, f64_to_u64,
} from "../hart/fp/integer"; // prettier-ignore
import { f32_max, f32_min, f64_max, f64_min } from "../hart/fp/minmax";

/** Adds what the last operation raised to fflags and passes its result on. */
@inline
function flagged<T>(h: Hart, value: T): T {
  if (raised != 0) {
    h.fcsr |= <u64>raised;
    clearRaised();
  }
  return value;
}

export function addS(h: Hart, a: u32, b: u32, rm: u32): u32 {
  return flagged<u32>(h, f32_add_fast(a, b, rm, <u32>h.fcsr));
}

export function subS(h: Hart, a: u32, b: u32, rm: u32): u32 {
  return flagged<u32>(h, f32_sub_fast(a, b, rm, <u32>h.fcsr));
}

export function mulS(h: Hart, a: u32, b: u32, rm: u32): u32 {
  return flagged<u32>(h, f32_mul_fast(a, b, rm, <u32>h.fcsr));
}

export function divS(h: Hart, a: u32, b: u32, rm: u32): u32 {
  return flagged<u32>(h, f32_div_fast(a, b, rm, <u32>h.fcsr));
}

export function sqrtS(h: Hart, a: u32, rm: u32): u32 {
  return flagged<u32>(h, f32_sqrt_fast(a, rm, <u32>h.fcsr));
}

export function fmaS(h: Hart, a: u32, b: u32, c: u32, rm: u32): u32 {
  return flagged<u32>(h, f32_fma_fast(a, b, c, rm, <u32>h.fcsr));
}

export function minS(h: Hart, a: u32, b: u32): u32 {
  return flagged<u32>(h, f32_min(a, b));
}

export function maxS(h: Hart, a: u32, b: u32): u32 {
  return flagged<u32>(h, f32_max(a, b));
}

export function eqS(h: Hart, a: u32, b: u32): i64 {
  return flagged<i64>(h, <i64>f32_eq(a, b));
}

export function ltS(h: Hart, a: u32, b: u32): i64 {
  return flagged<i64>(h, <i64>f32_lt(a, b));
}

export function leS(h: Hart, a: u32, b: u32): i64 {
  return flagged<i64>(h, <i64>f32_le(a, b));
}

export function classS(a: u32): i64 {
  return <i64>f32_classify(a);
}

export function toI32FromS(h: Hart, a: u32, rm: u32): i64 {
  return flagged<i64>(h, <i64>f32_to_i32(a, rm));
}

export function fromI32ToS(h: Hart, a: i64, rm: u32): u32 {
  return flagged<u32>(h, f32_from_i32(<i32>a, rm));
}

export function toU32FromS(h: Hart, a: u32, rm: u32): i64 {
  return flagged<i64>(h, <i64>(<i32>f32_to_u32(a, rm)));
}

export function fromU32ToS(h: Hart, a: i64, rm: u32): u32 {
  return flagged<u32>(h, f32_from_u32(<u32>a, rm));
}

export function toI64FromS(h: Hart, a: u32, rm: u32): i64 {
  return flagged<i64>(h, <i64>f32_to_i64(a, rm));
}

export function fromI64ToS(h: Hart, a: i64, rm: u32): u32 {
  return flagged<u32>(h, f32_from_i64(<i64>a, rm));
}

export function toU64FromS(h: Hart, a: u32, rm: u32): i64 {
  return flagged<i64>(h, <i64>f32_to_u64(a, rm));
}

export function fromU64ToS(h: Hart, a: i64, rm: u32): u32 {
  return flagged<u32>(h, f32_from_u64(<u64>a, rm));
}

export function addD(h: Hart, a: u64, b: u64, rm: u32): u64 {
  return flagged<u64>(h, f64_add_fast(a, b, rm, <u32>h.fcsr));
}

export function subD(h: Hart, a: u64, b: u64, rm: u32): u64 {
  return flagged<u64>(h, f64_sub_fast(a, b, rm, <u32>h.fcsr));
}

export function mulD(h: Hart, a: u64, b: u64, rm: u32): u64 {
  return flagged<u64>(h, f64_mul_fast(a, b, rm, <u32>h.fcsr));
}

export function divD(h: Hart, a: u64, b: u64, rm: u32): u64 {
  return flagged<u64>(h, f64_div_fast(a, b, rm, <u32>h.fcsr));
}

export function sqrtD(h: Hart, a: u64, rm: u32): u64 {
  return flagged<u64>(h, f64_sqrt_fast(a, rm, <u32>h.fcsr));
}

export function fmaD(h: Hart, a: u64, b: u64, c: u64, rm: u32): u64 {
  return flagged<u64>(h, f64_fma_fast(a, b, c, rm, <u32>h.fcsr));
}

export function minD(h: Hart, a: u64, b: u64): u64 {
  return flagged<u64>(h, f64_min(a, b));
}

export function maxD(h: Hart, a: u64, b: u64): u64 {
  return flagged<u64>(h, f64_max(a, b));
}

export function eqD(h: Hart, a: u64, b: u64): i64 {
  return flagged<i64>(h, <i64>f64_eq(a, b));
}

export function ltD(h: Hart, a: u64, b: u64): i64 {
  return flagged<i64>(h, <i64>f64_lt(a, b));
}

export function leD(h: Hart, a: u64, b: u64): i64 {
  return flagged<i64>(h, <i64>f64_le(a, b));
}

export function classD(a: u64): i64 {
  return <i64>f64_classify(a);
}

export function toI32FromD(h: Hart, a: u64, rm: u32): i64 {
  return flagged<i64>(h, <i64>f64_to_i32(a, rm));
}

export function fromI32ToD(h: Hart, a: i64, rm: u32): u64 {
  return flagged<u64>(h, f64_from_i32(<i32>a));
}

export function toU32FromD(h: Hart, a: u64, rm: u32): i64 {
  return flagged<i64>(h, <i64>(<i32>f64_to_u32(a, rm)));
}

export function fromU32ToD(h: Hart, a: i64, rm: u32): u64 {
  return flagged<u64>(h, f64_from_u32(<u32>a));
}

export function toI64FromD(h: Hart, a: u64, rm: u32): i64 {
  return flagged<i64>(h, <i64>f64_to_i64(a, rm));
}

export function fromI64ToD(h: Hart, a: i64, rm: u32): u64 {
  return flagged<u64>(h, f64_from_i64(<i64>a, rm));
}

export function toU64FromD(h: Hart, a: u64, rm: u32): i64 {
  return flagged<i64>(h, <i64>f64_to_u64(a, rm));
}

export function fromU64ToD(h: Hart, a: i64, rm: u32): u64 {
  return flagged<u64>(h, f64_from_u64(<u64>a, rm));
}

export function narrow(h: Hart, a: u64, rm: u32): u32 {
  return flagged<u32>(h, f64_to_f32_fast(a, rm, <u32>h.fcsr));
}

export function widen(h: Hart, a: u32): u64 {
  return flagged<u64>(h, f32_to_f64(a));
}
