// What every call on a descriptor begins with: the descriptor and its rights. Depends on proc.
import { ERRNO_BADF, ERRNO_INVAL, ERRNO_NAMETOOLONG, ERRNO_NOMEM, ERRNO_NOTCAPABLE, ERRNO_SUCCESS, GATE_HOST } from "../abi";
import { Descriptor, findDescriptor } from "../proc/fdtable";
import { setResult, windowOf } from "../proc/process";
import { slab_alloc } from "../slab";

/** BADF for a number that is not open, NOTCAPABLE where one of `rights` is missing. */
@inline
export function check(proc: usize, fd: i32, rights: u32): i32 {
  const d = findDescriptor(proc, fd);
  if (!d) return ERRNO_BADF;
  return (d.rightsBase & rights) == rights ? ERRNO_SUCCESS : ERRNO_NOTCAPABLE;
}

/** The descriptor that check() found good. */
@inline
export function checked(proc: usize, fd: i32): Descriptor {
  return changetype<Descriptor>(findDescriptor(proc, fd));
}

/** The host goes on with its own handle. */
@inline
export function host(proc: usize, d: Descriptor): i32 {
  setResult(proc, 0, d.object);
  return GATE_HOST;
}

/** Names a preopened directory; the number, or an errno negated (the descriptor then stays, without a name, for the reaper). */
export function named(proc: usize, fd: i32, d: Descriptor, nameLen: i32): i32 {
  if (nameLen <= 0 || nameLen > 4096) return nameLen <= 0 ? -ERRNO_INVAL : -ERRNO_NAMETOOLONG;
  const name = slab_alloc(nameLen);
  if (!name) return -ERRNO_NOMEM;
  memory.copy(name, windowOf(proc), nameLen);
  d.namePtr = name;
  d.nameLen = nameLen;
  return fd;
}
