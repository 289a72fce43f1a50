// `npm run emitted -- PROGRAM.elf ADDRESS [eager]`: the WebAssembly that the translator made of a bare-metal program's code at a guest address, as
// text. Without `eager` the place must be hot. Depends on errors and machine/.
import { readFileSync } from "node:fs";
import binaryen from "assemblyscript/binaryen";
import { WardianError } from "../src/errors.js";
import { makeBoard } from "../src/instance/board.js";
import { planBoot } from "../src/machine/boot/plan.js";
import { Machine } from "../src/machine/machine.js";

const RAM_BYTES = 64 * 2 ** 20;
const BUDGET_INSNS = 1_000_000;
const MOST_INSNS = 2_000_000_000n;
const RELAXED_SIMD = 1 << 12; // binaryen's name for it is not in this version's types

/** The text form of a module. */
export function textOf(bytes: Uint8Array): string {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All | RELAXED_SIMD);
  const text = module.emitText();
  module.dispose();
  return text;
}

function main([path, address, how]: readonly string[]): void {
  if (path === undefined || address === undefined || !/^0x[0-9a-f]+$/i.test(address)) {
    throw new WardianError("bench-usage", "usage: npm run emitted -- PROGRAM.elf 0xADDRESS [eager]");
  }
  let found: string | undefined;
  const machine = new Machine({
    ramBytes: RAM_BYTES,
    engine: how === "eager" ? "eager" : "translate",
    onSerial() {},
    onModule(pc, bytes) {
      if (pc === BigInt(address)) found = textOf(bytes);
    },
  });
  const decompress = (): never => {
    throw new WardianError("bench-program", "a bare-metal program is not packed");
  };
  machine.start(planBoot({ ramBytes: RAM_BYTES, kernel: readFileSync(path), cmdline: "", board: makeBoard(), decompress }));
  while (found === undefined && machine.instructions < MOST_INSNS && machine.run(BUDGET_INSNS).kind === "budget");
  if (found === undefined)
    throw new WardianError("bench-program", `no region begins at ${address}: try \`eager\`, or the head of a loop or function`);
  console.log(found);
}

if (process.argv[1]?.endsWith("emitted.js")) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof WardianError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
