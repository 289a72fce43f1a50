// The door to host directories. Re-exports only.
export { ACCESS_READ, ACCESS_WRITE } from "./abi.js";
export { HostDirectories } from "./host-directories.js";
export { DEFAULT_LIMITS, type HostDirectoryLimits } from "./limits.js";
