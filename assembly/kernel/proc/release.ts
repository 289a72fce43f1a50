// What closing does to the object behind a descriptor. Depends on fdtable and everything in ipc and vfs that can be open.
import { ERRNO_SUCCESS, GATE_HOST, KIND_FREE, KIND_HOST, KIND_PIPE_READ, KIND_PIPE_WRITE } from "../abi";
import { dropReader, dropWriter } from "../ipc/pipe";
import { slab_free } from "../slab";
import { Descriptor, findDescriptor, freeDescriptor, freeTable, tableEnd } from "./fdtable";
import { processAt, setResult } from "./process";

/** Lets go of the object; the number stays taken. GATE_HOST with the handle in RESULT0: the host has something to close. */
export function releaseObject(proc: usize, d: Descriptor): i32 {
  if (d.namePtr) slab_free(d.namePtr, d.nameLen);
  d.namePtr = 0;
  const object = d.object;
  switch (d.kind) {
    case KIND_PIPE_READ:
      dropReader(object);
      countPipe(proc);
      break;
    case KIND_PIPE_WRITE:
      dropWriter(object);
      countPipe(proc);
      break;
    case KIND_HOST:
      setResult(proc, 0, object);
      return GATE_HOST;
    default:
      break;
  }
  return ERRNO_SUCCESS;
}


@inline
function countPipe(proc: usize): void {
  processAt(proc).pipes--;
}

/** Closes everything and gives the table's pages back. Host handles are the host's to close: it knows them all. */
export function releaseAll(proc: usize): void {
  const end = tableEnd(proc);
  for (let fd = 0; fd < end && processAt(proc).descriptors > 0; fd++) {
    const d = findDescriptor(proc, fd);
    if (!d || d.kind == KIND_FREE) continue;
    releaseObject(proc, d);
    freeDescriptor(proc, fd, d);
  }
  freeTable(proc);
}
