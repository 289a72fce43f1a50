// The tables of metrics as chapters: what the page of documentation, the route that lists them and the OpenMetrics page go
// through. May depend on catalog.ts and derived.ts.
import {
  API_METRICS,
  CONTAINER_METRICS,
  DEVICE_METRICS,
  ENGINE_METRICS,
  HOST_METRICS,
  LIMIT_METRICS,
  MACHINE_METRICS,
  type Metric,
  VOLUME_METRICS,
} from "./catalog.js";
import { DERIVED_METRICS, DEVICE_DERIVED_METRICS, HOST_DERIVED_METRICS } from "./derived.js";

export interface MetricGroup {
  readonly name: string;
  readonly title: string;
  readonly where: string;
  /** Where the JSON of the API has them. */
  readonly json: string;
  /** On the OpenMetrics page; undefined: not there, as whoever scrapes computes it. */
  readonly labels?: readonly string[];
  readonly metrics: Readonly<Record<string, Metric & { readonly formula?: string }>>;
}

const INSTANCE_LABELS = ["id", "name", "namespace"];

export const METRIC_GROUPS: readonly MetricGroup[] = [
  {
    name: "machine",
    title: "Machine",
    where: "Each running machine counts for itself, from 0 at power-on.",
    json: "`counters` of an instance",
    labels: INSTANCE_LABELS,
    metrics: MACHINE_METRICS,
  },
  {
    name: "device",
    title: "Devices",
    where: "Each device of a running machine counts for itself, from 0 at power-on.",
    json: "`devices` of an instance, by device",
    labels: [...INSTANCE_LABELS, "device"],
    metrics: DEVICE_METRICS,
  },
  {
    name: "limit",
    title: "Limits",
    where: "From the specification of the instance.",
    json: "`limits` of an instance, as `memoryBytes`, `cpus` and `vcpus`",
    labels: INSTANCE_LABELS,
    metrics: LIMIT_METRICS,
  },
  {
    name: "derived",
    title: "Derived, per instance",
    where: "Computed over the window when asked for, from the counters of the machine.",
    json: "`rates` of an instance",
    metrics: DERIVED_METRICS,
  },
  {
    name: "device-derived",
    title: "Derived, per device",
    where: "Computed over the window when asked for, from the counters of one device; in `rates`, of all devices of the instance.",
    json: "`deviceRates` of an instance, by device; `rates` of an instance",
    metrics: DEVICE_DERIVED_METRICS,
  },
  {
    name: "engine",
    title: "Engine",
    where: "The engine counts, since it was opened.",
    json: "`values`, `histograms` and, by label, `series` of the host; `instances` of the host",
    labels: [],
    metrics: ENGINE_METRICS,
  },
  {
    name: "volume",
    title: "Volumes",
    where: "Read from the volumes when asked for.",
    json: "`values` of the host; `GET /v1/volumes` has each volume",
    labels: [],
    metrics: VOLUME_METRICS,
  },
  {
    name: "container",
    title: "Containers",
    where: "Of what all containers of the process share; read when asked for, counted since the first of them.",
    json: "`values` of the host",
    labels: [],
    metrics: CONTAINER_METRICS,
  },
  {
    name: "api",
    title: "API",
    where: "The HTTP server counts, since it was started.",
    json: "`values`, `histograms` and, by label, `series` of the host",
    labels: [],
    metrics: API_METRICS,
  },
  {
    name: "host",
    title: "Host",
    where: "Read from the operating system and from Node when asked for.",
    json: "`values` of the host",
    labels: [],
    metrics: HOST_METRICS,
  },
  {
    name: "host-derived",
    title: "Derived, of the host",
    where: "Computed over the window when asked for.",
    json: "`values` of the host",
    metrics: HOST_DERIVED_METRICS,
  },
];
