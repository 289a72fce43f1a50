// What all containers of a process share: one kernel, threads, compiled programs. May depend on kernel/ and the files beside it.
import { Kernel } from "../kernel/index.js";
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

let shared: ContainerRuntime | undefined;

/** The one of this process. */
export function sharedRuntime(): ContainerRuntime {
  shared ??= new ContainerRuntime();
  return shared;
}
