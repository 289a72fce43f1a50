// WASI preview1 (snapshot 1): every call there is, once. What a container imports, the support matrix, traces and accounting are
// read from here; a call without a row does not compile. May depend on the files beside it.
import type { Call } from "./call.js";
import { CLOCK_CALLS } from "./calls/clock.js";
import { DATA_CALLS } from "./calls/data.js";
import { DESCRIPTOR_CALLS } from "./calls/descriptor.js";
import { ENVIRONMENT_CALLS } from "./calls/environment.js";
import { PATH_CALLS } from "./calls/path.js";
import { POLL_CALLS } from "./calls/poll.js";
import { PROCESS_CALLS } from "./calls/process.js";
import { RANDOM_CALLS } from "./calls/random.js";
import { SOCKET_CALLS } from "./calls/socket.js";

/** As wasi_snapshot_preview1.witx lists them. */
// prettier-ignore
export const PREVIEW1_NAMES = [
  "args_get", "args_sizes_get", "environ_get", "environ_sizes_get",
  "clock_res_get", "clock_time_get",
  "fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_get", "fd_fdstat_set_flags", "fd_fdstat_set_rights",
  "fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pread", "fd_prestat_get", "fd_prestat_dir_name", "fd_pwrite",
  "fd_read", "fd_readdir", "fd_renumber", "fd_seek", "fd_sync", "fd_tell", "fd_write",
  "path_create_directory", "path_filestat_get", "path_filestat_set_times", "path_link", "path_open", "path_readlink",
  "path_remove_directory", "path_rename", "path_symlink", "path_unlink_file",
  "poll_oneoff", "proc_exit", "proc_raise", "sched_yield", "random_get",
  "sock_accept", "sock_recv", "sock_send", "sock_shutdown",
] as const;

export type Preview1Name = (typeof PREVIEW1_NAMES)[number];

export const PREVIEW1: Readonly<Record<Preview1Name, Call>> = {
  ...ENVIRONMENT_CALLS,
  ...CLOCK_CALLS,
  ...DATA_CALLS,
  ...DESCRIPTOR_CALLS,
  ...PATH_CALLS,
  ...POLL_CALLS,
  ...PROCESS_CALLS,
  ...RANDOM_CALLS,
  ...SOCKET_CALLS,
};
