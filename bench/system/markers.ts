// What a `system` guest says on its serial console, and when the host heard it: the one clock for both sides. Depends on errors.
//   wardian-bench: start NAME
//   wardian-bench: stop NAME STATUS       (of the command)
//   wardian-bench: result NAME DIGEST     (of what it wrote)
//   wardian-bench: why NAME TEXT          (the last line of its errors, where STATUS is not 0)
//   wardian-bench: end
import { WardianError } from "../../src/errors.js";

export const MARK = "wardian-bench:";
export const END_MARK = `${MARK} end`;

export interface CaseResult {
  readonly seconds: number;
  readonly digest: string;
}

export interface Mark {
  readonly word: string;
  readonly name: string;
  readonly rest: string;
  readonly atMs: number;
}

/** Marks out of a console's text, which comes in pieces: a mark is as old as the piece that ends its line. */
export class MarkReader {
  #line = "";

  read(text: string, atMs: number): Mark[] {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    return lines.flatMap((line) => {
      const found = /wardian-bench: (\S+)(?: (\S+)(?: (.*))?)?$/.exec(line.trimEnd());
      return found === null ? [] : [{ word: found[1] ?? "", name: found[2] ?? "", rest: found[3] ?? "", atMs }];
    });
  }
}

/** Throws `bench-system` for a case that failed or did not run. */
export function readCase(side: string, name: string, marks: readonly Mark[]): CaseResult {
  const of = (word: string): Mark | undefined => marks.find((mark) => mark.word === word && mark.name === name);
  const [start, stop, result] = [of("start"), of("stop"), of("result")];
  if (start === undefined || stop === undefined)
    throw new WardianError("bench-system", `${side}: the case ${name} did not come to its end`);
  if (stop.rest !== "0" || result === undefined)
    throw new WardianError(
      "bench-system",
      `${side}: the case ${name} failed with status ${stop.rest}: ${of("why")?.rest ?? "no reason given"}`,
    );
  return { seconds: (stop.atMs - start.atMs) / 1000, digest: result.rest };
}
