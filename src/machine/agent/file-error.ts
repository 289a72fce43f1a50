// What the guest's kernel said no to, as an error. Depends on errors.
import { WardianError } from "../../errors.js";

export class AgentFileError extends WardianError {
  constructor(
    message: string,
    /** Linux's number for why. */
    readonly errno: number,
  ) {
    super("agent-file", message);
  }
}

export function agentFileError(verb: string, path: string, errno: number, text: string): AgentFileError {
  return new AgentFileError(`cannot ${verb} ${path} in the guest: ${text || "unknown error"}`, errno);
}
