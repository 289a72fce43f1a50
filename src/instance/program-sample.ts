// For tests: bare-metal programs as files, which start in milliseconds. Not part of the program. Depends on machine/ samples.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RAM_BASE } from "../../assembly/machine/abi.js";
import { makeElf } from "../machine/boot/elf-sample.js";
import { COUNT, ECHO, FLOOD, finishWith, LOOP, print, SLEEP } from "../machine/vm-sample.js";

// prettier-ignore
export const PROGRAMS = {
  "end-0":  finishWith(0),
  "end-7":  finishWith(7),
  "hello":  print("hello\n", finishWith(0)),
  "loop":   LOOP,
  "count":  COUNT,
  "sleep":  SLEEP,
  "ready":  print("ready\n", SLEEP),
  "echo":   ECHO,
  "flood":  FLOOD,
} as const;

/** Writes each as an ELF file of its name. */
export function writePrograms(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, words] of Object.entries(PROGRAMS)) {
    const bytes = new Uint8Array(new Uint32Array(words).buffer);
    writeFileSync(join(folder, name), makeElf({ segments: [{ physical: BigInt(RAM_BASE), bytes, memoryBytes: bytes.length }] }));
  }
}
