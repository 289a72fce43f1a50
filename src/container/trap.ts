// What ended a program that did not end itself, in words. V8's messages are of many kinds; each is told as the specification's trap.
// May depend on nothing.

// prettier-ignore
const TRAPS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/call stack size exceeded/i,                  "out of stack"],
  [/^unreachable/,                               "unreachable instruction"],
  [/memory access out of bounds/,                "memory access out of bounds"],
  [/operation does not support unaligned/,       "unaligned atomic access"],
  [/divide by zero|remainder by zero/,           "integer divide by zero"],
  [/divide result unrepresentable/,              "integer overflow"],
  [/float unrepresentable in integer range/,     "invalid conversion to integer"],
  [/table index is out of bounds/,               "table access out of bounds"],
  [/null function|function signature mismatch|indirect call/, "indirect call of a function that is not there or has another type"],
  [/dereferencing a null pointer/,               "null reference"],
  [/data segment|segment out of bounds/,         "data segment out of bounds"],
  [/Atomics\.wait cannot be called/,             "atomic wait is not possible here"],
];

/** "unreachable instruction, in the function main" */
export function describeTrap(error: unknown): string {
  const { message, stack = "" } = error instanceof Error ? error : { message: String(error) };
  const words = TRAPS.find(([pattern]) => pattern.test(message))?.[1] ?? kindOf(error, message);
  const where = functionOf(stack);
  return where === undefined ? words : `${words}, in the function ${where}`;
}

function kindOf(error: unknown, message: string): string {
  if (typeof WebAssembly.Exception === "function" && error instanceof WebAssembly.Exception) return "an exception that it did not catch";
  return message.split("\n")[0] ?? message;
}

/** The innermost frame of the program, by its name or number. */
function functionOf(stack: string): string | undefined {
  const frame = /^\s*at (?:(.+) \()?wasm:\/\/wasm\/[^:]*:wasm-function\[(\d+)\]/m.exec(stack);
  if (frame === null) return undefined;
  const name = frame[1]?.replace(/^[0-9a-f]{8}\./, "").replace(/^.*\.wasm\./, "");
  return name === undefined ? `number ${frame[2]}` : name;
}
