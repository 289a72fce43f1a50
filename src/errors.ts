// The one error type that users meet. Depends on nothing.

/** What the parts of Wardian throw: `code` is stable and kebab-case, `message` is one line that says what to do. */
export class WardianError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "WardianError";
    this.code = code;
  }
}
