// The form that makes an instance. The server's schema is the only judge: what it says is wrong is shown at the field it
// names. Depends on fields.ts, container-fields.ts, words.ts, server.ts, fleet.ts, dialog.ts, notice.ts and element.ts.
import type { InstanceRequest } from "../../instance/spec.js";
import { openDialog } from "./dialog.js";
import { el, setText } from "./element.js";
import { type BadValue, containerRequest, makeContainerFields, toNumber } from "./container-fields.js";
import { Field, textInput as input } from "./fields.js";
import type { Fleet, InstanceRecord } from "./fleet.js";
import { notify } from "./notice.js";
import { describeError, instancePath, Problem, request, requestJson } from "./server.js";
import { parseLabels, splitWords } from "./words.js";

const DEFAULT_IMAGE = "busybox";
const POLICIES = ["no", "on-failure", "always", "unless-stopped"] as const;

const select = (id: string, ...options: HTMLOptionElement[]): HTMLSelectElement =>
  el("select", { attrs: { id: `new-${id}`, name: id } }, ...options);

/** Of whatever kind. */
function makeSharedFields() {
  return {
    name: new Field(input("name", { placeholder: "made up when empty" }), { paths: ["name"], label: "Name" }),
    image: new Field(input("image", { value: DEFAULT_IMAGE, required: "" }), {
      paths: ["image", "kernel", "bios"],
      label: "Image",
      hint: "busybox, or a root file system or a WebAssembly program in the images folder",
    }),
    command: new Field(input("command", { placeholder: "none: runs until it is stopped", class: "mono" }), {
      paths: ["command"],
      label: "Command",
      class: "wide",
      hint: "Words as in a shell, with quotes; no variables or pipes. The instance ends with it.",
    }),
    kind: new Field(select("kind", new Option("virtual machine", "vm"), new Option("container", "container")), {
      paths: ["kind"],
      label: "Kind",
      hint: "a container runs a WebAssembly program",
    }),
    memory: new Field(input("memory", { placeholder: "default" }), {
      paths: ["limits.memory"],
      label: "Memory",
      hint: "16M to 3G; a container 64K to 4G",
    }),
    cpus: new Field(input("cpus", { inputmode: "decimal", placeholder: "what is free" }), {
      paths: ["limits.cpus"],
      label: "CPUs",
      hint: "0.01 to 1, a hard cap",
    }),
    labels: new Field(input("labels", { placeholder: "team=blue, tier=web" }), { paths: ["labels"], label: "Labels" }),
    restart: new Field(select("restart", ...POLICIES.map((policy) => new Option(policy, policy))), {
      paths: ["restart", "autoRemove"],
      label: "Restart",
    }),
  };
}

/** With those of a container, which are there while it is to be one. */
function makeFields() {
  const [shared, more] = [makeSharedFields(), makeContainerFields()];
  const show = (): void => {
    const isContainer = shared.kind.value === "container";
    for (const { element } of Object.values(more)) element.hidden = !isContainer;
    // No program is called so.
    const [meant, other] = isContainer ? ["", DEFAULT_IMAGE] : [DEFAULT_IMAGE, ""];
    if (shared.image.value === other) shared.image.control.value = meant;
  };
  shared.kind.control.addEventListener("change", show);
  show();
  return { ...shared, ...more };
}

type Fields = ReturnType<typeof makeFields>;

/** The request, or what cannot be said in one. */
export function toRequest(values: Readonly<Record<keyof Fields, string>>): InstanceRequest | BadValue<keyof Fields> {
  const command = splitWords(values.command);
  if (command === undefined) return { bad: "command", message: "a quote is not closed" };
  const labels = parseLabels(values.labels);
  if (labels === undefined) return { bad: "labels", message: "give each as name=value" };
  const cpus = values.cpus === "" ? undefined : toNumber(values.cpus);
  if (Number.isNaN(cpus)) return { bad: "cpus", message: "a number such as 0.5" };
  const container = values.kind === "container" ? containerRequest(values) : undefined;
  if (container !== undefined && "bad" in container) return container;
  return {
    ...container?.request,
    ...(values.name === "" ? {} : { name: values.name }),
    ...(values.image === "" ? {} : { image: values.image }),
    ...(command.length === 0 ? {} : { command }),
    limits: { ...container?.limits, ...(values.memory === "" ? {} : { memory: values.memory }), ...(cpus === undefined ? {} : { cpus }) },
    labels,
    restart: { policy: POLICIES.find((policy) => policy === values.restart) ?? "no" },
  };
}

/** The same for every try of one form, so that a lost answer does not make two instances. Works without a secure context. */
function makeKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function openCreate(fleet: Fleet): void {
  const { dialog, body } = openDialog("New instance");
  const fields = makeFields();
  const start = el("input", { attrs: { type: "checkbox", id: "new-start", checked: true } });
  const alert = el("p", { class: "form-error", attrs: { role: "alert" } });
  const submit = el("button", { class: "primary", attrs: { type: "submit" } }, "Create");
  const cancel = el("button", { attrs: { type: "button" }, on: { click: () => dialog.close() } }, "Cancel");
  const form = el(
    "form",
    { class: "create", attrs: { novalidate: true } },
    ...Object.values(fields).map(({ element }) => element),
    el("p", { class: "check wide" }, start, el("label", { attrs: { for: "new-start" } }, "Start it now")),
    alert,
    el("div", { class: "dialog-foot wide" }, cancel, submit),
  );
  const key = makeKey();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (submit.ariaBusy === "true") return;
    submit.ariaBusy = "true";
    void create(fleet, fields, key, start.checked)
      .then(() => dialog.close())
      .catch((error: unknown) => setText(alert, showErrors(fields, error)))
      .finally(() => (submit.ariaBusy = null));
  });
  body.append(form);
  fields.name.control.focus();
}

class BadField extends Error {
  readonly field: keyof Fields;

  constructor(field: keyof Fields, message: string) {
    super(message);
    this.field = field;
  }
}

async function create(fleet: Fleet, fields: Fields, key: string, start: boolean): Promise<void> {
  const values = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value])) as Record<keyof Fields, string>;
  const body = toRequest(values);
  if ("bad" in body) throw new BadField(body.bad, body.message);
  const record = await requestJson<InstanceRecord>("/v1/instances", { method: "POST", body, headers: { "idempotency-key": key } });
  fleet.put(record);
  fleet.select(record.id);
  // The form has done its part; how the start goes is seen in the page behind it.
  if (start) void startIt(record);
}

async function startIt(record: InstanceRecord): Promise<void> {
  try {
    await request(instancePath(record.id, "/start"), { method: "POST" });
  } catch (error) {
    notify(`${record.name}: ${describeError(error)}`, "error");
  }
}

/** Marks the fields that an error names, moves to the first, and gives the words for what belongs to none. */
function showErrors(fields: Fields, error: unknown): string {
  const all = Object.values(fields);
  for (const field of all) field.setError(undefined);
  const found = error instanceof BadField ? [{ field: fields[error.field], message: error.message }] : [];
  const rest: string[] = [];
  for (const { path, message } of error instanceof Problem ? error.fields : []) {
    const field = all.find((one) => one.owns(path));
    if (field === undefined) rest.push(path === "" ? message : `${path}: ${message}`);
    else found.push({ field, message });
  }
  if (error instanceof Problem && error.code === "name-taken") found.push({ field: fields.name, message: error.message });
  for (const { field, message } of found) field.setError(message);
  found[0]?.field.control.focus();
  if (found.length === 0 && rest.length === 0) return describeError(error);
  return rest.join("; ");
}
