// A lock on one word of shared memory, after Drepper's "Futexes Are Tricky". Depends on nothing.
//
//   0 free     1 held     2 held, and others may wait
//
// Held briefly: no holder waits, calls the host, or can be ended by its killer (see the gate in proc/process.ts).

const SPINS = 100;

export function lock_acquire(ptr: usize): void {
  if (atomic.cmpxchg<i32>(ptr, 0, 1) != 0) acquireSlowly(ptr);
}

export function lock_release(ptr: usize): void {
  if (atomic.xchg<i32>(ptr, 0) == 2) atomic.notify(ptr, 1);
}

/** Looks again for as long as a short hold takes, then sleeps. */
function acquireSlowly(ptr: usize): void {
  for (let i = 0; i < SPINS; i++) {
    if (atomic.load<i32>(ptr) == 0 && atomic.cmpxchg<i32>(ptr, 0, 1) == 0) return;
  }
  while (atomic.xchg<i32>(ptr, 2) != 0) waitWhileHeld(ptr, 1);
}

/**
 * A frame of its own for the wait: V8's baseline compiler (11.3) loses locals of a function that live across it, and whoever takes a lock is
 * inlined with all of its locals around this. It calls itself because Binaryen inlines no function that does.
 */
function waitWhileHeld(ptr: usize, calls: i32): void {
  if (calls > 0) waitWhileHeld(ptr, calls - 1);
  else atomic.wait<i32>(ptr, 2, -1);
}
