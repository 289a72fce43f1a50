// What an instance is asked to be: one schema for every door (library, command line, HTTP), its TypeScript type and, through
// the API, its OpenAPI description. Bounds stand here; what they bound is said where it is enforced. May depend on config, zod and the names of
// machine/.
import { z } from "zod";
import { DEFAULT_MEMORY } from "../config.js";
import { LIMIT_BOUNDS, STANDARD_DESCRIPTORS } from "../container/limit-bounds.js";
import { TIERS } from "../container/tier-name.js";
import { ENGINE_NAMES } from "../machine/engine-name.js";

/** A name or an id in a path: letters, digits, "_", "." and "-", not beginning with a sign. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
export const SIGNAL_PATTERN = /^(SIG)?[A-Z][A-Z0-9+-]{1,9}$|^[1-9][0-9]?$/;

const MAX_STRINGS = 4096;
const MAX_STRING_CHARS = 131_072;
const MAX_LABELS = 64;
const MAX_WAIT_MS = 2 ** 31 - 1;
// A NUL ends a string for the guest's kernel.
const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\0]*$/, "must not contain NUL");

export const nameSchema = z.string().regex(NAME_PATTERN, "1 to 63 letters, digits, _ . or -, beginning with a letter or digit");
export const signalSchema = z
  .string()
  .regex(SIGNAL_PATTERN, "a signal's name or number, such as SIGTERM")
  .describe("A signal's name, with or without SIG, or its number.");
/** Bytes, or a size such as "512M". The range is checked where memory is given out. */
export const sizeSchema = z.union([z.int().positive(), z.string().max(24)]);
export const pathSchema = text(4095).min(1).describe("A path in the guest.");
const envSchema = z
  .record(text(4096).regex(/^[^=]+$/, "a variable's name is not empty and has no ="), text(MAX_STRING_CHARS))
  .refine((env) => Object.keys(env).length <= MAX_STRINGS, `at most ${MAX_STRINGS} variables`);
export const graceSchema = z.int().min(0).max(MAX_WAIT_MS).describe("Milliseconds between the request to end and the end by force.");

export const terminalSchema = z.union([
  z.boolean(),
  z.strictObject({ rows: z.int().min(1).max(65_535), cols: z.int().min(1).max(65_535) }),
]);

/** A program to start in a guest. */
export const commandSchema = z.strictObject({
  args: z
    .array(text(MAX_STRING_CHARS))
    .min(1)
    .max(MAX_STRINGS)
    .describe("The program (looked up in PATH unless it has a slash) and its arguments."),
  env: envSchema.optional(),
  cwd: pathSchema.optional().describe("Folder in the guest; default /."),
  user: text(256).min(1).optional().describe("name, uid, name:group or uid:gid in the guest; default root."),
  tty: terminalSchema.optional().describe("A terminal: stdin, stdout and stderr are one."),
  stdin: z.boolean().optional().describe("Leave stdin open; otherwise it is /dev/null."),
});
export type Command = z.infer<typeof commandSchema>;

const count = ({ min, max }: { readonly min: number; readonly max: number }) => z.int().min(min).max(max).optional();

export const limitsSchema = z.strictObject({
  memory: sizeSchema
    .default(DEFAULT_MEMORY)
    .describe("RAM, 16M to 3G; for a container, what its memory may grow to, 64K to 4G: bytes, or a size such as 512M."),
  cpus: z
    .number()
    .min(0.01)
    .max(1)
    .optional()
    .describe("Hard cap, in CPUs; without it an instance may use what is free. A machine has one hart."),
  cpuWeight: z.int().min(1).max(10_000).default(100).describe("Share of a contended CPU, against the others' weights."),
  fuel: z.int().min(1).optional().describe("For a container: it is ended after about so many instructions, always at the same one."),
  pids: z.int().min(1).max(4_194_304).optional().describe("Tasks that the guest's kernel allows beyond its own."),
  disk: sizeSchema.optional().describe("Size of the root file system: bytes, or a size such as 64M."),
  runTimeMs: z.int().min(1).max(MAX_WAIT_MS).optional().describe("The instance is killed after this time; it counts anew for each start."),
  cpuTimeMs: z.int().min(1).max(MAX_WAIT_MS).optional().describe("For a container: it is ended after this time on a CPU, of each start."),
  output: sizeSchema
    .optional()
    .describe(
      "For a container: it is ended when its stdout and stderr come to more. What it writes to another one (stdinFrom) does not count.",
    ),
  descriptors: count(LIMIT_BOUNDS.descriptors).describe(
    "For a container: those that it may have open, its streams among them; MFILE (1024).",
  ),
  fileSize: sizeSchema.optional().describe("For a container: of each file that it writes in folders of the host; FBIG."),
  written: sizeSchema.optional().describe("For a container: all that it writes in folders of the host, in each run; NOSPC."),
  createdFiles: count(LIMIT_BOUNDS.createdFiles).describe(
    "For a container: files, folders and links that it makes in folders of the host, in each run; NOSPC.",
  ),
  tableElements: count(LIMIT_BOUNDS.tableElements).describe("For a container: elements of all its tables together (1000000)."),
});

export const RESTART_POLICIES = ["no", "on-failure", "always", "unless-stopped"] as const;
export const restartSchema = z.strictObject({
  policy: z
    .enum(RESTART_POLICIES)
    .default("no")
    .describe("always and unless-stopped are alike: what was stopped on request stays stopped."),
  maxRetries: z.int().min(1).max(1_000_000).optional().describe("For on-failure: give up after so many restarts in a row."),
});

const labelsSchema = z
  .record(text(128).min(1), text(1024))
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`);

export const diskSchema = z.strictObject({ path: text(4095).min(1), readOnly: z.boolean().default(false) });

export const mountSchema = z.strictObject({
  path: text(4095).min(1).describe("A folder of the host."),
  guestPath: text(4095).min(1).describe("Its name for the program."),
  readOnly: z.boolean().default(false),
});

export const volumeSchema = z.strictObject({
  name: nameSchema.describe("Of the volume, among those of the same owner."),
  guestPath: text(4095).min(1).describe("Its name for the program."),
  readOnly: z.boolean().default(false),
  size: sizeSchema.optional().describe("The most that it may hold, 64K to 256M; all who state one state the same (default: 64M)."),
});

export const socketSchema = z.strictObject({
  name: nameSchema.describe("Of the socket, among those of the same owner."),
  role: z.enum(["listen", "connect"]).describe("Whether it accepts connections, or is one."),
});

export const KINDS = ["vm", "container"] as const;

/** What has no meaning for a container, and what has one for nothing else. */
const VM_ONLY = ["kernel", "bios", "initrd", "append", "user", "cwd"] as const;
const VM_ONLY_LIMITS = ["pids", "disk"] as const;
const PROGRAM_LIMITS = ["cpuTimeMs", "output", "descriptors", "fileSize", "written", "createdFiles", "tableElements"] as const;

/**
 * A container: `image` is a WebAssembly program, `command` its arguments.
 * A vm, with `image`: a Linux guest with our agent in it: exec, files, and (with `command`) a main program whose end is the instance's.
 * Without, the bare machine: `kernel` or `bios` run on it, and the serial console is its input and output.
 */
export const instanceSpecSchema = z
  .strictObject({
    kind: z.enum(KINDS).default("vm"),
    name: nameSchema.optional().describe("Unique in its namespace; made up when left out."),
    image: text(4095)
      .min(1)
      .optional()
      .describe('"busybox", or the name of a root file system in the images folder (a path where paths are allowed).'),
    kernel: text(4095).min(1).optional().describe("A kernel or bare-metal program in the images folder; default, with an image: Debian's."),
    bios: text(4095).min(1).optional().describe("Firmware in the images folder that starts in M-mode below the kernel."),
    initrd: text(4095).min(1).optional().describe("For a bare machine: an initial RAM disk in the images folder."),
    disks: z.array(diskSchema).max(4).default([]).describe("For a bare machine: files in the images folder as virtio-blk disks."),
    mounts: z.array(mountSchema).max(32).default([]).describe("For a container: the folders of the host that it is given."),
    volumes: z
      .array(volumeSchema)
      .max(16)
      .default([])
      .describe(
        "For a container: folders in memory that it shares with the owner's others that name them. A volume is there from the first start " +
          "of one that names it until the last such instance is removed, or the server ends.",
      ),
    sockets: z
      .array(socketSchema)
      .max(16)
      .default([])
      .describe(
        "For a container: local stream sockets, by which it is connected to the owner's others. The start of one that connects is refused " +
          "while nobody listens. The descriptors come behind those of the folders, first those that it listens on; LISTEN_FDS, " +
          "LISTEN_FDNAMES and LISTEN_FDS_START, and the same with CONNECT, tell them.",
      ),
    stdinFrom: nameSchema
      .optional()
      .describe(
        "For a container: another container of the same owner, by id or name (kept as its id), whose stdout is this one's stdin. This one is " +
          "started first; the other one then writes to it, and not to its log.",
      ),
    tier: z
      .enum(TIERS)
      .default("auto")
      .describe("For a container: start, begin at once; peak, optimize all code first; auto, functions with loops when they are called."),
    pausable: z.boolean().default(false).describe("For a container: it can be paused, which costs it some speed."),
    append: text(2048).optional().describe("More words for the kernel's command line."),
    engine: z
      .enum(ENGINE_NAMES)
      .default("auto")
      .describe(
        "How its code is run: interpret, instruction by instruction; translate, hot code as WebAssembly; eager, all code at first sight; " +
          "auto, translate where the host compiles WebAssembly at run time, else interpret.",
      ),
    command: z
      .array(text(MAX_STRING_CHARS))
      .min(1)
      .max(MAX_STRINGS)
      .optional()
      .describe("The main program; the instance ends with it. Without it a guest runs until it is stopped."),
    env: envSchema.default({}),
    cwd: pathSchema.optional(),
    user: text(256).min(1).optional(),
    tty: z.boolean().default(false).describe("The main program has a terminal."),
    stdin: z.boolean().default(false).describe("The main program's stdin is open for attach."),
    limits: limitsSchema.prefault({}),
    labels: labelsSchema.default({}),
    restart: restartSchema.prefault({}),
    autoRemove: z.boolean().default(false).describe("Remove the instance when it has ended."),
    stopSignal: signalSchema.default("SIGTERM").describe("What stop sends to the main program."),
  })
  .refine((spec) => spec.image !== undefined || spec.kernel !== undefined || spec.bios !== undefined, {
    message: "give an image, or a kernel or bios for a bare machine",
    path: ["image"],
  })
  .refine((spec) => spec.image !== undefined || spec.command === undefined, {
    message: "a bare machine takes no command",
    path: ["command"],
  })
  .refine((spec) => spec.image === undefined || (spec.disks.length === 0 && spec.bios === undefined && spec.initrd === undefined), {
    message: "an image goes without disks, bios and initrd",
    path: ["image"],
  })
  .refine((spec) => spec.kind === "vm" || spec.image !== undefined, { message: "a container needs an image: its program", path: ["image"] })
  .refine(
    (spec) =>
      spec.kind === "vm" || (spec.disks.length === 0 && spec.engine === "auto" && VM_ONLY.every((name) => spec[name] === undefined)),
    { message: `a container goes without ${VM_ONLY.join(", ")}, disks and engine`, path: ["kind"] },
  )
  .refine((spec) => spec.kind === "vm" || VM_ONLY_LIMITS.every((name) => spec.limits[name] === undefined), {
    message: `a container goes without the limits ${VM_ONLY_LIMITS.join(" and ")}`,
    path: ["limits"],
  })
  .refine(
    (spec) =>
      spec.kind === "container" ||
      (spec.mounts.length + spec.volumes.length + spec.sockets.length === 0 &&
        spec.stdinFrom === undefined &&
        !spec.pausable &&
        spec.tier === "auto" &&
        spec.limits.fuel === undefined),
    { message: "mounts, volumes, sockets, stdinFrom, tier, pausable and fuel are for containers", path: ["kind"] },
  )
  .refine((spec) => spec.kind === "container" || PROGRAM_LIMITS.every((name) => spec.limits[name] === undefined), {
    message: `the limits ${PROGRAM_LIMITS.join(", ")} are for containers`,
    path: ["limits"],
  })
  .refine(
    ({ limits: { descriptors = Infinity }, mounts, volumes }) =>
      descriptors < LIMIT_BOUNDS.descriptors.min || descriptors >= STANDARD_DESCRIPTORS + mounts.length + volumes.length,
    {
      message: "its three standard streams and each folder that it is given take one",
      path: ["limits", "descriptors"],
    },
  )
  .refine((spec) => spec.stdinFrom === undefined || (!spec.stdin && !spec.tty && spec.restart.policy === "no"), {
    message: "it goes without stdin, tty and a restart policy",
    path: ["stdinFrom"],
  })
  .refine((spec) => !spec.autoRemove || spec.restart.policy === "no", {
    message: "autoRemove and a restart policy exclude each other",
    path: ["autoRemove"],
  });

/** As stored: every default filled in. */
export type InstanceSpec = z.output<typeof instanceSpecSchema>;
/** As given. */
export type InstanceRequest = z.input<typeof instanceSpecSchema>;

/** Of others, the input and output is the console's: its input has no end, and nothing hears a signal. */
export function hasMainProgram({ kind, command }: Pick<InstanceSpec, "kind" | "command">): boolean {
  return kind === "container" || command !== undefined;
}

/** True where one who attaches may write to it. */
export function takesInput(spec: Pick<InstanceSpec, "kind" | "command" | "stdin" | "tty">): boolean {
  return !hasMainProgram(spec) || spec.stdin || spec.tty;
}
