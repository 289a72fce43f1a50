// The kernel as the rest of the program sees it.
export type { KernelExports, Management, SystemCalls, TreeCalls } from "./exports.js";
export { type EndReason, Kernel, type KernelOptions, type ProcessLimits } from "./kernel.js";
export { instantiate, type KernelHost, type SharedKernel, systemHost } from "./module.js";
export { PipeReader, PipeWriter } from "./pipe.js";
