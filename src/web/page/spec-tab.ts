// The tab with what an instance was asked to be and what it is: its record, laid out. Depends on fleet.ts, format.ts, words.ts
// and element.ts.
import { el } from "./element.js";
import type { Fleet, InstanceRecord } from "./fleet.js";
import { formatClock, formatDuration, formatSize } from "./format.js";
import type { Panel } from "./tabs.js";
import { joinWords } from "./words.js";

const day = (iso: string | undefined): string | undefined => (iso === undefined ? undefined : `${iso.slice(0, 10)} ${formatClock(iso)}`);
const pairs = (values: Readonly<Record<string, string>>): string | undefined =>
  Object.entries(values).map(([name, value]) => `${name}=${value}`).join("\n") || undefined; // prettier-ignore

type Row = readonly [string, string | undefined];

const folder = (from: string, { guestPath, readOnly }: { readonly guestPath: string; readonly readOnly: boolean }): string =>
  `${from} at ${guestPath}${readOnly ? " (read only)" : ""}`;

/** What only a container has. */
function describeContainer({ mounts, volumes, sockets, stdinFrom, limits }: InstanceRecord["spec"]): Row[] {
  const most = <T>(limit: T | undefined, say: (limit: T) => string = String): string | undefined =>
    limit === undefined ? undefined : `at most ${say(limit)}`;
  return [
    ["Folders", mounts.map((mount) => folder(mount.path, mount)).join("\n") || undefined],
    ["Volumes", volumes.map((volume) => folder(volume.name, volume)).join("\n") || undefined],
    [
      "Sockets",
      sockets.map(({ name, role }) => (role === "listen" ? `listens on ${name}` : `connected to ${name}`)).join("\n") || undefined,
    ],
    ["Input from", stdinFrom],
    ["Fuel", most(limits.fuel)],
    ["CPU time", most(limits.cpuTimeMs, formatDuration)],
    ["Output", most(limits.output, formatSize)],
    ["Descriptors", most(limits.descriptors)],
    ["Table elements", most(limits.tableElements)],
    ["File size", most(limits.fileSize, formatSize)],
    ["Written", most(limits.written, formatSize)],
    ["Files made", most(limits.createdFiles)],
  ];
}

/** What is shown, in order; rows without a value are left out. */
export function describeRecord({ spec, ...record }: InstanceRecord): [string, string][] {
  const { limits, restart } = spec;
  const retries = restart.maxRetries === undefined ? "" : `, at most ${restart.maxRetries} times`;
  const rows: Row[] = [
    ["Id", record.id],
    ["Namespace", record.namespace],
    ["Image", spec.image],
    ["Kernel", spec.kernel],
    ["Firmware", spec.bios],
    ["Disks", spec.disks.map(({ path, readOnly }) => (readOnly ? `${path} (read only)` : path)).join("\n") || undefined],
    ["Command", spec.command === undefined ? undefined : joinWords(spec.command)],
    ["Memory", formatSize(limits.memory)],
    ["CPUs", limits.cpus === undefined ? "what is free" : String(limits.cpus)],
    ["CPU weight", limits.cpuWeight === 100 ? undefined : String(limits.cpuWeight)],
    ["Engine", spec.engine === "auto" ? undefined : spec.engine],
    ["Disk", limits.disk === undefined ? undefined : formatSize(limits.disk)],
    ["Tasks", limits.pids === undefined ? undefined : String(limits.pids)],
    ...describeContainer(spec),
    ["Run time", limits.runTimeMs === undefined ? undefined : `at most ${formatDuration(limits.runTimeMs)}`],
    ["User", spec.user],
    ["Folder", spec.cwd],
    ["Labels", pairs(spec.labels)],
    ["Environment", pairs(spec.env)],
    ["Restart", restart.policy === "no" ? undefined : `${restart.policy}${retries}`],
    ["Restarts", record.restarts === 0 ? undefined : String(record.restarts)],
    ["Remove at end", spec.autoRemove ? "yes" : undefined],
    ["Created", day(record.createdAt)],
    ["Started", day(record.startedAt)],
    ["Ended", day(record.end?.at)],
    ["End", record.end === undefined ? undefined : `${record.end.reason}, status ${record.end.status}\n${record.end.message}`],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

export class SpecTab implements Panel {
  readonly element = el("div", { class: "spec-tab", attrs: { tabindex: "0", role: "group", "aria-label": "Details" } });
  readonly #stop = new AbortController();
  readonly #show: () => void;
  #shown = "";

  constructor(fleet: Fleet, { id }: InstanceRecord) {
    this.#show = () => {
      const record = fleet.records.get(id);
      const rows = record === undefined ? [] : describeRecord(record);
      // A selection in the text outlives events that change nothing here.
      if (JSON.stringify(rows) === this.#shown) return;
      this.#shown = JSON.stringify(rows);
      this.element.replaceChildren(el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
    };
    fleet.changed.subscribe(this.#show, this.#stop.signal);
  }

  show(): void {
    this.#show();
  }

  hide(): void {}

  focus(): void {
    this.element.focus();
  }

  destroy(): void {
    this.#stop.abort();
  }
}
