// Constants that the kernel (AssemblyScript) and its host (TypeScript) both compile. May depend on nothing.

/** Bytes of the window through which a process's data and paths pass. */
export const WINDOW_BYTES = 131_072;

/** Result of a system call besides 0 and WASI's errno: the process was killed. */
export const GATE_KILLED = -1;
/** The descriptor is a host directory's: the host goes on. */
export const GATE_HOST = -2;
