// What closing does to the object behind a descriptor. Depends on fdtable and everything in ipc and vfs that can be open.
import {
  ERRNO_SUCCESS,
  GATE_HOST,
  KIND_DIRECTORY,
  KIND_FILE,
  KIND_HOST,
  KIND_LISTENER,
  KIND_PIPE_READ,
  KIND_PIPE_WRITE,
  KIND_SOCKET,
} from "../abi";
import { dropReader, dropWriter } from "../ipc/pipe";
import { dropAcceptor, socketClose } from "../ipc/socket";
import { slab_free } from "../slab";
import { inode_release } from "../vfs/reclaim";
import { Descriptor, findDescriptor, freeDescriptor, freeTable, tableEnd } from "./fdtable";
import { lockTree, unlockTree } from "./kernel-lock";
import { processAt, setResult } from "./process";

/** Lets go of the object; the number stays taken. GATE_HOST with the handle in RESULT0: the host has something to close. */
export function releaseObject(proc: usize, d: Descriptor): i32 {
  if (d.namePtr) slab_free(d.namePtr, d.nameLen);
  d.namePtr = 0;
  if (isStream(d.kind)) processAt(proc).pipes--;
  return letGo(proc, d.kind, d.object);
}

function letGo(proc: usize, kind: i32, object: usize): i32 {
  switch (kind) {
    case KIND_FILE:
    case KIND_DIRECTORY:
      lockTree();
      inode_release(object);
      unlockTree();
      break;
    case KIND_PIPE_READ:
      dropReader(object);
      break;
    case KIND_PIPE_WRITE:
      dropWriter(object);
      break;
    case KIND_SOCKET:
      socketClose(object);
      break;
    case KIND_LISTENER:
      dropAcceptor(object);
      break;
    case KIND_HOST:
      setResult(proc, 0, object);
      return GATE_HOST;
    default:
      break;
  }
  return ERRNO_SUCCESS;
}

/** What counts towards the limit on pipes. */
@inline
function isStream(kind: i32): bool {
  return kind >= KIND_PIPE_READ && kind <= KIND_LISTENER;
}

/** Closes everything and gives the table's pages back. Host handles are the host's to close: it knows them all. */
export function releaseAll(proc: usize): void {
  const end = tableEnd(proc);
  for (let fd = 0; fd < end && processAt(proc).descriptors > 0; fd++) {
    const d = findDescriptor(proc, fd);
    if (!d) continue;
    releaseObject(proc, d);
    freeDescriptor(proc, fd, d);
  }
  freeTable(proc);
}
