// Lines out of a stream of bytes, none longer than a limit: what NDJSON and server-sent events are read with. May depend on errors.
import { WardianError } from "../errors.js";

const NEWLINE = 0x0a;

/** Without their line feeds. What follows the last one is a line, too, unless it is empty. Throws `bad-answer`. */
export async function* readLines(source: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<string> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const take = (part: Uint8Array): string => {
    const line = Buffer.concat([...held, part]).toString("utf8");
    held = [];
    heldBytes = 0;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  };
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (heldBytes + end - start > limitBytes) throw tooLong(limitBytes);
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    heldBytes += chunk.length - start;
    if (heldBytes > limitBytes) throw tooLong(limitBytes);
    if (start < chunk.length) held.push(chunk.subarray(start));
  }
  if (heldBytes > 0) yield take(new Uint8Array(0));
}

function tooLong(limitBytes: number): WardianError {
  return new WardianError("bad-answer", `the server sent a line of more than ${limitBytes} bytes; is it a Wardian server?`);
}
