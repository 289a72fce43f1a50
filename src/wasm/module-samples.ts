// Modules for tests: put together section by section, or written in WebAssembly's text format and assembled by Binaryen.
import binaryen from "assemblyscript/binaryen";
import { WardianError } from "../errors.js";
import { Writer } from "./writer.js";

export const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** A section with its number and length. */
export function section(id: number, ...contents: number[]): number[] {
  const writer = new Writer();
  writer.u8(id);
  writer.sized(Uint8Array.from(contents));
  return [...writer.take()];
}

export const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];

export const moduleOf = (...sections: number[][]): Uint8Array<ArrayBuffer> => Uint8Array.from([...HEADER, ...sections.flat()]);

/** The binary of a module in text format. All features are on. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text);
  try {
    module.setFeatures(binaryen.Features.All & ~binaryen.Features.GC); // What Node 20 knows.
    return Uint8Array.from(module.emitBinary());
  } finally {
    module.dispose();
  }
}

/** The code and the message of what `run` throws; what is not a WardianError of one line is thrown on. */
export function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof WardianError) || /[\n\r]/.test(error.message)) throw error;
    return `${error.code}: ${error.message}`;
  }
  return "no failure";
}
