// Named volumes: folders in memory that containers of one owner share. May depend on errors, container/, instance/, metrics/, machine/size.ts and
// the files beside it.
import { sharedRuntime } from "../container/runtime.js";
import { DEFAULT_VOLUME_BYTES, type GivenVolume, Volume } from "../container/volume.js";
import { WardianError } from "../errors.js";
import type { InstanceRecord } from "../instance/record.js";
import type { InstanceSpec } from "../instance/spec.js";
import { formatSize, parseSize } from "../machine/size.js";
import type { VolumeFigures } from "../metrics/catalog.js";
import { keyOf, OwnedThings } from "./owned.js";
import type { VolumeView } from "./views.js";

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

  /** Those that the records name. */
  list(records: readonly InstanceRecord[]): VolumeView[] {
    const views = new Map<string, VolumeView>();
    for (const { namespace, id, name, state, spec } of records)
      for (const use of spec.volumes) {
        const key = keyOf(namespace, use.name);
        const view = views.get(key) ?? viewOf(namespace, use.name, this.#made.get(namespace, use.name));
        views.set(key, view);
        view.sizeBytes = statedBytes(use) ?? view.sizeBytes;
        view.maxInodes = inodesOf(view.sizeBytes);
        view.usedBy.push({ instance: id, name, state, guestPath: use.guestPath, readOnly: use.readOnly });
      }
    return [...views].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, view]) => view);
  }

  /** Of memory: an owner's that are made, and those that come with a start of that record. */
  bytesWith({ namespace, spec }: InstanceRecord): number {
    const sizes = this.#sizesIn(namespace);
    const names = new Set([...this.#made.of(namespace), ...spec.volumes].map(({ name }) => name));
    return [...names].reduce((sum, name) => sum + (sizes.get(name) ?? DEFAULT_VOLUME_BYTES), 0);
  }

  /** All that are made. */
  figures(): VolumeFigures {
    const made = this.#made.all();
    return {
      volumes: made.length,
      volumes_used_bytes: made.reduce((sum, { value }) => sum + value.volume.usedBytes, 0),
      volumes_size_bytes: made.reduce((sum, { value }) => sum + value.sizeBytes, 0),
    };
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
    if (this.figures().volumes_size_bytes + sizeBytes > ALL_BYTES)
      throw new WardianError(
        "volume-memory",
        `the volume ${name} (${formatSize(sizeBytes)}) finds no room: all volumes together hold at most ${formatSize(ALL_BYTES)}`,
      );
    const limits = { maxBytes: sizeBytes, maxInodes: inodesOf(sizeBytes) };
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

function viewOf(namespace: string, name: string, made: Made | undefined): VolumeView {
  const { volume, sizeBytes = DEFAULT_VOLUME_BYTES } = made ?? {};
  const { usedBytes = 0, usedInodes: inodes = 0 } = volume ?? {};
  return { namespace, name, isMade: made !== undefined, sizeBytes, usedBytes, inodes, maxInodes: inodesOf(sizeBytes), usedBy: [] };
}

function inodesOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BYTES_PER_INODE);
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
