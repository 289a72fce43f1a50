// One client under load: does one thing after another to instances of its own, and notes what was acknowledged. Depends on the files beside it.
import { randomBytes } from "node:crypto";
import { type Connection, Unanswered } from "./kill-connection.js";
import { FILE_PATH, type Instance, type Model, must, type Program, PROGRAMS } from "./kill-model.js";

const MAX_OWN = 6;
const MAX_FILE_BYTES = 100_000;
const WAIT_MS = 30_000;

type Step = (instance: Instance, connection: Connection, model: Model) => Promise<void>;

interface Record {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly end?: { readonly reason: string; readonly status: number };
}

const choose = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
const pathOf = (instance: Instance): string => `/v1/instances/${instance.id}`;
export const filePath = (instance: Instance): string => `${pathOf(instance)}/files?path=${encodeURIComponent(FILE_PATH)}`;

/** Also what is sent again when no answer came. */
export async function create(instance: Instance, connection: Connection, model: Model): Promise<void> {
  const record = await connection.json<Record>({
    method: "POST",
    path: "/v1/instances",
    json: instance.body,
    headers: { "idempotency-key": instance.mark },
  });
  must(instance.id === undefined || instance.id === record.id, `${instance.mark} was created twice: ${instance.id}, ${record.id}`);
  must(record.state === "created" || instance.asked > 0, `${instance.mark} is ${record.state} after it was created`);
  if (instance.id === undefined) model.audit.push(`create ${record.id}`);
  instance.id = record.id;
}

async function run(instance: Instance, connection: Connection, model: Model): Promise<void> {
  const program = PROGRAMS[instance.body.kernel as Program];
  instance.end = undefined;
  instance.asked++;
  await connection.ask({ method: "POST", path: `${pathOf(instance)}/start` });
  instance.started++;
  model.audit.push(`start ${instance.id}`);
  if (program.status === undefined) return stopLater(instance, connection, model);
  const record = await connection.json<Record>({ path: `${pathOf(instance)}/wait?until=exited&timeoutMs=${WAIT_MS}` });
  must(record.end?.reason === "exited" && record.end.status === program.status, `${instance.mark} ended so: ${JSON.stringify(record)}`);
  instance.end = { reason: record.end.reason, status: record.end.status };
  await readLog(instance, connection);
}

async function readLog(instance: Instance, connection: Connection): Promise<void> {
  const text = (await connection.ask({ path: `${pathOf(instance)}/logs` })).body.toString();
  checkLog(instance, text);
  instance.text = text;
}

/** It goes on from what was seen, and a run has printed its text or, when it was killed, a beginning of it. */
export function checkLog(instance: Instance, text: string): void {
  const { prints } = PROGRAMS[instance.body.kernel as Program];
  must(text.startsWith(instance.text), `the log of ${instance.mark} was ${JSON.stringify(instance.text)}, and is ${JSON.stringify(text)}`);
  const whole = instance.end?.reason !== "exited" || text.endsWith(prints);
  must(whole, `the log of ${instance.mark} does not end with what its last run printed: ${JSON.stringify(text)}`);
  must(text.length <= prints.length * instance.asked, `the log of ${instance.mark} is too long: ${JSON.stringify(text)}`);
}

async function stopLater(instance: Instance, connection: Connection, model: Model): Promise<void> {
  if (Math.random() < 0.5) return;
  const record = await connection.json<Record>({ method: "POST", path: `${pathOf(instance)}/kill` });
  model.audit.push(`kill ${instance.id}`);
  must(record.state === "exited" && record.end !== undefined, `${instance.mark} was killed and is ${record.state}`);
  instance.end = { reason: record.end.reason, status: record.end.status };
  await readLog(instance, connection);
}

async function rename(instance: Instance, connection: Connection, model: Model): Promise<void> {
  const name = `${instance.mark}.${Math.random().toString(36).slice(2, 10)}`;
  instance.names.push(name);
  await connection.ask({ method: "PATCH", path: pathOf(instance), json: { name } });
  model.audit.push(`rename ${instance.id}`);
  instance.names = [name];
  instance.renamed++;
}

async function remove(instance: Instance, connection: Connection, model: Model): Promise<void> {
  instance.removal = "asked";
  await connection.ask({ method: "DELETE", path: `${pathOf(instance)}?force=true` });
  model.audit.push(`remove ${instance.id}`);
  model.remove(instance);
}

async function writeFile(instance: Instance, connection: Connection, model: Model): Promise<void> {
  const bytes = randomBytes(1 + Math.floor(Math.random() * MAX_FILE_BYTES));
  instance.files.push(bytes);
  await connection.ask({ method: "PUT", path: filePath(instance), bytes });
  model.audit.push(`write-file ${instance.id}`);
  instance.files = [bytes];
}

function stepsOf(instance: Instance, own: number): readonly Step[] {
  if (instance.id === undefined) return [create];
  if (own > MAX_OWN) return [remove];
  const use = instance.body.image !== undefined ? writeFile : instance.asked > instance.started || isRunning(instance) ? rename : run;
  return [use, use, use, rename, create, remove];
}

const isRunning = (instance: Instance): boolean => instance.started > 0 && instance.end === undefined;

/** Until the server is gone; throws Violation. */
export async function load(worker: number, connection: Connection, model: Model, withImages: boolean): Promise<void> {
  const prefix = `w${worker}`;
  const programs: (Program | "image")[] = ["hello", "hello", "end-7", "ready", ...(withImages ? (["image"] as const) : [])];
  try {
    for (;;) {
      const own = [...model.instances].filter(({ mark }) => mark.startsWith(`${prefix}-`));
      const instance =
        own.length === 0 || (own.length <= MAX_OWN && Math.random() < 0.3) ? model.add(prefix, choose(programs)) : choose(own);
      await choose(stepsOf(instance, own.length))(instance, connection, model);
      model.acknowledged++;
    }
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    model.underWay++;
  }
}
