// WASI preview1 errno numbers that a host directory answers with, and the one table from Node's error codes to them.
// Depends on nothing. Numbers: preview1 witx, type errno.

export const SUCCESS = 0;
export const ACCES = 2;
export const AGAIN = 6;
export const BADF = 8;
export const BUSY = 10;
export const DQUOT = 19;
export const EXIST = 20;
export const FBIG = 22;
export const INTR = 27;
export const INVAL = 28;
export const IO = 29;
export const ISDIR = 31;
export const LOOP = 32;
export const MFILE = 33;
export const MLINK = 34;
export const NAMETOOLONG = 37;
export const NFILE = 41;
export const NODEV = 43;
export const NOENT = 44;
export const NOMEM = 48;
export const NOSPC = 51;
export const NOTDIR = 54;
export const NOTEMPTY = 55;
export const NOTSUP = 58;
export const NXIO = 60;
export const OVERFLOW = 61;
export const PERM = 63;
export const ROFS = 69;
export const SPIPE = 70;
export const STALE = 72;
export const TXTBSY = 74;
export const XDEV = 75;

const BY_CODE = new Map<string, number>([
  ["EACCES", ACCES],
  ["EAGAIN", AGAIN],
  ["EBADF", BADF],
  ["EBUSY", BUSY],
  ["EDQUOT", DQUOT],
  ["EEXIST", EXIST],
  ["EFBIG", FBIG],
  ["EINTR", INTR],
  ["EINVAL", INVAL],
  ["EIO", IO],
  ["EISDIR", ISDIR],
  ["ELOOP", LOOP],
  ["EMFILE", MFILE],
  ["EMLINK", MLINK],
  ["ENAMETOOLONG", NAMETOOLONG],
  ["ENFILE", NFILE],
  ["ENODEV", NODEV],
  ["ENOENT", NOENT],
  ["ENOMEM", NOMEM],
  ["ENOSPC", NOSPC],
  ["ENOTDIR", NOTDIR],
  ["ENOTEMPTY", NOTEMPTY],
  ["ENOTSUP", NOTSUP],
  ["ENXIO", NXIO],
  ["EOPNOTSUPP", NOTSUP],
  ["EOVERFLOW", OVERFLOW],
  ["EPERM", PERM],
  ["EROFS", ROFS],
  ["ESPIPE", SPIPE],
  ["ESTALE", STALE],
  ["ETXTBSY", TXTBSY],
  ["EXDEV", XDEV],
]);

/** Node's name of what went wrong (`ENOENT`, ...), or "" of anything that is no system error. */
export const codeOf = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
};

/** The errno of whatever node:fs threw: IO where the table does not know it. */
export const errnoOf = (error: unknown): number => BY_CODE.get(codeOf(error)) ?? IO;
