// A directory of the host that a container was given: its descriptor, and what may be opened below it. Depends on node:fs and errors.
//
// Linux only, on purpose. Elsewhere there is no /proc/self/fd, and without openat() all that is left is to compare real paths before and
// after, which a guest that renames fast enough gets through: a boundary that holds only mostly is worse than a clear refusal.
import { closeSync, constants, fstatSync, openSync, statfsSync } from "node:fs";
import { WardianError } from "../errors.js";
import { DirectoryCache, placeOf } from "./directory-cache.js";
import { directoryPath, reopenPath } from "./descriptor-path.js";
import { ACCES, NXIO, SUCCESS } from "./errno.js";

const PROC_SUPER_MAGIC = 0x9fa0;

/** File systems whose files are the kernel's switches and other processes' memory, not data (linux/magic.h). Never opened. */
const KERNEL_INTERFACES = new Set([
  PROC_SUPER_MAGIC,
  0x62656572, // sysfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0x62656570, // configfs
  0xde5e81e4, // efivarfs
  0x6165676c, // pstore
  0xcafe4a11, // bpf
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0xf97cff8c, // selinuxfs
  0x1cd1, // devpts
  0x19800202, // mqueue
  0x6e736673, // nsfs
]);

export interface Mount {
  /** Its root; a handle has it, and closes it. */
  readonly fd: number;
  /** Where the root was when it was given, as the beginning of a path below it. */
  readonly place: string;
  readonly cache: DirectoryCache;
  readonly readOnly: boolean;
  /** Whether files of a device (st_dev) are an interface of the kernel, as far as was asked. */
  readonly interfaces: Map<number, boolean>;
}

const refuse = (hostPath: string, why: string, cause?: unknown): WardianError =>
  new WardianError("host-directory", `Cannot give ${JSON.stringify(hostPath)} to a container: ${why}.`, { cause });

function hasProcDescriptors(): boolean {
  try {
    return process.platform === "linux" && statfsSync("/proc/self/fd").type === PROC_SUPER_MAGIC;
  } catch {
    return false;
  }
}

/** Opens the directory `hostPath` (links in it are the host's own and are followed, once) for a container. Throws WardianError. */
export function openMount(hostPath: string, readOnly: boolean): Mount {
  if (!hasProcDescriptors()) throw refuse(hostPath, "host directories need Linux with /proc mounted");
  const fd = openRoot(hostPath);
  const place = placeOf(fd).replace(/^\/$/, "");
  const mount = { fd, place, cache: new DirectoryCache(), readOnly, interfaces: new Map<number, boolean>() };
  try {
    if (!reachesItself(mount.fd)) throw refuse(hostPath, "/proc/self/fd does not lead to open directories here");
    if (isKernelInterface(mount, mount.fd, fstatSync(mount.fd).dev)) throw refuse(hostPath, "it is an interface of the kernel, not data");
    return mount;
  } catch (error) {
    closeSync(mount.fd);
    throw error;
  }
}

function openRoot(hostPath: string): number {
  if (hostPath === "" || hostPath.includes("\0")) throw refuse(hostPath, "that is no path");
  try {
    return openSync(hostPath, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw refuse(hostPath, error instanceof Error ? error.message : String(error), error);
  }
}

/** /proc may be another process's, or a stranger's idea of it: a descriptor has to lead to the directory that it holds. */
function reachesItself(fd: number): boolean {
  const again = openSync(directoryPath(fd), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const [one, other] = [fstatSync(fd, { bigint: true }), fstatSync(again, { bigint: true })];
    return one.ino === other.ino && one.dev === other.dev;
  } finally {
    closeSync(again);
  }
}

function isKernelInterface(mount: Mount, fd: number, dev: number): boolean {
  const known = mount.interfaces.get(dev);
  if (known !== undefined) return known;
  const found = KERNEL_INTERFACES.has(statfsSync(reopenPath(fd)).type);
  mount.interfaces.set(dev, found);
  return found;
}

/**
 * Whether what `fd` names (and has not opened) may be opened: SUCCESS for a directory or a regular file. A device is ACCES, as on a
 * file system mounted `nodev`; so is a file of /proc and the like. A FIFO and a socket are NXIO, as Linux has it for a socket.
 */
export function mayOpen(mount: Mount, fd: number, stat: { dev: number; mode: number }): number {
  const type = stat.mode & constants.S_IFMT;
  if (type === constants.S_IFBLK || type === constants.S_IFCHR) return ACCES;
  if (type !== constants.S_IFREG && type !== constants.S_IFDIR) return NXIO;
  return isKernelInterface(mount, fd, stat.dev) ? ACCES : SUCCESS;
}
