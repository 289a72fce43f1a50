// Every figure Wardian measures, declared once: name, kind, unit, where it comes from, what it means. The API's JSON, the
// OpenMetrics page, `wardian stats`, the dashboard and docs/METRICS.md read this. Depends on nothing.

/** counter: only grows, from 0 at each start of what counts it; gauge: goes up and down; histogram: how often each size was seen. */
export type MetricType = "counter" | "gauge" | "histogram";

/** OpenMetrics' base units; for what is derived, also over time. */
export type MetricUnit = "seconds" | "bytes" | "instructions" | "ratio" | "count" | "bytes/s" | "instructions/s" | "1/s";

export interface Metric {
  readonly type: MetricType;
  readonly unit: MetricUnit;
  readonly help: string;
  /** What it is broken down by, beside the labels of its group. */
  readonly labels?: readonly string[];
}

/** Counted by the machine for itself (assembly/machine and its host side). */
// prettier-ignore
export const MACHINE_METRICS = {
  instructions:                   { type: "counter", unit: "instructions", help: "Guest instructions retired." },
  cpu_busy_seconds:               { type: "counter", unit: "seconds",      help: "Host time spent executing the guest." },
  cpu_throttled_seconds:          { type: "counter", unit: "seconds",      help: "Time the guest had work to do and its CPU limit held it back." },
  cpu_waiting_seconds:            { type: "counter", unit: "seconds",      help: "Time the guest had work to do and other guests had the thread." },
  up_seconds:                     { type: "gauge",   unit: "seconds",      help: "Time since power-on." },
  paused_seconds:                 { type: "counter", unit: "seconds",      help: "Time spent paused." },
  memory_resident_bytes:          { type: "gauge",   unit: "bytes",        help: "Guest memory that costs host memory." },
  traps:                          { type: "counter", unit: "count",        help: "Exceptions taken by the guest." },
  interrupts:                     { type: "counter", unit: "count",        help: "Interrupts taken by the guest." },
  tlb_misses:                     { type: "counter", unit: "count",        help: "Address translations that needed a page-table walk." },
  tlb_flushes:                    { type: "counter", unit: "count",        help: "Times the address translations of a hart were dropped, all of them or those of an address space, or set aside with it." },
  decoded_instructions:           { type: "counter", unit: "count",        help: "Instruction slots decoded for the interpreter." },
  decoded_pages:                  { type: "gauge",   unit: "count",        help: "Guest pages whose instructions are kept decoded." },
  translated_instructions:        { type: "counter", unit: "instructions", help: "Guest instructions retired by translated code; the interpreter retired the rest of `instructions`." },
  translator_entries:             { type: "counter", unit: "count",        help: "Times the machine went from the interpreter into translated code." },
  translator_interpreter_exits:   { type: "counter", unit: "count",        help: "Times translated code left an instruction to the interpreter." },
  translator_missing_exits:       { type: "counter", unit: "count",        help: "Times translated code came to a place that was not translated." },
  translator_jump_misses:         { type: "counter", unit: "count",        help: "Jumps of translated code whose target was not in the jump cache." },
  translator_regions:             { type: "counter", unit: "count",        help: "Regions of guest code translated to WebAssembly." },
  translator_live_regions:        { type: "gauge",   unit: "count",        help: "Translated regions that can be run." },
  translator_bundles:             { type: "counter", unit: "count",        help: "Modules in which regions that often go on to one another were compiled a second time, together." },
  translator_evicted_regions:     { type: "counter", unit: "count",        help: "Translated regions given up to make room for others." },
  translator_refused_modules:     { type: "counter", unit: "count",        help: "Translations thrown away because they were too large or the host did not compile them." },
  translator_source_instructions: { type: "counter", unit: "instructions", help: "Guest instructions that regions were made of; one that is in two regions counts twice." },
  translator_code_bytes:          { type: "counter", unit: "bytes",        help: "WebAssembly code made of them." },
  translator_compile_seconds:     { type: "counter", unit: "seconds",      help: "Host time spent compiling that code, on whichever thread." },
} as const satisfies Record<string, Metric>;

/** Counted per device; the label `device` names it: "disk0", "serial", "console", "port:NAME". */
// prettier-ignore
export const DEVICE_METRICS = {
  device_read_operations:  { type: "counter", unit: "count",   help: "Operations that brought bytes to the guest." },
  device_write_operations: { type: "counter", unit: "count",   help: "Operations that took bytes from the guest." },
  device_flush_operations: { type: "counter", unit: "count",   help: "Flushes of a disk." },
  device_read_bytes:       { type: "counter", unit: "bytes",   help: "Bytes the guest has read." },
  device_write_bytes:      { type: "counter", unit: "bytes",   help: "Bytes the guest has written." },
  device_busy_seconds:     { type: "counter", unit: "seconds", help: "Time spent in operations of the device; divided by operations: their mean latency." },
  device_errors:           { type: "counter", unit: "count",   help: "Operations that failed." },
} as const satisfies Record<string, Metric>;

/** What a running instance may use at most. */
// prettier-ignore
export const LIMIT_METRICS = {
  memory_limit_bytes: { type: "gauge", unit: "bytes", help: "RAM of the instance." },
  cpu_limit:          { type: "gauge", unit: "count", help: "CPUs the instance may use; its vCPUs where it has no cap." },
  vcpus:              { type: "gauge", unit: "count", help: "Harts of the instance." },
} as const satisfies Record<string, Metric>;

/** Counted by the engine, over all instances, since the engine was opened. */
// prettier-ignore
export const ENGINE_METRICS = {
  instances:      { type: "gauge",     unit: "count",   help: "Instances in each state.", labels: ["state"] },
  starts:         { type: "counter",   unit: "count",   help: "Starts of instances that succeeded, restarts included." },
  start_failures: { type: "counter",   unit: "count",   help: "Starts of instances that failed." },
  start_seconds:  { type: "histogram", unit: "seconds", help: "From the request to start an instance until it runs." },
  ends:           { type: "counter",   unit: "count",   help: "Runs of instances that ended.", labels: ["reason"] },
  restarts:       { type: "counter",   unit: "count",   help: "Starts that a restart policy asked for." },
  execs:          { type: "counter",   unit: "count",   help: "Commands started in instances beside their main programs." },
  events:         { type: "counter",   unit: "count",   help: "Events recorded." },
  log_bytes:      { type: "counter",   unit: "bytes",   help: "Bytes of output taken into logs." },
} as const satisfies Record<string, Metric>;

/** Of all named volumes together that are made. */
// prettier-ignore
export const VOLUME_METRICS = {
  volumes:            { type: "gauge", unit: "count", help: "Named volumes that containers share." },
  volumes_used_bytes: { type: "gauge", unit: "bytes", help: "Bytes in them, as their file systems count: whole pages, names and tables." },
  volumes_size_bytes: { type: "gauge", unit: "bytes", help: "Bytes that they may come to: their sizes together." },
} as const satisfies Record<string, Metric>;

/** Of what all containers of the process share. */
// prettier-ignore
export const CONTAINER_METRICS = {
  container_threads:          { type: "gauge",   unit: "count", help: "Threads of containers; those that wait for a program count, too." },
  container_threads_idle:     { type: "gauge",   unit: "count", help: "Threads of containers that wait for a program." },
  container_threads_made:     { type: "counter", unit: "count", help: "Threads of containers made." },
  container_threads_reused:   { type: "counter", unit: "count", help: "Starts of containers for which a thread waited." },
  container_programs:         { type: "gauge",   unit: "count", help: "Compiled programs that are kept." },
  container_programs_bytes:   { type: "gauge",   unit: "bytes", help: "Sizes of their files together." },
  container_program_hits:     { type: "counter", unit: "count", help: "Starts of containers whose program was compiled already." },
  container_program_misses:   { type: "counter", unit: "count", help: "Starts of containers whose program was not." },
  container_programs_evicted: { type: "counter", unit: "count", help: "Compiled programs given up to make room." },
} as const satisfies Record<string, Metric>;

/** Counted by the HTTP server; `route` is the pattern, such as /v1/instances/{id}, and `status` the class, such as 2xx. */
// prettier-ignore
export const API_METRICS = {
  api_requests:        { type: "counter",   unit: "count",   help: "HTTP requests answered.", labels: ["route", "method", "status"] },
  api_request_seconds: { type: "histogram", unit: "seconds", help: "From a request's arrival until its answer begins.", labels: ["route"] },
  api_open_streams:    { type: "gauge",     unit: "count",   help: "WebSockets and streamed answers that are open." },
} as const satisfies Record<string, Metric>;

/** Of the host and of the process that all instances share. */
// prettier-ignore
export const HOST_METRICS = {
  process_cpu_seconds:         { type: "counter", unit: "seconds", help: "CPU time of the process, in user and kernel mode, all threads." },
  process_resident_bytes:      { type: "gauge",   unit: "bytes",   help: "Memory of the host that the process occupies." },
  process_heap_bytes:          { type: "gauge",   unit: "bytes",   help: "JavaScript heap in use on the main thread." },
  process_open_descriptors:    { type: "gauge",   unit: "count",   help: "Open file descriptors of the process." },
  event_loop_busy_seconds:     { type: "counter", unit: "seconds", help: "Time the main thread's event loop was not idle." },
  event_loop_delay_seconds:    { type: "gauge",   unit: "seconds", help: "The longest that a timer of the main thread was late within the window." },
  worker_threads:              { type: "gauge",   unit: "count",   help: "Threads that run machines." },
  host_cpus:                   { type: "gauge",   unit: "count",   help: "CPUs the process may use." },
  host_memory_bytes:           { type: "gauge",   unit: "bytes",   help: "Memory of the host." },
  host_memory_available_bytes: { type: "gauge",   unit: "bytes",   help: "Memory of the host that programs can still get." },
} as const satisfies Record<string, Metric>;

export type MachineMetric = keyof typeof MACHINE_METRICS;
export type DeviceMetric = keyof typeof DEVICE_METRICS;
export type LimitMetric = keyof typeof LIMIT_METRICS;
export type EngineMetric = keyof typeof ENGINE_METRICS;
export type ApiMetric = keyof typeof API_METRICS;
export type VolumeFigures = Readonly<Record<keyof typeof VOLUME_METRICS, number>>;
export type ContainerFigures = Readonly<Record<keyof typeof CONTAINER_METRICS, number>>;
export type HostMetric = keyof typeof HOST_METRICS;

export type MachineCounters = Readonly<Record<MachineMetric, number>>;
export type DeviceCounters = Readonly<Record<DeviceMetric, number>>;
/** Without what the host does not tell. */
export type HostFigures = Readonly<Partial<Record<HostMetric, number>>>;

/** All counters are 0 at power-on. */
export const NO_MACHINE_COUNTERS = zeros(MACHINE_METRICS);
export const NO_DEVICE_COUNTERS = zeros(DEVICE_METRICS);

function zeros<Name extends string>(metrics: Readonly<Record<Name, Metric>>): Readonly<Record<Name, number>> {
  return Object.fromEntries(Object.keys(metrics).map((name) => [name, 0])) as Record<Name, number>;
}

/** All counters of a running instance at one moment. */
export interface CounterSample {
  readonly machine: MachineCounters;
  readonly devices: Readonly<Record<string, DeviceCounters>>;
}

export interface Limits {
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly vcpus: number;
}

/** How the API, and whoever scrapes us, names a metric of the tables above. */
export function openMetricsName(name: string, { type }: Metric): string {
  return type === "counter" ? `wardian_${name}_total` : `wardian_${name}`;
}
