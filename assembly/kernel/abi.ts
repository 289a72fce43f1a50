// Constants that the kernel (AssemblyScript) and its host (TypeScript) both compile: the numbers of WASI preview1 under the names of its
// specification, the memory map, and what the gate answers. May depend on nothing.
//
//   0x0000_1000  kernel words        the kernel lock, bounds, counters
//   0x0000_2000  slab  0x3000 vfs  0x4000 ipc       state of one page each
//   0x0000_5000  the ticker      src/wasi/clock-page.ts
//   0x0001_0000  process records     MAX_PROCESSES of PROCESS_BYTES
//   0x0020_0000  windows             MAX_PROCESSES of WINDOW_BYTES; a page takes memory once it is touched
//   0x0820_0000  arena               what the slab allocator hands out, up to the bound given to kernel_init

export const KERNEL_PTR = 0x1000;
export const SLAB_PTR = 0x2000;
export const VFS_PTR = 0x3000;
export const IPC_PTR = 0x4000;
export const TICKER_PTR = 0x5000;
export const PROCESSES_PTR = 0x10000;
export const WINDOWS_PTR = 0x200000;
export const ARENA_PTR = 0x8200000;

/** Bytes of a page of a file or a pipe (a page of WebAssembly has 65,536). */
export const PAGE_BYTES = 4096;
export const WASM_PAGE_BYTES = 65_536;
/** The most that kernel_init allows: every address stays below 2 ** 31, so that a negative result is an errno. */
export const MAX_PAGES = 491_000;

/** Bytes of the window through which a process's data and paths pass. */
export const WINDOW_BYTES = 131_072;
/** Processes alive at once; the last slot is the host's own window. */
export const MAX_PROCESSES = 1024;
export const HOST_SLOT = 1023;
export const PROCESS_BYTES = 1024;
/** The most descriptors a limit may allow one process. */
export const MAX_DESCRIPTORS = 4096;
/** Bytes of a pipe's ring, and the size up to which a write is atomic. */
export const PIPE_BYTES = 65_536;
export const PIPE_BUF = 4096;
/** The most subscriptions of one poll_oneoff: what fits the window. */
export const MAX_SUBSCRIPTIONS = 2730;
/** Connections that wait in a listening socket. */
export const MAX_BACKLOG = 128;

/** Result of a system call besides 0 and WASI's errno: the process was killed. */
export const GATE_KILLED = -1;
/** The descriptor is a host directory's: the host goes on. */
export const GATE_HOST = -2;
/** fd_pread_page: the bytes lie in the kernel's memory still. */
export const GATE_PAGE = -3;

// A process's state; KILL is added to USER or KERNEL by whoever ends it.
export const STATE_FREE = 0;
export const STATE_USER = 1;
export const STATE_KERNEL = 2;
export const STATE_DEAD = 3;
export const STATE_KILL = 0x100;

// Why a process was ended.
export const REASON_NONE = 0;
export const REASON_KILLED = 1;
export const REASON_OUTPUT = 2;
export const REASON_TIMEOUT = 3;
export const REASON_EXIT = 4;

// Where a process's record has what the layers below `proc` and the host touch.
export const PROCESS_STATE_AT = 0;
export const PROCESS_WAIT_AT = 4;
/** When its present wait began (monotonic), 0 where it does not wait. */
export const PROCESS_BLOCKED_SINCE_AT = 56;
export const PROCESS_RESULTS_AT = 64;
export const PROCESS_COUNTERS_AT = 96;

// What a process is counted by (process_counter) and the whole kernel (kernel_counter).
export const COUNT_CALLS_FD = 0;
export const COUNT_CALLS_PATH = 1;
export const COUNT_CALLS_POLL = 2;
export const COUNT_CALLS_SOCK = 3;
export const COUNT_CALLS_OTHER = 4;
export const COUNT_FILE_READ_BYTES = 5;
export const COUNT_FILE_WRITTEN_BYTES = 6;
export const COUNT_PIPE_READ_BYTES = 7;
export const COUNT_PIPE_WRITTEN_BYTES = 8;
export const COUNT_SOCKET_READ_BYTES = 9;
export const COUNT_SOCKET_WRITTEN_BYTES = 10;
export const COUNT_BLOCKED_NS = 11;
export const COUNT_OUTPUT_BYTES = 12;
export const PROCESS_COUNTERS = 13;
// Gauges of the whole kernel; they follow the sums of the above.
export const COUNT_PROCESSES = 13;
export const COUNT_PROCESSES_CREATED = 14;
export const COUNT_PROCESSES_KILLED = 15;
export const COUNT_DESCRIPTORS = 16;
export const COUNT_PIPES = 17;
export const COUNT_SOCKETS = 18;
export const COUNT_LISTENERS = 19;
export const KERNEL_COUNTERS = 20;

// What a descriptor stands for (fd_kind).
export const KIND_FREE = 0;
export const KIND_FILE = 1;
export const KIND_DIRECTORY = 2;
export const KIND_PIPE_READ = 3;
export const KIND_PIPE_WRITE = 4;
export const KIND_SOCKET = 5;
export const KIND_LISTENER = 6;
export const KIND_HOST = 7;
export const KIND_NULL = 8;

// Flags of an installed descriptor.
export const OPEN_TERMINAL = 1;
/** Counts towards the limit on output. */
export const OPEN_OUTPUT = 2;
export const OPEN_PREOPEN = 4;
/** A host directory (and not a file in one). */
export const OPEN_HOST_DIRECTORY = 8;

// errno
export const ERRNO_SUCCESS = 0;
export const ERRNO_2BIG = 1;
export const ERRNO_ACCES = 2;
export const ERRNO_AGAIN = 6;
export const ERRNO_BADF = 8;
export const ERRNO_BUSY = 10;
export const ERRNO_CONNREFUSED = 14;
export const ERRNO_CONNRESET = 15;
export const ERRNO_DQUOT = 19;
export const ERRNO_EXIST = 20;
export const ERRNO_FAULT = 21;
export const ERRNO_FBIG = 22;
export const ERRNO_ILSEQ = 25;
export const ERRNO_INTR = 27;
export const ERRNO_INVAL = 28;
export const ERRNO_IO = 29;
export const ERRNO_ISDIR = 31;
export const ERRNO_LOOP = 32;
export const ERRNO_MFILE = 33;
export const ERRNO_MLINK = 34;
export const ERRNO_NAMETOOLONG = 37;
export const ERRNO_NFILE = 41;
export const ERRNO_NODEV = 43;
export const ERRNO_NOENT = 44;
export const ERRNO_NOMEM = 48;
export const ERRNO_NOSPC = 51;
export const ERRNO_NOSYS = 52;
export const ERRNO_NOTCONN = 53;
export const ERRNO_NOTDIR = 54;
export const ERRNO_NOTEMPTY = 55;
export const ERRNO_NOTSOCK = 57;
export const ERRNO_NOTSUP = 58;
export const ERRNO_NXIO = 60;
export const ERRNO_OVERFLOW = 61;
export const ERRNO_PERM = 63;
export const ERRNO_PIPE = 64;
export const ERRNO_ROFS = 69;
export const ERRNO_SPIPE = 70;
export const ERRNO_STALE = 72;
export const ERRNO_TXTBSY = 74;
export const ERRNO_XDEV = 75;
export const ERRNO_NOTCAPABLE = 76;

// rights
export const RIGHT_FD_DATASYNC = 0x1;
export const RIGHT_FD_READ = 0x2;
export const RIGHT_FD_SEEK = 0x4;
export const RIGHT_FD_FDSTAT_SET_FLAGS = 0x8;
export const RIGHT_FD_SYNC = 0x10;
export const RIGHT_FD_TELL = 0x20;
export const RIGHT_FD_WRITE = 0x40;
export const RIGHT_FD_ADVISE = 0x80;
export const RIGHT_FD_ALLOCATE = 0x100;
export const RIGHT_PATH_CREATE_DIRECTORY = 0x200;
export const RIGHT_PATH_CREATE_FILE = 0x400;
export const RIGHT_PATH_LINK_SOURCE = 0x800;
export const RIGHT_PATH_LINK_TARGET = 0x1000;
export const RIGHT_PATH_OPEN = 0x2000;
export const RIGHT_FD_READDIR = 0x4000;
export const RIGHT_PATH_READLINK = 0x8000;
export const RIGHT_PATH_RENAME_SOURCE = 0x10000;
export const RIGHT_PATH_RENAME_TARGET = 0x20000;
export const RIGHT_PATH_FILESTAT_GET = 0x40000;
export const RIGHT_PATH_FILESTAT_SET_SIZE = 0x80000;
export const RIGHT_PATH_FILESTAT_SET_TIMES = 0x100000;
export const RIGHT_FD_FILESTAT_GET = 0x200000;
export const RIGHT_FD_FILESTAT_SET_SIZE = 0x400000;
export const RIGHT_FD_FILESTAT_SET_TIMES = 0x800000;
export const RIGHT_PATH_SYMLINK = 0x1000000;
export const RIGHT_PATH_REMOVE_DIRECTORY = 0x2000000;
export const RIGHT_PATH_UNLINK_FILE = 0x4000000;
export const RIGHT_POLL_FD_READWRITE = 0x8000000;
export const RIGHT_SOCK_SHUTDOWN = 0x10000000;
export const RIGHT_SOCK_ACCEPT = 0x20000000;

// What each kind of object can have at most (the sets of the specification's reference implementation).
export const RIGHTS_ALL = 0x3fffffff;
export const RIGHTS_REGULAR_FILE = 0x8e001ff;
export const RIGHTS_DIRECTORY = 0x7bffe98;
export const RIGHTS_SOCKET = 0x3820004a;
/** A socket that listens: FD_FDSTAT_SET_FLAGS, FD_FILESTAT_GET, POLL_FD_READWRITE, SOCK_ACCEPT. */
export const RIGHTS_LISTENER = 0x28200008;
/** A stream without a position: pipe, terminal. */
export const RIGHTS_STREAM = 0x820004a;

// filetype
export const FILETYPE_UNKNOWN = 0;
export const FILETYPE_BLOCK_DEVICE = 1;
export const FILETYPE_CHARACTER_DEVICE = 2;
export const FILETYPE_DIRECTORY = 3;
export const FILETYPE_REGULAR_FILE = 4;
export const FILETYPE_SOCKET_DGRAM = 5;
export const FILETYPE_SOCKET_STREAM = 6;
export const FILETYPE_SYMBOLIC_LINK = 7;

// fdflags
export const FDFLAGS_APPEND = 1;
export const FDFLAGS_DSYNC = 2;
export const FDFLAGS_NONBLOCK = 4;
export const FDFLAGS_RSYNC = 8;
export const FDFLAGS_SYNC = 16;

// oflags, lookupflags, fstflags
export const OFLAGS_CREAT = 1;
export const OFLAGS_DIRECTORY = 2;
export const OFLAGS_EXCL = 4;
export const OFLAGS_TRUNC = 8;
export const LOOKUPFLAGS_SYMLINK_FOLLOW = 1;
export const FSTFLAGS_ATIM = 1;
export const FSTFLAGS_ATIM_NOW = 2;
export const FSTFLAGS_MTIM = 4;
export const FSTFLAGS_MTIM_NOW = 8;

// whence, clockid, eventtype, subclockflags, eventrwflags
export const WHENCE_SET = 0;
export const WHENCE_CUR = 1;
export const WHENCE_END = 2;
export const CLOCKID_REALTIME = 0;
export const CLOCKID_MONOTONIC = 1;
export const CLOCKID_PROCESS_CPUTIME = 2;
export const CLOCKID_THREAD_CPUTIME = 3;
export const EVENTTYPE_CLOCK = 0;
export const EVENTTYPE_FD_READ = 1;
export const EVENTTYPE_FD_WRITE = 2;
export const SUBCLOCKFLAGS_ABSTIME = 1;
export const EVENTRWFLAGS_FD_READWRITE_HANGUP = 1;

// riflags, roflags, sdflags
export const RIFLAGS_RECV_PEEK = 1;
export const RIFLAGS_RECV_WAITALL = 2;
export const ROFLAGS_RECV_DATA_TRUNCATED = 1;
export const SDFLAGS_RD = 1;
export const SDFLAGS_WR = 2;

// Sizes of WASI's structures.
export const FDSTAT_BYTES = 24;
export const FILESTAT_BYTES = 64;
export const PRESTAT_BYTES = 8;
export const DIRENT_BYTES = 24;
export const SUBSCRIPTION_BYTES = 48;
export const EVENT_BYTES = 32;
