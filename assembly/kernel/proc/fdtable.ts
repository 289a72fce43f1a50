// A process's descriptors: 64 bytes each, 64 in a page, pages taken as numbers grow. One thread at a time touches a table: the process's own,
// or before its start and after its end the host's; so there is no lock. In WASI a descriptor is its open file (nothing duplicates one).
// Depends on slab and process.
import { ERRNO_BADF, ERRNO_MFILE, ERRNO_NOMEM, ERRNO_SUCCESS, KIND_FREE, OPEN_OUTPUT, PAGE_BYTES } from "../abi";
import { page_alloc, page_free } from "../slab";
import { DESCRIPTOR_PAGES_AT, Process, processAt } from "./process";


@unmanaged
export class Descriptor {
  kind: i32;
  filetype: i32;
  fdflags: i32;
  /** OPEN_* of abi. */
  flags: i32;
  rightsBase: u64;
  rightsInheriting: u64;
  /** Where the next read or write begins. */
  offset: u64;
  /** The object: a pipe, a socket, an inode; of a host's descriptor the handle. */
  object: usize;
  /** A second one: what else the kind needs. */
  second: usize;
  /** The name under which a preopened directory is known. */
  namePtr: usize;
  nameLen: u32;
}

const DESCRIPTOR_SHIFT: usize = 6;
const PER_PAGE: i32 = 64;
const DESCRIPTOR_PAGES: i32 = 64;

/** The open descriptor, or null. */
@inline
export function findDescriptor(proc: usize, fd: i32): Descriptor | null {
  if (<u32>fd >= <u32>(PER_PAGE * DESCRIPTOR_PAGES)) return null;
  const page = <usize>load<u32>(proc + ((<usize>(fd >> 6)) << 2), DESCRIPTOR_PAGES_AT);
  if (!page) return null;
  const d = changetype<Descriptor>(page + ((<usize>(fd & 63)) << DESCRIPTOR_SHIFT));
  return d.kind == KIND_FREE ? null : d;
}

/** Whether one more descriptor is allowed. */
@inline
export function hasRoom(p: Process): bool {
  return p.descriptors < p.maxDescriptors;
}

/** The lowest free number, its page in place; or an errno negated. The descriptor is free until its kind is set: then call took(). */
export function reserveDescriptor(proc: usize): i32 {
  const p = processAt(proc);
  if (!hasRoom(p)) return -ERRNO_MFILE;
  for (let fd = p.lowestFree; fd < p.maxDescriptors; fd++) {
    const page = pageOf(proc, fd);
    if (!page) return -ERRNO_NOMEM;
    if (load<i32>(page + ((<usize>(fd & 63)) << DESCRIPTOR_SHIFT)) == KIND_FREE) return fd;
  }
  return -ERRNO_MFILE;
}

function pageOf(proc: usize, fd: i32): usize {
  const slot = proc + ((<usize>(fd >> 6)) << 2);
  let page = <usize>load<u32>(slot, DESCRIPTOR_PAGES_AT);
  if (!page) {
    page = page_alloc();
    store<u32>(slot, <u32>page, DESCRIPTOR_PAGES_AT);
  }
  return page;
}

/** Makes the number `fd` an open descriptor of this kind; its page is in place (reserveDescriptor or reserveNumber). */
export function openDescriptor(proc: usize, fd: i32, kind: i32, filetype: i32, flags: i32, object: usize): Descriptor {
  const d = slotOf(proc, fd);
  memory.fill(changetype<usize>(d), 0, 1 << DESCRIPTOR_SHIFT);
  d.kind = kind;
  d.filetype = filetype;
  d.flags = flags;
  d.object = object;
  const p = processAt(proc);
  p.descriptors++;
  if (fd == p.lowestFree) p.lowestFree = fd + 1;
  return d;
}


@inline
function slotOf(proc: usize, fd: i32): Descriptor {
  const page = <usize>load<u32>(proc + ((<usize>(fd >> 6)) << 2), DESCRIPTOR_PAGES_AT);
  return changetype<Descriptor>(page + ((<usize>(fd & 63)) << DESCRIPTOR_SHIFT));
}

/** Makes sure that `fd`, chosen by the host, is free and has its page. An errno. */
export function reserveNumber(proc: usize, fd: i32): i32 {
  const p = processAt(proc);
  if (<u32>fd >= <u32>p.maxDescriptors || !hasRoom(p) || findDescriptor(proc, fd)) return -ERRNO_MFILE;
  return pageOf(proc, fd) ? fd : -ERRNO_NOMEM;
}

/** Makes sure that `to` may become the number of an open descriptor. BADF beyond the limit: no such number can be. */
export function reserveMove(proc: usize, to: i32): i32 {
  if (<u32>to >= <u32>processAt(proc).maxDescriptors) return ERRNO_BADF;
  return pageOf(proc, to) ? ERRNO_SUCCESS : ERRNO_NOMEM;
}

/** Marks the number free. What it stood for has been let go. */
export function freeDescriptor(proc: usize, fd: i32, d: Descriptor): void {
  d.kind = KIND_FREE;
  const p = processAt(proc);
  p.descriptors--;
  if (fd < p.lowestFree) p.lowestFree = fd;
}

/** Moves an open descriptor to another number, which is free, or whose object was let go. */
export function moveDescriptor(proc: usize, from: i32, to: i32): void {
  const target = slotOf(proc, to);
  const p = processAt(proc);
  if (target.kind == KIND_FREE) p.descriptors++;
  memory.copy(changetype<usize>(target), changetype<usize>(slotOf(proc, from)), 1 << DESCRIPTOR_SHIFT);
  if (to == p.lowestFree) p.lowestFree = to + 1;
  freeDescriptor(proc, from, slotOf(proc, from));
}

/** Gives back the pages. Every descriptor has been closed. */
export function freeTable(proc: usize): void {
  for (let i = 0; i < DESCRIPTOR_PAGES; i++) {
    const page = <usize>load<u32>(proc + ((<usize>i) << 2), DESCRIPTOR_PAGES_AT);
    if (page) page_free(page);
    store<u32>(proc + ((<usize>i) << 2), 0, DESCRIPTOR_PAGES_AT);
  }
}

/** One past the highest number that can be open. */
@inline
export function tableEnd(proc: usize): i32 {
  return processAt(proc).maxDescriptors;
}


@inline
export function isOutput(d: Descriptor): bool {
  return (d.flags & OPEN_OUTPUT) != 0;
}
