// What the thunks call in kernel.wasm: WASI's calls as the kernel has them (assembly/kernel/syscall/). Each gives 0, a WASI errno,
// or a gate result; data passes through the window, numbers through the result slots. May depend on nothing.

// prettier-ignore
export interface KernelCalls {
  fd_advise(proc: number, fd: number, offset: bigint, len: bigint, advice: number): number;
  fd_allocate(proc: number, fd: number, offset: bigint, len: bigint): number;
  fd_close(proc: number, fd: number): number;
  fd_datasync(proc: number, fd: number): number;
  fd_fdstat_get(proc: number, fd: number): number;
  fd_fdstat_set_flags(proc: number, fd: number, flags: number): number;
  fd_fdstat_set_rights(proc: number, fd: number, base: bigint, inheriting: bigint): number;
  fd_filestat_get(proc: number, fd: number): number;
  fd_filestat_set_size(proc: number, fd: number, size: bigint): number;
  fd_filestat_set_times(proc: number, fd: number, atim: bigint, mtim: bigint, flags: number): number;
  fd_pread(proc: number, fd: number, len: number, offset: bigint): number;
  fd_pread_page(proc: number, fd: number, len: number, offset: bigint): number;
  fd_prestat_get(proc: number, fd: number): number;
  fd_prestat_dir_name(proc: number, fd: number, len: number): number;
  fd_pwrite(proc: number, fd: number, len: number, offset: bigint): number;
  fd_read(proc: number, fd: number, len: number): number;
  fd_readdir(proc: number, fd: number, len: number, cookie: bigint): number;
  fd_renumber(proc: number, fd: number, to: number): number;
  fd_seek(proc: number, fd: number, offset: bigint, whence: number): number;
  fd_sync(proc: number, fd: number): number;
  fd_tell(proc: number, fd: number): number;
  fd_write(proc: number, fd: number, len: number): number;
  path_create_directory(proc: number, fd: number, len: number): number;
  path_filestat_get(proc: number, fd: number, flags: number, len: number): number;
  path_filestat_set_times(proc: number, fd: number, flags: number, len: number, atim: bigint, mtim: bigint, fstflags: number): number;
  path_link(proc: number, oldFd: number, flags: number, oldLen: number, newFd: number, newLen: number): number;
  path_open(proc: number, fd: number, dirflags: number, len: number, oflags: number, base: bigint, inheriting: bigint, fdflags: number): number;
  path_readlink(proc: number, fd: number, len: number, bufLen: number): number;
  path_remove_directory(proc: number, fd: number, len: number): number;
  path_rename(proc: number, fd: number, oldLen: number, newFd: number, newLen: number): number;
  path_symlink(proc: number, oldLen: number, fd: number, newLen: number): number;
  path_unlink_file(proc: number, fd: number, len: number): number;
  poll_oneoff(proc: number, count: number): number;
  sched_yield(proc: number): number;
  sock_accept(proc: number, fd: number, flags: number): number;
  sock_recv(proc: number, fd: number, len: number, flags: number): number;
  sock_send(proc: number, fd: number, len: number, flags: number): number;
  sock_shutdown(proc: number, fd: number, how: number): number;
  /** No call of the process gets through the gate any more. */
  process_exit(proc: number): number;
  ticker_count(): number;
  /** RESULT0 is the new descriptor. */
  fd_install_host(proc: number, handle: number, base: bigint, inheriting: bigint, filetype: number, flags: number): number;
}
