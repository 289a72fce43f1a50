// Division with RISC-V's results where there is none: by zero, and the one signed overflow. Unprivileged specification, 13.2.

export function div(a: i64, b: i64): i64 {
  if (b == 0) return -1;
  if (b == -1) return 0 - a;
  return a / b;
}

export function divu(a: u64, b: u64): u64 {
  return b == 0 ? u64.MAX_VALUE : a / b;
}

export function rem(a: i64, b: i64): i64 {
  if (b == 0) return a;
  return b == -1 ? 0 : a % b;
}

export function remu(a: u64, b: u64): u64 {
  return b == 0 ? a : a % b;
}

export function divw(a: i32, b: i32): i64 {
  if (b == 0) return -1;
  if (b == -1) return <i64>-a; // not 0 - a: in a cast to i64 that zero makes a difference of 64 bits
  return <i64>(a / b);
}

export function divuw(a: u32, b: u32): i64 {
  return b == 0 ? -1 : <i64>(<i32>(a / b));
}

export function remw(a: i32, b: i32): i64 {
  if (b == 0) return <i64>a;
  return b == -1 ? 0 : <i64>(a % b);
}

export function remuw(a: u32, b: u32): i64 {
  return <i64>(<i32>(b == 0 ? a : a % b));
}
