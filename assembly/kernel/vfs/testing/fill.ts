// What tests need to be quick, or to be nasty: fills a directory, sets a limit later on. For tests only.
import { Fs } from "../inode";
import { vfs_link } from "../names";

const FILL_PATH_PTR: usize = 0x14000;

/** Gives the file `0` of a directory the further names 1 to count - 1, in decimal; the first errno that is not 0. */
export function fill(dir: usize, count: u32): i32 {
  store<u8>(FILL_PATH_PTR, 0x30);
  for (let i: u32 = 1; i < count; i++) {
    const end = FILL_PATH_PTR + 32;
    let at = end;
    for (let rest = i; rest; rest /= 10) store<u8>(--at, <u8>(0x30 + (rest % 10)));
    const errno = vfs_link(dir, FILL_PATH_PTR, 1, 0, dir, at, <u32>(end - at), 1);
    if (errno) return errno;
  }
  return 0;
}

export function set_limit(fs: usize, maxBytes: u64): void {
  changetype<Fs>(fs).maxBytes = maxBytes;
}

export function set_max_mapped(fs: usize, count: u32): void {
  changetype<Fs>(fs).maxMapped = count;
}
