// Server-sent events out of a stream of bytes (HTML, "Server-sent events", event stream interpretation). Depends on lines.ts.
import { WardianError } from "../errors.js";
import { readLines } from "./lines.js";

export interface ServerEvent {
  /** What Last-Event-ID takes to go on after it. */
  readonly id: string | undefined;
  readonly type: string;
  /** Empty where the server only tells an id. */
  readonly data: string;
}

/** Of one line, and of one event. */
const LIMIT_BYTES = 1 << 20;

/** An event that the end of the stream cut short is dropped, as the specification has it. */
export async function* readServerEvents(source: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let id: string | undefined;
  let type = "";
  let data: string[] = [];
  let sizeBytes = 0;
  for await (const line of readLines(source, LIMIT_BYTES)) {
    if (line === "") {
      if (data.length > 0 || id !== undefined) yield { id, type: type === "" ? "message" : type, data: data.join("\n") };
      [type, data, sizeBytes] = ["", [], 0];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "event") type = value;
    else if (field === "data") {
      sizeBytes += value.length + 1;
      if (sizeBytes > LIMIT_BYTES) throw new WardianError("bad-answer", `the server sent an event of more than ${LIMIT_BYTES} bytes`);
      data.push(value);
    }
  }
}
