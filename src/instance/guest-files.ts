// Which kernel and which root file system a guest boots: the default guest from the cache or Debian's archive, or files
// that the user names. May depend on errors and image/.
import { type FetchOptions, fetchGuest } from "../image/debian/guest.js";
import { loadRootfs } from "../image/rootfs.js";
import { makeInitrd } from "./guest-initrd.js";

/** The image that is Debian's busybox. */
export const DEFAULT_IMAGE = "busybox";

export interface GuestFilesSpec {
  /** "busybox", or the path of a root file system: tar or cpio, plain or compressed. */
  readonly image: string;
  /** Path of a kernel instead of the default one. */
  readonly kernel?: string | undefined;
  readonly fetch?: FetchOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: Uint8Array;
}

/** Touches the network only for what is neither named nor cached. What does not fit into `memoryBytes` is not unpacked to its end. */
export async function prepareGuestFiles({ image, kernel, fetch, signal }: GuestFilesSpec, memoryBytes: number): Promise<GuestFiles> {
  // A damaged image should be told before anything is fetched for it.
  const own = image === DEFAULT_IMAGE ? undefined : await loadRootfs(image, { limitBytes: memoryBytes });
  const guest = own === undefined || kernel === undefined ? await fetchGuest({ signal, ...fetch }) : undefined;
  const rootfs = own ?? (await loadRootfs({ busybox: guest?.busybox ?? "" }));
  return { kernel: kernel ?? guest?.kernel ?? "", initrd: await makeInitrd(rootfs) };
}
