// What the form of a new instance asks of a container only. Folders of the host, and limits of what is written there, are not for whoever
// comes over TCP. Depends on fields.ts and words.ts.
import type { InstanceRequest } from "../../instance/spec.js";
import { Field, textInput } from "./fields.js";
import { parseVolumes } from "./words.js";

type Limits = NonNullable<InstanceRequest["limits"]>;

export function makeContainerFields() {
  const number = { inputmode: "decimal", placeholder: "no limit" };
  return {
    volumes: new Field(textInput("volumes", { placeholder: "data:/data", class: "mono" }), {
      paths: ["volumes"],
      label: "Volumes",
      class: "wide",
      hint: "NAME:PATH words: folders in memory, shared by name. Behind it :ro to read only, :size=64M, or :ro,size=64M.",
    }),
    stdinFrom: new Field(textInput("stdin-from", { placeholder: "nothing" }), {
      paths: ["stdinFrom"],
      label: "Input from",
      hint: "a container whose output it reads; start this one first",
    }),
    listen: new Field(textInput("listen", { placeholder: "nothing" }), {
      paths: [],
      label: "Listens on",
      hint: "names of local sockets on which it accepts",
    }),
    connect: new Field(textInput("connect", { placeholder: "nothing" }), {
      paths: ["sockets"],
      label: "Connected to",
      hint: "names of sockets on which others listen",
    }),
    fuel: new Field(textInput("fuel", number), { paths: ["limits.fuel"], label: "Fuel", hint: "instructions" }),
    cpuTime: new Field(textInput("cpu-time", number), { paths: ["limits.cpuTimeMs"], label: "CPU time", hint: "seconds" }),
    output: new Field(textInput("output", { placeholder: "no limit" }), {
      paths: ["limits.output"],
      label: "Output",
      hint: "of both streams, such as 10M",
    }),
    descriptors: new Field(textInput("descriptors", { ...number, placeholder: "1024" }), {
      paths: ["limits.descriptors"],
      label: "Descriptors",
      hint: "3 to 4096, open at once",
    }),
    tableElements: new Field(textInput("table-elements", { ...number, placeholder: "1000000" }), {
      paths: ["limits.tableElements"],
      label: "Table elements",
      hint: "of all its tables",
    }),
  };
}

export type ContainerFields = ReturnType<typeof makeContainerFields>;

/** Of a value that is a number: the limit, and how much of it is one. */
// prettier-ignore
const NUMBERS = {
  fuel:          ["fuel", 1],
  cpuTime:       ["cpuTimeMs", 1000],
  descriptors:   ["descriptors", 1],
  tableElements: ["tableElements", 1],
} as const satisfies Partial<Record<keyof ContainerFields, readonly [keyof Limits, number]>>;

/** A value that cannot be said in a request. */
export interface BadValue<Name> {
  readonly bad: Name;
  readonly message: string;
}

/** "0.5", and "0,5". NaN for what is no number. */
export function toNumber(text: string): number {
  return Number(text.replace(",", "."));
}

type Sockets = NonNullable<InstanceRequest["sockets"]>;

/** Names between blanks. */
function socketsOf(names: string, role: Sockets[number]["role"]): Sockets {
  return names
    .split(/\s+/)
    .filter((name) => name !== "")
    .map((name) => ({ name, role }));
}

/** The part of a request that these fields make. */
export function containerRequest(
  values: Readonly<Record<keyof ContainerFields, string>>,
): { readonly request: InstanceRequest; readonly limits: Limits } | BadValue<keyof ContainerFields> {
  const volumes = parseVolumes(values.volumes);
  if (volumes === undefined) return { bad: "volumes", message: "give each as NAME:PATH, NAME:PATH:ro or NAME:PATH:size=64M" };
  const sockets = [...socketsOf(values.listen, "listen"), ...socketsOf(values.connect, "connect")];
  const limits: Limits = values.output === "" ? {} : { output: values.output };
  for (const [name, [limit, times]] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, readonly [keyof Limits & string, number]][]) {
    if (values[name] === "") continue;
    const value = Math.round(toNumber(values[name]) * times);
    if (Number.isNaN(value)) return { bad: name, message: "a number" };
    Object.assign(limits, { [limit]: value });
  }
  return {
    request: {
      kind: "container",
      ...(volumes.length === 0 ? {} : { volumes }),
      ...(sockets.length === 0 ? {} : { sockets }),
      ...(values.stdinFrom === "" ? {} : { stdinFrom: values.stdinFrom }),
    },
    limits,
  };
}
