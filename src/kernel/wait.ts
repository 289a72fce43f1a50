// Waiting for a word of the shared memory to change, without blocking this thread. Depends on nothing.

interface AsyncWait {
  readonly async: boolean;
  readonly value: Promise<string> | string;
}

// ES2024; the library of types that we compile with is ES2023's.
const atomics = Atomics as unknown as { waitAsync(array: Int32Array, index: number, value: number, timeout?: number): AsyncWait };

/** Resolves when the word at `ptr` has been notified, or at once where it no longer is `seen`. */
export async function changed(words: Int32Array, ptr: number, seen: number, timeoutMs?: number): Promise<void> {
  const wait = atomics.waitAsync(words, ptr >> 2, seen, timeoutMs);
  if (wait.async) await wait.value;
}
