// Named volumes: folders in memory that containers of one owner share. May depend on errors, container/, instance/, machine/size.ts and the
// files beside it.
import { sharedRuntime } from "../container/runtime.js";
import { DEFAULT_VOLUME_BYTES, type GivenVolume, Volume } from "../container/volume.js";
import { WardianError } from "../errors.js";
import type { InstanceRecord } from "../instance/record.js";
import type { InstanceSpec } from "../instance/spec.js";
import { formatSize, parseSize } from "../machine/size.js";
import { OwnedThings } from "./owned.js";

type VolumeUse = InstanceSpec["volumes"][number];

const SIZE_BOUNDS = { what: "size of a volume", minBytes: 65_536, maxBytes: 256 * 2 ** 20 } as const;
/** Of an owner's records, whether their volumes are made or not. */
const OWNER_VOLUMES = 64;
const OWNER_BYTES = 512 * 2 ** 20;
/** Of all that are made. The kernel has 1 GiB: what all programs need besides is never taken by volumes. */
const ALL_BYTES = 768 * 2 ** 20;
/** One inode for so many bytes: they are memory, too. */
const BYTES_PER_INODE = 4096;

interface Made {
  readonly volume: Volume;
  readonly sizeBytes: number;
}

export class Volumes {
  readonly #made = new OwnedThings<Made>();

  constructor(private readonly recordsIn: (namespace: string) => readonly InstanceRecord[]) {}

  /** Of a record that is to be stored. Throws `volume-mismatch` or `quota-exceeded`. */
  admit({ namespace, spec }: InstanceRecord): void {
    if (spec.volumes.length === 0) return;
    const sizes = this.#sizesIn(namespace);
    for (const use of spec.volumes) addSize(sizes, use);
    if (sizes.size > OWNER_VOLUMES) throw quotaExceeded(`${OWNER_VOLUMES} volumes`);
    const sumBytes = [...sizes.values()].reduce((sum: number, size) => sum + (size ?? DEFAULT_VOLUME_BYTES), 0);
    if (sumBytes > OWNER_BYTES) throw quotaExceeded(`${formatSize(OWNER_BYTES)} of volumes`);
  }

  /** Those that an instance is given when it starts. Throws `volume-memory`. */
  open({ namespace, spec }: InstanceRecord): GivenVolume[] {
    return spec.volumes.map(({ name, guestPath, readOnly }) => {
      const { volume } = this.#made.find(namespace, name, () => this.#make(namespace, name));
      return { volume, guestPath, readOnly };
    });
  }

  /** Takes those of an owner apart that no record names any more. */
  release(namespace: string): Promise<void> {
    const named = new Set(this.#usesIn(namespace).map(({ name }) => name));
    return destroy(this.#made.takeOthers(namespace, named));
  }

  /** All of them; their instances have ended. */
  close(): Promise<void> {
    return destroy(this.#made.takeAll());
  }

  #make(namespace: string, name: string): Made {
    const sizeBytes = this.#sizesIn(namespace).get(name) ?? DEFAULT_VOLUME_BYTES;
    const others = this.#made.all().reduce((sum, { value }) => sum + value.sizeBytes, 0);
    if (others + sizeBytes > ALL_BYTES)
      throw new WardianError(
        "volume-memory",
        `the volume ${name} (${formatSize(sizeBytes)}) finds no room: all volumes together hold at most ${formatSize(ALL_BYTES)}`,
      );
    const limits = { maxBytes: sizeBytes, maxInodes: Math.ceil(sizeBytes / BYTES_PER_INODE) };
    return { sizeBytes, volume: new Volume(sharedRuntime().kernel, limits) };
  }

  #usesIn(namespace: string): VolumeUse[] {
    return this.recordsIn(namespace).flatMap(({ spec }) => spec.volumes);
  }

  /** What each is made with, or was; undefined where nobody has said. */
  #sizesIn(namespace: string): Map<string, number | undefined> {
    const sizes = new Map<string, number | undefined>();
    for (const { name, value } of this.#made.of(namespace)) sizes.set(name, value.sizeBytes);
    for (const use of this.#usesIn(namespace)) addSize(sizes, use);
    return sizes;
  }
}

function addSize(sizes: Map<string, number | undefined>, use: VolumeUse): void {
  const [known, stated] = [sizes.get(use.name), statedBytes(use)];
  if (known !== undefined && stated !== undefined && known !== stated)
    throw new WardianError(
      "volume-mismatch",
      `the volume ${use.name} has ${formatSize(known)}, not ${formatSize(stated)}: leave its size out, or give it another name`,
    );
  sizes.set(use.name, known ?? stated);
}

/** Throws `bad-size`. */
export function statedBytes({ size }: Pick<VolumeUse, "size">): number | undefined {
  return size === undefined ? undefined : parseSize(String(size), SIZE_BOUNDS);
}

async function destroy(gone: readonly Made[]): Promise<void> {
  await Promise.all(gone.map(({ volume }) => volume.destroy()));
}

function quotaExceeded(what: string): WardianError {
  return new WardianError("quota-exceeded", `an owner has at most ${what}: remove instances that name others, or give sizes`);
}
