// A folder in memory that containers are given: a file system of the kernel, bounded, whose contents all that have it see alike. May
// depend on errors, kernel/ and its abi.
import { ERRNO_AGAIN, RIGHTS_ALL, RIGHTS_DIRECTORY } from "../../assembly/kernel/abi.js";
import { WardianError } from "../errors.js";
import type { Kernel } from "../kernel/index.js";

export const DEFAULT_VOLUME_BYTES = 64 * 2 ** 20;
const DEFAULT_INODES = 65_536;
/** Of its inodes, taken apart in one go. */
const DESTROY_BUDGET = 4096;

/** Of the specification's `rights`, those that change something. */
// prettier-ignore
const CHANGING_RIGHTS = [6, 8, 9, 10, 11, 12, 16, 17, 19, 20, 22, 23, 24, 25, 26].reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);

export interface VolumeLimits {
  readonly maxBytes?: number | undefined;
  readonly maxInodes?: number | undefined;
  readonly maxFileBytes?: number | undefined;
}

/** To one container, under a name of its own. */
export interface GivenVolume {
  readonly volume: Volume;
  readonly guestPath: string;
  readonly readOnly?: boolean;
}

export class Volume {
  readonly #fs: number;
  #isOver = false;

  /** Throws `kernel-memory`. */
  constructor(
    private readonly kernel: Kernel,
    { maxBytes = DEFAULT_VOLUME_BYTES, maxInodes = DEFAULT_INODES, maxFileBytes = maxBytes }: VolumeLimits = {},
  ) {
    this.#fs = kernel.exports.fs_create(BigInt(maxBytes), maxInodes, BigInt(maxFileBytes));
    if (this.#fs === 0) throw new WardianError("kernel-memory", "no memory for a volume: the kernel's bound is reached");
  }

  get usedBytes(): number {
    return this.#isOver ? 0 : Number(this.kernel.exports.fs_used_bytes(this.#fs));
  }

  get usedInodes(): number {
    return this.#isOver ? 0 : this.kernel.exports.fs_used_inodes(this.#fs);
  }

  /** To a process that does not run yet, under that name. */
  give(proc: number, guestPath: string, readOnly: boolean): void {
    const { exports, memory } = this.kernel;
    const name = Buffer.from(guestPath);
    new Uint8Array(memory.buffer, exports.process_window(proc), name.length).set(name);
    const denied = readOnly ? CHANGING_RIGHTS : 0n;
    const [base, inheriting] = [BigInt(RIGHTS_DIRECTORY) & ~denied, BigInt(RIGHTS_ALL) & ~denied];
    const result = exports.fd_install_preopen(proc, exports.fs_root(this.#fs), name.length, base, inheriting);
    if (result < 0) throw new WardianError("bad-mount", `the volume ${guestPath} cannot be given to the program (errno ${-result})`);
  }

  /** Takes it apart, a piece at a time. The containers that had it have ended. */
  async destroy(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    let result = this.kernel.exports.fs_destroy(this.#fs, DESTROY_BUDGET);
    while (result === -ERRNO_AGAIN) {
      await new Promise((resolve) => setImmediate(resolve));
      result = this.kernel.exports.fs_destroy(this.#fs, DESTROY_BUDGET);
    }
    if (result < 0) throw new WardianError("volume-in-use", "the volume is in use: end the containers that have it first");
  }
}
