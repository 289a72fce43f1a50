// The agent's host side, as the rest of src/machine uses it.
export type { ExecProcess, ExitStatus } from "./exec.js";
export { AgentFileError } from "./file-error.js";
export type { FileSource, GuestFile } from "./file.js";
export type { Hello } from "./message.js";
export { AgentSession, type ExecOptions, type PutOptions, type TreeOptions } from "./session.js";
export { signalName, signalNumber } from "./signal.js";
export { type AgentTransport, streamTransport } from "./transport.js";
