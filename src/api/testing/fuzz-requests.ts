// Requests out of the OpenAPI document itself: each operation, nearly right, and then wrong in some ways: types, sizes, encodings,
// paths, bodies, headers. What they are depends on the seed only.
import type { Random } from "./random.js";
import type { RawRequest } from "./raw-http.js";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly example?: unknown;
  readonly default?: unknown;
}
interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema: Schema;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const LONG = "x".repeat(9000);
// prettier-ignore
const STRINGS = [
  "", " ", ".", "..", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "....//", "/", "//", "\\..\\..", "/proc/self/mem", "C:\\", "-rf", "--help",
  "%", "%zz", "%00", "a%00b", "\0", "a\0b", "%ff%fe", "%c0%ae%c0%ae", "%ed%a0%80", "\u00e9", "\u202e", "\ufeff", "\ud83d\ude00",
  "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "null", "undefined", "NaN", "true", "[]", "{}", "[object Object]",
  "0", "-1", "1e9", "0x10", "1.5", "9007199254740993", "99999999999999999999", "-0", " 1", "1 ", "+1",
  "'; DROP TABLE instances; --", "<script>alert(1)</script>", "${7*7}", "{{7*7}}", "$(id)", "`id`", "|id", "a\r\nSet-Cookie: a=b", "a\nb", "a=b&c=d", "a,b", ",,", "*", "a".repeat(64), LONG,
];
// prettier-ignore
const VALUES: readonly unknown[] = [
  null, true, false, 0, -1, 1, 1.5, -0, 2 ** 31, 2 ** 53, 1e308, [], {}, [[]], [null], { a: 1 }, [1, "2", {}], "", ...STRINGS,
];
// prettier-ignore
const RAW_BODIES = [
  "", "{", "}", "[", "nul", "\"", "{\"a\":}", "{\"a\":1,}", "{'a':1}", "NaN", "Infinity", "1e999", "[1,2", "\ufeff{}", "\0", "<xml/>", "a=b", "{}{}", "// no\n{}", "\"\\ud800\"", "{\"__proto__\":{\"admin\":true}}",
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "LINK"];
// prettier-ignore
const CONTENT_TYPES = [
  "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "application/xml", "application/json; charset=utf-16",
  "application/json;", "application/jsonx", "json", "", ";", "application/x-tar", "application/octet-stream", "*/*", "a/b".repeat(100),
];
const ACCEPTS = [
  "*/*",
  "application/json",
  "text/html",
  "application/x-ndjson;q=0.5",
  ";q=",
  ",,,",
  "*",
  "application/*;q=2",
  "text/event-stream",
  "a/b,".repeat(200),
];
/** What makes a proper request wait longer than a test should. */
const FILE = /^(image|kernel|bios|initrd)$/;
const PATIENT = /^(timeoutMs|graceMs|intervalMs)$/;

export class RequestMaker {
  readonly #operations: readonly Place[];

  /** `ids` are instances that may exist. */
  constructor(
    private readonly document: ApiDocument,
    private readonly random: Random,
    private readonly ids: readonly string[],
    /** Names in the images folder. */
    private readonly files: readonly string[],
  ) {
    this.#operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  }

  get operationCount(): number {
    return this.#operations.length;
  }

  /** The operations in turn. */
  make(index: number): RawRequest & { readonly operationId: string } {
    const { random } = this;
    const { method, path, operation } = this.#operations[index % this.#operations.length] as Place;
    const parameters = operation.parameters ?? [];
    const body = this.#body(operation);
    const headers: [string, string][] = [...this.#headers(parameters), ...body.headers];
    return {
      operationId: operation.operationId,
      method: random.chance(0.04) ? random.pick(METHODS) : method,
      target: this.#path(path) + this.#query(parameters, operation.operationId),
      headers,
      body: body.bytes,
      truncateAt: body.bytes && random.chance(0.04) ? random.below(body.bytes.length + 1) : undefined,
    };
  }

  #path(template: string): string {
    const { random } = this;
    const path = template.replace(/\{\w+\}/g, () => (random.chance(0.7) ? random.pick(this.ids) : this.#pathPart()));
    if (random.chance(0.97)) return path;
    return random.pick([
      `/${path}`,
      `${path}/`,
      `${path}/../..`,
      `/./${path}`,
      path.toUpperCase(),
      `${path}%`,
      `${path};a=b`,
      `http://other.test${path}`,
      `${path}#x`,
      "*",
    ]);
  }

  #pathPart(): string {
    const text = this.random.pick(STRINGS);
    return this.random.chance(0.8) ? percentEncoded(text) : asTarget(text);
  }

  #query(parameters: readonly Parameter[], operationId: string): string {
    const { random } = this;
    const pairs: string[] = [];
    for (const { name, in: place, required, schema } of parameters) {
      // A proper wait has no other end.
      const isNeeded = required === true || (operationId === "waitForInstance" && name === "timeoutMs");
      if (place !== "query" || (!random.chance(isNeeded ? 0.97 : 0.3) && !(isNeeded && name === "timeoutMs"))) continue;
      const times = random.chance(0.04) ? 2 + random.below(3) : 1;
      for (let time = 0; time < times; time += 1) pairs.push(`${name}=${this.#queryValue(name, schema)}`);
    }
    if (random.chance(0.05)) pairs.push(`${asTarget(random.pick(STRINGS).slice(0, 200))}=${asTarget(random.pick(STRINGS).slice(0, 200))}`);
    return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  }

  #queryValue(name: string, schema: Schema): string {
    const { random } = this;
    if (PATIENT.test(name))
      return random.chance(0.8) ? String(random.below(50)) : random.pick(["-1", "a", "", "1e3", "0x10", "99999999999"]);
    if (random.chance(0.7)) return encodeURIComponent(scalarText(this.#valid(schema, name)));
    const text = random.pick(STRINGS);
    return random.chance(0.8) ? percentEncoded(text) : asTarget(text);
  }

  #headers(parameters: readonly Parameter[]): [string, string][] {
    const { random } = this;
    const headers: [string, string][] = [];
    for (const { name, in: place } of parameters)
      if (place === "header" && random.chance(0.4))
        headers.push([name, random.chance(0.5) ? String(random.below(9)) : asHeader(random.pick(STRINGS))]);
    if (random.chance(0.2)) headers.push(["Accept", random.pick(ACCEPTS)]);
    if (random.chance(0.03)) headers.push(["Upgrade", random.pick(["websocket", "h2c", "x"])], ["Sec-WebSocket-Version", "13"]);
    if (random.chance(0.02)) headers.push(["Content-Encoding", "gzip"]);
    if (random.chance(0.02)) headers.push(["Range", "bytes=0-"], ["If-None-Match", "*"]);
    return headers;
  }

  #body({ requestBody }: Operation): { headers: [string, string][]; bytes?: Buffer } {
    const { random } = this;
    const content = requestBody?.content;
    if (!content && random.chance(0.95)) return { headers: [] };
    const type = content ? random.pick(Object.keys(content)) : "application/json";
    const headers: [string, string][] = random.chance(0.95)
      ? [["Content-Type", random.chance(0.95) ? type : random.pick(CONTENT_TYPES)]]
      : [];
    if (random.chance(0.05)) return { headers };
    const bytes = this.#bodyBytes(type, content?.[type]?.schema);
    if (random.chance(0.03)) headers.push(["Transfer-Encoding", "chunked"]);
    return { headers, bytes };
  }

  #bodyBytes(type: string, schema: Schema | undefined): Buffer {
    const { random } = this;
    const kind = random.next();
    if (kind < 0.08) return Buffer.from(random.pick(RAW_BODIES));
    if (kind < 0.1) return Buffer.from(Array.from({ length: random.below(400) }, () => random.below(256)));
    if (kind < 0.11) return Buffer.from(`${random.pick(['{"a":', "[", '{"env":['])}`.repeat(random.pick([100, 20_000])));
    if (kind < 0.115) return Buffer.alloc(random.pick([70_000, (1 << 20) + 10]), random.pick(["x", "\0", '"', "["]));
    if (!/json/.test(type) || !schema) return Buffer.from(random.pick(STRINGS));
    const value = this.#valid(schema, "");
    const text = JSON.stringify(random.chance(0.45) ? value : this.#spoiled(value)) ?? "null";
    if (random.chance(0.02)) return Buffer.from(text.slice(0, random.below(text.length)));
    return Buffer.from(random.chance(0.02) ? text.replace(/"/, '"\xff') : text, random.chance(0.03) ? "latin1" : "utf8");
  }

  /** One or two places in it are something else. */
  #spoiled(value: unknown): unknown {
    const { random } = this;
    if (random.chance(0.05)) return random.pick(VALUES);
    if (typeof value !== "object" || value === null) return random.pick(VALUES);
    const copy = structuredClone(value) as Record<string, unknown>;
    const keys = Object.keys(copy);
    if (keys.length === 0 || random.chance(0.15)) {
      // Not by assignment, which would set the prototype.
      Object.defineProperty(copy, random.pick(STRINGS).slice(0, 64), { value: random.pick(VALUES), enumerable: true, configurable: true });
      return copy;
    }
    const key = random.pick(keys);
    if (random.chance(0.1)) delete copy[key];
    else copy[key] = PATIENT.test(key) ? random.pick(["1", -1, null, 1.5]) : this.#spoiled(copy[key]);
    return copy;
  }

  #valid(schema: Schema, name: string): unknown {
    const { random } = this;
    if (schema.$ref) return this.#valid(this.document.components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}, name);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return this.#valid(random.pick(choices), name);
    if (schema.enum) return random.pick(schema.enum);
    switch (Array.isArray(schema.type) ? random.pick(schema.type as string[]) : schema.type) {
      case "object":
        return this.#validObject(schema);
      case "array":
        return Array.from({ length: 1 + random.below(3) }, () => this.#valid(schema.items ?? {}, name));
      case "integer":
      case "number":
        return PATIENT.test(name) ? 1 + random.below(50) : random.pick([schema.minimum ?? 1, schema.maximum ?? 1000, 7]);
      case "boolean":
        return random.chance(0.5);
      default:
        return schema.example ?? (FILE.test(name) && random.chance(0.9) ? random.pick(this.files) : validText(name, random));
    }
  }

  #validObject({ properties = {}, required = [], additionalProperties }: Schema): object {
    const { random } = this;
    // Many together seldom make sense.
    const rate = Object.keys(properties).length > 8 ? 0.08 : 0.25;
    const entries = Object.entries(properties)
      .filter(([name]) => required.includes(name) || random.chance(name === "kernel" ? 0.8 : rate))
      .map(([name, schema]): [string, unknown] => [name, this.#valid(schema, name)]);
    if (Object.keys(properties).length === 0 && typeof additionalProperties === "object" && random.chance(0.7))
      entries.push([random.pick(STRINGS).slice(0, 20), this.#valid(additionalProperties, "")]);
    return Object.fromEntries(entries);
  }
}

function validText(name: string, random: Random): string {
  if (name === "args" || name === "command") return random.pick(["true", "/bin/echo", "no-such-program"]);
  if (name === "path" || name === "cwd") return random.pick(["/etc/hosts", "/tmp", "/", "/tmp/x", "/no/such", "/proc/1/mem", "../../tmp"]);
  if (/signal/i.test(name)) return random.pick(["SIGTERM", "9", "INT"]);
  return random.pick(["web", "a", "512M", "x1"]);
}

function scalarText(value: unknown): string {
  return Array.isArray(value) ? String(value[0]) : String(value);
}

/** Every byte of it. */
function percentEncoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

/** As it is, but for what would end the line it stands in. */
function asTarget(text: string): string {
  return Buffer.from(text.replace(/[\r\n ]/g, "+")).toString("latin1");
}

function asHeader(text: string): string {
  return Buffer.from(text.replace(/[\r\n]/g, " ").slice(0, 300)).toString("latin1");
}
