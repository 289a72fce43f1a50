// A connection to the server under test, over its unix socket. Depends on undici.
import { Client } from "undici";
import { type StoredEvent, Violation } from "./kill-model.js";

/** No answer, or half of one: what was asked for may have been done or not. */
export class Unanswered extends Error {}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface Request {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly json?: unknown;
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Other statuses that are no violation. */
  readonly allow?: readonly number[];
}

export class Connection {
  readonly #client: Client;

  constructor(socketPath: string) {
    this.#client = new Client("http://localhost", { socketPath, bodyTimeout: 60_000, headersTimeout: 60_000 });
  }

  /** Throws Unanswered, and Violation for any other status than success. */
  async ask({ method = "GET", path, json, bytes, headers = {}, allow = [] }: Request): Promise<Answer> {
    const type =
      json !== undefined
        ? { "content-type": "application/json" }
        : bytes !== undefined
          ? { "content-type": "application/octet-stream" }
          : {};
    const body = json !== undefined ? JSON.stringify(json) : (bytes ?? null);
    let answer: Answer;
    try {
      const { statusCode, body: content } = await this.#client.request({ method, path, headers: { ...type, ...headers }, body });
      answer = { status: statusCode, body: Buffer.from(await content.arrayBuffer()) };
    } catch (error) {
      throw new Unanswered((error as Error).message, { cause: error });
    }
    if (answer.status < 300 || allow.includes(answer.status)) return answer;
    throw new Violation(`${method} ${path}: ${answer.status} ${answer.body.toString()}`);
  }

  async json<T>(request: Request): Promise<T> {
    return JSON.parse((await this.ask(request)).body.toString()) as T;
  }

  /** Tells of each event until the server is gone. */
  async follow(afterId: number, onEvent: (event: StoredEvent) => void): Promise<void> {
    let text = "";
    try {
      const { statusCode, body } = await this.#client.request({
        method: "GET",
        path: "/v1/events",
        headers: { accept: "text/event-stream", "last-event-id": String(afterId) },
        bodyTimeout: 0,
      });
      if (statusCode !== 200) throw new Violation(`GET /v1/events: ${statusCode}`);
      for await (const chunk of body) {
        const parts = (text + (chunk as Buffer).toString()).split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts) {
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (data !== undefined) onEvent(JSON.parse(data) as StoredEvent);
        }
      }
    } catch (error) {
      if (error instanceof Violation) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }
}
