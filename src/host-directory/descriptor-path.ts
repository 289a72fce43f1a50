// Paths that begin at an open descriptor: `/proc/self/fd/N/name` is Linux' openat() for whoever has only open(). Depends on node:fs.
//
// Node has neither openat() nor O_PATH in its constants. The kernel takes /proc/self/fd/N to the very directory that descriptor N
// holds, whatever its name is by now, so one more component behind it is looked up in exactly that directory. Names never contain
// a slash and are never "..", and calls are made so that the last component is not followed: the kernel follows no link of a guest's.
import { constants } from "node:fs";

/** Linux' O_PATH (asm-generic; x86, arm, riscv, power and s390 all have this value): a descriptor that names a file and opens nothing. */
const O_PATH = 0o10000000;

/** Names whatever is there, a symbolic link too, without opening it: no device or FIFO notices. */
export const NAME_ONLY = O_PATH | constants.O_NOFOLLOW;
/** Names a directory; ENOTDIR if it is anything else, a symbolic link to a directory too. */
export const NAME_DIRECTORY = O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY;

// oxlint-disable-next-line no-control-regex -- ASCII is exactly this range
const ASCII = /^[\x01-\x7f]*$/;

/** `name` (its bytes as latin1) in the directory that descriptor `fd` holds. */
export function childPath(fd: number, name: string): string | Buffer {
  const path = `/proc/self/fd/${fd}/${name}`;
  return ASCII.test(name) ? path : Buffer.from(path, "latin1");
}

/** The directory itself that `fd` holds, as a path that no flag against following links stops. */
export const directoryPath = (fd: number): string => `/proc/self/fd/${fd}/.`;

/** The file itself that `fd` holds: opening this opens that inode again, with other flags, and looks up no name. */
export const reopenPath = (fd: number): string => `/proc/self/fd/${fd}`;
