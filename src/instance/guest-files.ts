// Which kernel and which root file system a guest boots: the default guest from the cache or Debian's archive, or files
// that the user names; with what earlier runs have changed. May depend on errors, image/ and the files beside it.
import { type FetchOptions, fetchGuest } from "../image/debian/guest.js";
import { loadRootfs } from "../image/rootfs.js";
import { makeInitrd } from "./guest-initrd.js";
import { makeBootImage } from "./merged-cpio.js";
import type { RootLayer } from "./root-layer.js";

/** The image that is Debian's busybox. */
export const DEFAULT_IMAGE = "busybox";

export interface GuestFilesSpec {
  /** "busybox", or the path of a root file system: tar or cpio, plain or compressed. */
  readonly image: string;
  /** Path of a kernel instead of the default one. */
  readonly kernel?: string | undefined;
  /** What differs from the image. It is told what boots, for saving the run's changes later. */
  readonly layer?: RootLayer | undefined;
  readonly fetch?: FetchOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: Uint8Array;
}

/** Touches the network only for what is neither named nor cached. What does not fit into `memoryBytes` is not unpacked to its end. */
export async function prepareGuestFiles(spec: GuestFilesSpec, memoryBytes: number): Promise<GuestFiles> {
  const { image, kernel, layer } = spec;
  // A damaged image should be told before anything is fetched for it.
  const own = image === DEFAULT_IMAGE ? undefined : await loadRootfs(image, { limitBytes: memoryBytes });
  const guest = own === undefined || kernel === undefined ? await fetchGuest({ signal: spec.signal, ...spec.fetch }) : undefined;
  const rootfs = own ?? (await loadRootfs({ busybox: guest?.busybox ?? "" }));
  const boot = layer && (await makeBootImage(rootfs, layer));
  if (layer !== undefined) layer.booted = boot?.booted;
  return { kernel: kernel ?? guest?.kernel ?? "", initrd: await makeInitrd(boot?.cpio ?? rootfs) };
}

/** An image's own root file system, as an uncompressed cpio. */
export async function loadImage(image: string, memoryBytes: number, fetch?: FetchOptions): Promise<Uint8Array> {
  if (image !== DEFAULT_IMAGE) return await loadRootfs(image, { limitBytes: memoryBytes });
  return await loadRootfs({ busybox: (await fetchGuest(fetch)).busybox });
}
