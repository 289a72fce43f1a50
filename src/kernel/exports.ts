// The types of what build/kernel.wasm exports. Meanings stand where each is written: assembly/kernel/syscall and assembly/kernel/vfs.
// Addresses (of processes, pipes, inodes) are numbers below 2 ** 32; results that are negative are errno negated. Depends on nothing.

/** WASI's calls: 0, an errno, or GATE_KILLED (-1), GATE_HOST (-2). The results are in the process's slots, data in its window. */
export interface SystemCalls {
  fd_advise(proc: number, fd: number, offset: bigint, len: bigint, advice: number): number;
  fd_allocate(proc: number, fd: number, offset: bigint, len: bigint): number;
  fd_close(proc: number, fd: number): number;
  fd_datasync(proc: number, fd: number): number;
  fd_fdstat_get(proc: number, fd: number): number;
  fd_fdstat_set_flags(proc: number, fd: number, flags: number): number;
  fd_fdstat_set_rights(proc: number, fd: number, rightsBase: bigint, rightsInheriting: bigint): number;
  fd_filestat_get(proc: number, fd: number): number;
  fd_filestat_set_size(proc: number, fd: number, size: bigint): number;
  fd_filestat_set_times(proc: number, fd: number, atim: bigint, mtim: bigint, fstflags: number): number;
  fd_pread(proc: number, fd: number, len: number, offset: bigint): number;
  fd_pread_page(proc: number, fd: number, len: number, offset: bigint): number;
  fd_prestat_get(proc: number, fd: number): number;
  fd_prestat_dir_name(proc: number, fd: number, len: number): number;
  fd_pwrite(proc: number, fd: number, len: number, offset: bigint): number;
  fd_read(proc: number, fd: number, len: number): number;
  fd_readdir(proc: number, fd: number, len: number, cookie: bigint): number;
  fd_renumber(proc: number, from: number, to: number): number;
  fd_seek(proc: number, fd: number, offset: bigint, whence: number): number;
  fd_sync(proc: number, fd: number): number;
  fd_tell(proc: number, fd: number): number;
  fd_write(proc: number, fd: number, len: number): number;
  path_create_directory(proc: number, fd: number, pathLen: number): number;
  path_filestat_get(proc: number, fd: number, lookupflags: number, pathLen: number): number;
  path_filestat_set_times(
    proc: number,
    fd: number,
    lookupflags: number,
    pathLen: number,
    atim: bigint,
    mtim: bigint,
    fstflags: number,
  ): number;
  path_link(proc: number, oldFd: number, lookupflags: number, oldLen: number, newFd: number, newLen: number): number;
  path_open(
    proc: number, fd: number, lookupflags: number, pathLen: number, oflags: number, rightsBase: bigint, rightsInheriting: bigint, fdflags: number,
  ): number; // prettier-ignore
  path_readlink(proc: number, fd: number, pathLen: number, bufLen: number): number;
  path_remove_directory(proc: number, fd: number, pathLen: number): number;
  path_rename(proc: number, fd: number, oldLen: number, newFd: number, newLen: number): number;
  path_symlink(proc: number, oldLen: number, fd: number, newLen: number): number;
  path_unlink_file(proc: number, fd: number, pathLen: number): number;
  poll_oneoff(proc: number, subscriptions: number): number;
  sched_yield(proc: number): number;
  sock_accept(proc: number, fd: number, fdflags: number): number;
  sock_recv(proc: number, fd: number, len: number, riFlags: number): number;
  sock_send(proc: number, fd: number, len: number, siFlags: number): number;
  sock_shutdown(proc: number, fd: number, how: number): number;
}

/** What the host asks for itself. */
export interface Management {
  readonly memory: WebAssembly.Memory;
  kernel_init(maxPages: number): number;
  process_create(maxDescriptors: number, maxPipes: number, outputLimitBytes: bigint): number;
  process_window(proc: number): number;
  process_results(proc: number): number;
  process_state(proc: number): number;
  process_reason(proc: number): number;
  process_kill(proc: number, reason: number): number;
  process_exit(proc: number): void;
  process_reap(proc: number): number;
  host_process(): number;
  pipe_create(flags: number): number;
  pipe_release(pipe: number): void;
  pipe_open(pipe: number, end: number): void;
  pipe_close(pipe: number, end: number): void;
  pipe_host_read(pipe: number, len: number): number;
  pipe_host_write(pipe: number, len: number): number;
  pipe_word(pipe: number, end: number): number;
  pipe_arm(pipe: number, end: number): void;
  fd_install_pipe(proc: number, fd: number, pipe: number, end: number, flags: number): number;
  fd_install_null(proc: number, fd: number, flags: number): number;
  fd_install_host(proc: number, handle: number, rightsBase: bigint, rightsInheriting: bigint, filetype: number, fdflags: number): number;
  fd_install_host_preopen(proc: number, handle: number, nameLen: number, rightsBase: bigint, rightsInheriting: bigint): number;
  fd_install_preopen(proc: number, inode: number, nameLen: number, rightsBase: bigint, rightsInheriting: bigint): number;
  fd_install_listener(proc: number, fd: number, listener: number): number;
  fd_install_connection(proc: number, fd: number, listener: number): number;
  fd_kind(proc: number, fd: number): number;
  listener_create(): number;
  listener_release(listener: number): void;
  socket_pair(proc: number, fd: number, other: number, otherFd: number): number;
  /** See src/wasi/clock-page.ts. */
  ticker_count(): number;
  process_counter(proc: number, counter: number): bigint;
  kernel_counter(counter: number): bigint;
  kernel_used_pages(): number;
  kernel_peak_pages(): number;
  kernel_max_pages(): number;
}

/** The file tree from outside: see assembly/kernel/syscall/tree.ts. `proc` is the process whose window is used. */
export interface TreeCalls {
  fs_create(maxBytes: bigint, maxInodes: number, maxFileBytes: bigint): number;
  fs_create_overlay(lower: number, maxBytes: bigint, maxInodes: number, maxFileBytes: bigint): number;
  fs_seal(fs: number): void;
  fs_destroy(fs: number, budget: number): number;
  fs_root(fs: number): number;
  fs_used_bytes(fs: number): bigint;
  fs_used_inodes(fs: number): number;
  tree_open(proc: number, base: number, pathLen: number, lookupflags: number, oflags: number): number;
  tree_release(inode: number): void;
  tree_write(proc: number, inode: number, offset: bigint, len: number): number;
  tree_read(proc: number, inode: number, offset: bigint, len: number): number;
  tree_readdir(proc: number, directory: number, cookie: bigint, len: number): number;
  tree_stat(proc: number, base: number, pathLen: number, lookupflags: number): number;
  tree_mkdir(proc: number, base: number, pathLen: number): number;
  tree_symlink(proc: number, targetLen: number, base: number, pathLen: number): number;
  tree_link(proc: number, base: number, oldLen: number, newLen: number): number;
  tree_remove(proc: number, base: number, pathLen: number, budget: number): number;
  tree_clear(directory: number, budget: number): number;
  tree_set_times(inode: number, atim: bigint, mtim: bigint, fstflags: number): number;
  tree_set_owner(inode: number, mode: number, uid: number, gid: number): number;
  tree_filetype(inode: number): number;
  tree_size(inode: number): bigint;
  tree_total_bytes(): bigint;
  tree_total_inodes(): number;
  tree_file_systems(): number;
}

export type KernelExports = SystemCalls & Management & TreeCalls;
