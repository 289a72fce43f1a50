// What a host directory needs of WASI preview1 besides errno: the kernel's abi owns these numbers. Depends on it only.
export {
  FILETYPE_UNKNOWN,
  FILETYPE_BLOCK_DEVICE,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  FILETYPE_SOCKET_STREAM,
  FILETYPE_SYMBOLIC_LINK,
  LOOKUPFLAGS_SYMLINK_FOLLOW,
  OFLAGS_CREAT,
  OFLAGS_DIRECTORY,
  OFLAGS_EXCL,
  OFLAGS_TRUNC,
  FDFLAGS_APPEND,
  FDFLAGS_DSYNC,
  FDFLAGS_NONBLOCK,
  FDFLAGS_RSYNC,
  FDFLAGS_SYNC,
  FSTFLAGS_ATIM,
  FSTFLAGS_ATIM_NOW,
  FSTFLAGS_MTIM,
  FSTFLAGS_MTIM_NOW,
  WHENCE_SET,
  WHENCE_CUR,
  WHENCE_END,
  DIRENT_BYTES,
} from "../../assembly/kernel/abi.js";

/** The last of preview1's `advice`: noreuse. */
export const ADVICE_LAST = 5;

/** What a handle is opened for: bits of `access`. */
export const ACCESS_READ = 1;
export const ACCESS_WRITE = 2;
