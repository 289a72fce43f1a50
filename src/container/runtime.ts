// What all containers of a process share: one kernel, threads, compiled programs. May depend on metrics/, kernel/ and the files beside it.
import { Kernel } from "../kernel/index.js";
import type { ContainerFigures } from "../metrics/catalog.js";
import { type CacheCounters, ModuleCache } from "./module-cache.js";
import { type PoolCounters, ThreadPool } from "./pool.js";

export interface RuntimeOptions {
  /** Threads that are made ahead. */
  readonly spareThreads?: number;
  readonly maxIdleThreads?: number;
  readonly cacheBytes?: number;
}

export class ContainerRuntime {
  readonly kernel = new Kernel();
  readonly threads: ThreadPool;
  readonly programs: ModuleCache;

  constructor({ spareThreads, maxIdleThreads, cacheBytes }: RuntimeOptions = {}) {
    this.threads = new ThreadPool({
      data: () => this.kernel.shared,
      ...(spareThreads === undefined ? {} : { spare: spareThreads }),
      ...(maxIdleThreads === undefined ? {} : { maxIdle: maxIdleThreads }),
    });
    this.programs = new ModuleCache(cacheBytes);
  }

  get counters(): { readonly threads: PoolCounters; readonly programs: CacheCounters } {
    return { threads: this.threads.counters, programs: this.programs.counters };
  }

  /** Ends the threads that wait for programs. */
  async close(): Promise<void> {
    await this.threads.close();
  }
}

const NO_THREADS: PoolCounters = { threads: 0, idle: 0, made: 0, reused: 0 };
const NO_PROGRAMS: CacheCounters = { programs: 0, bytes: 0, hits: 0, misses: 0, evicted: 0 };

let shared: ContainerRuntime | undefined;

/** The one of this process. */
export function sharedRuntime(): ContainerRuntime {
  shared ??= new ContainerRuntime();
  return shared;
}

/** Of the shared one, which is not made for this. */
export function containerFigures(): ContainerFigures {
  const { threads, programs } = shared?.counters ?? { threads: NO_THREADS, programs: NO_PROGRAMS };
  return {
    container_threads: threads.threads,
    container_threads_idle: threads.idle,
    container_threads_made: threads.made,
    container_threads_reused: threads.reused,
    container_programs: programs.programs,
    container_programs_bytes: programs.bytes,
    container_program_hits: programs.hits,
    container_program_misses: programs.misses,
    container_programs_evicted: programs.evicted,
  };
}
