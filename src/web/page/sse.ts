// Server-sent events out of a byte stream, for events and metrics alike: EventSource cannot send an Authorization header, so the
// page reads them from fetch(). WHATWG HTML, 9.2.6. Depends on nothing.

export interface ServerEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** An event longer than this is not one of ours. */
const MAX_EVENT_CHARS = 8 << 20;

export class SseParser {
  /** The last complete event's id, as Last-Event-ID takes it. */
  lastId = "";
  #rest = "";
  #id: string | undefined;
  #type = "";
  #data: string[] = [];
  #chars = 0;

  /** The events that `text` completes. Throws where one has no end. */
  feed(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    // A CR at the end may be half of a CRLF, and stays in the rest.
    this.#rest = lines.pop() ?? "";
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    if (this.#chars + this.#rest.length > MAX_EVENT_CHARS) throw new Error("an event of the server is too long");
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    this.#chars += line.length;
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const [data, type] = [this.#data, this.#type || "message"];
    if (this.#id !== undefined) this.lastId = this.#id;
    this.#data = [];
    this.#type = "";
    this.#id = undefined;
    this.#chars = 0;
    return data.length === 0 ? undefined : { id: this.lastId, type, data: data.join("\n") };
  }
}

/** Text of a body as it comes. `onBytes` is told of each arrival, of keep-alives too. */
export async function* readText(body: ReadableStream<Uint8Array>, onBytes?: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes?.();
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
