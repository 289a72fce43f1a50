// One JSON value a line. Depends on nothing.
export const NDJSON = "application/x-ndjson";
const encoder = new TextEncoder();

export async function* ndjson(values: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const value of values) yield encoder.encode(`${JSON.stringify(value)}\n`);
}
