// WASI preview1's errno of what node:fs throws, by one table, and the numbers under short names. Depends on the kernel's abi, which owns them.
import * as errno from "../../assembly/kernel/abi.js";

export {
  ERRNO_SUCCESS as SUCCESS,
  ERRNO_ACCES as ACCES,
  ERRNO_AGAIN as AGAIN,
  ERRNO_BADF as BADF,
  ERRNO_BUSY as BUSY,
  ERRNO_DQUOT as DQUOT,
  ERRNO_EXIST as EXIST,
  ERRNO_FBIG as FBIG,
  ERRNO_INTR as INTR,
  ERRNO_INVAL as INVAL,
  ERRNO_IO as IO,
  ERRNO_ISDIR as ISDIR,
  ERRNO_LOOP as LOOP,
  ERRNO_MFILE as MFILE,
  ERRNO_MLINK as MLINK,
  ERRNO_NAMETOOLONG as NAMETOOLONG,
  ERRNO_NFILE as NFILE,
  ERRNO_NODEV as NODEV,
  ERRNO_NOENT as NOENT,
  ERRNO_NOMEM as NOMEM,
  ERRNO_NOSPC as NOSPC,
  ERRNO_NOTDIR as NOTDIR,
  ERRNO_NOTEMPTY as NOTEMPTY,
  ERRNO_NOTSUP as NOTSUP,
  ERRNO_NXIO as NXIO,
  ERRNO_OVERFLOW as OVERFLOW,
  ERRNO_PERM as PERM,
  ERRNO_ROFS as ROFS,
  ERRNO_SPIPE as SPIPE,
  ERRNO_STALE as STALE,
  ERRNO_TXTBSY as TXTBSY,
  ERRNO_XDEV as XDEV,
} from "../../assembly/kernel/abi.js";

const BY_CODE = new Map<string, number>([
  ["EACCES", errno.ERRNO_ACCES],
  ["EAGAIN", errno.ERRNO_AGAIN],
  ["EBADF", errno.ERRNO_BADF],
  ["EBUSY", errno.ERRNO_BUSY],
  ["EDQUOT", errno.ERRNO_DQUOT],
  ["EEXIST", errno.ERRNO_EXIST],
  ["EFBIG", errno.ERRNO_FBIG],
  ["EINTR", errno.ERRNO_INTR],
  ["EINVAL", errno.ERRNO_INVAL],
  ["EIO", errno.ERRNO_IO],
  ["EISDIR", errno.ERRNO_ISDIR],
  ["ELOOP", errno.ERRNO_LOOP],
  ["EMFILE", errno.ERRNO_MFILE],
  ["EMLINK", errno.ERRNO_MLINK],
  ["ENAMETOOLONG", errno.ERRNO_NAMETOOLONG],
  ["ENFILE", errno.ERRNO_NFILE],
  ["ENODEV", errno.ERRNO_NODEV],
  ["ENOENT", errno.ERRNO_NOENT],
  ["ENOMEM", errno.ERRNO_NOMEM],
  ["ENOSPC", errno.ERRNO_NOSPC],
  ["ENOTDIR", errno.ERRNO_NOTDIR],
  ["ENOTEMPTY", errno.ERRNO_NOTEMPTY],
  ["ENOTSUP", errno.ERRNO_NOTSUP],
  ["ENXIO", errno.ERRNO_NXIO],
  ["EOPNOTSUPP", errno.ERRNO_NOTSUP],
  ["EOVERFLOW", errno.ERRNO_OVERFLOW],
  ["EPERM", errno.ERRNO_PERM],
  ["EROFS", errno.ERRNO_ROFS],
  ["ESPIPE", errno.ERRNO_SPIPE],
  ["ESTALE", errno.ERRNO_STALE],
  ["ETXTBSY", errno.ERRNO_TXTBSY],
  ["EXDEV", errno.ERRNO_XDEV],
]);

/** Node's name of what went wrong (`ENOENT`, ...), or "" of anything that is no system error. */
export const codeOf = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
};

/** The errno of whatever node:fs threw: IO where the table does not know it. */
export const errnoOf = (error: unknown): number => BY_CODE.get(codeOf(error)) ?? errno.ERRNO_IO;
