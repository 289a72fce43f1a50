// Reading and rewriting WebAssembly modules that come from an adversary: what the container side uses of it.
export { clamp, type ClampOptions } from "./clamp.js";
export { deferStart, type DeferredModule } from "./defer-start.js";
export { linkFuel, type Fuel, type Refill } from "./fuel.js";
export { inspect, type ExternalKind, type ModuleExport, type ModuleImport, type ModuleInfo, type Sized } from "./inspect.js";
export { instrument, type MeteredModule } from "./instrument.js";
export { MODULE_LIMITS, type ModuleLimits } from "./limits.js";
export { hintLoops, type HintOptions } from "./loop-hints.js";
export { quoteName } from "./reader.js";
export { customName } from "./sections.js";
