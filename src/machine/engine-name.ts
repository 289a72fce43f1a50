// How guest code is run, by the names that users give. May depend on abi and linker.ts.
import { ENGINE_EAGER, ENGINE_INTERPRET, ENGINE_TRANSLATE } from "../../assembly/machine/abi.js";
import { canCompile } from "./linker.js";

/**
 * interpret: instruction by instruction; translate: hot code as WebAssembly; eager: all code, at first sight (for tests); auto: translate,
 * where the host lets WebAssembly be compiled at run time, else interpret.
 */
export const ENGINE_NAMES = ["auto", "interpret", "translate", "eager"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** An ENGINE_ constant of the abi. */
export function chooseEngine(name: EngineName = "auto"): number {
  switch (name) {
    case "auto":
      return canCompile() ? ENGINE_TRANSLATE : ENGINE_INTERPRET;
    case "interpret":
      return ENGINE_INTERPRET;
    case "translate":
      return ENGINE_TRANSLATE;
    case "eager":
      return ENGINE_EAGER;
  }
}
