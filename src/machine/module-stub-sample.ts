// For tests: a host whose compiler is not what it should be, until vi.unstubAllGlobals(). Not part of the program.
import { vi } from "vitest";

const { Module } = WebAssembly;

/** `compile` stands for the constructor of WebAssembly.Module. What was compiled before is a module still. */
export function stubModule(compile: (real: typeof Module, bytes: BufferSource) => WebAssembly.Module): void {
  class Stub {
    constructor(bytes: BufferSource) {
      // oxlint-disable-next-line no-constructor-return -- it makes what the real one makes
      return compile(Module, bytes);
    }

    static [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof Module;
    }
  }
  vi.stubGlobal("WebAssembly", Object.create(WebAssembly, { Module: { value: Stub } }));
}
