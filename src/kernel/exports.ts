// The types of what build/kernel.wasm exports. Meanings stand where each is written: assembly/kernel/syscall and assembly/kernel/vfs.
// Addresses (of processes, pipes, inodes) are numbers below 2 ** 32; results that are negative are errno negated. Depends on nothing.

/** WASI's calls: 0, an errno, or GATE_KILLED (-1), GATE_HOST (-2). The results are in the process's slots, data in its window. */
export interface SystemCalls {
  fd_read(proc: number, fd: number, len: number): number;
  fd_write(proc: number, fd: number, len: number): number;
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
}

export type KernelExports = SystemCalls & Management;
