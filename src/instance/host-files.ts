// Which files of the host an instance may be made of: names in the images folder, and, for callers who are trusted with it,
// paths. A record keeps names as they were given and paths as absolute ones. May depend on errors and the files beside it.
import { access, lstat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { WardianError } from "../errors.js";
import { DEFAULT_IMAGE } from "./guest-files.js";
import type { InstanceSpec } from "./spec.js";

/** One part of a path, and not a hidden file. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,254}$/;

type FileUse = "image" | "kernel" | "bios" | "initrd" | "disk";

export class HostFiles {
  /** The folder need not be there. */
  constructor(private readonly imagesFolder: string | undefined) {}

  /** The spec as it is to be stored. Throws `image-not-found`, or `bad-request` for a path from a caller who may not name any. */
  async admit(spec: InstanceSpec, hostPaths: boolean): Promise<InstanceSpec> {
    if (!hostPaths && spec.disks.some(({ readOnly }) => !readOnly))
      throw new WardianError("bad-request", "disks: files of the images folder are there for everybody; give readOnly: true");
    if (!hostPaths && spec.mounts.length > 0)
      throw new WardianError("bad-request", "mounts: folders of the host are given by its own users only");
    const mounts = spec.mounts.map((mount) => ({ ...mount, path: resolve(mount.path) }));
    return this.#map({ ...spec, mounts }, async (name, use) => {
      if (FILE_NAME.test(name) && (await this.#inFolder(name)) !== undefined) return name;
      if (hostPaths && (name.includes("/") || !FILE_NAME.test(name) || (await isThere(resolve(name))))) return resolve(name);
      if (name.includes("/") || name.includes("\\"))
        throw new WardianError(
          "bad-request",
          `${use}: ${JSON.stringify(name)} is a path; give the name of a file in the server's images folder`,
        );
      const where = hostPaths ? "here, or in the images folder" : "in the server's images folder";
      throw new WardianError("image-not-found", `${use}: there is no file ${JSON.stringify(name)} ${where}`);
    });
  }

  /** A stored spec with every file as an absolute path. Throws `image-not-found`. */
  async locate(spec: InstanceSpec): Promise<InstanceSpec> {
    return this.#map(spec, async (name, use) => {
      if (isAbsolute(name)) return name;
      const path = await this.#inFolder(name);
      if (path === undefined)
        throw new WardianError("image-not-found", `${use}: the file ${JSON.stringify(name)} is no longer in the images folder`);
      return path;
    });
  }

  /** An error without the way to the images folder, which is nobody's business. */
  hide(error: unknown): unknown {
    if (!(error instanceof WardianError) || this.imagesFolder === undefined) return error;
    const told = error.message.replaceAll(`${resolve(this.imagesFolder)}/`, "");
    return told === error.message ? error : new WardianError(error.code, told, { cause: error });
  }

  async #map(spec: InstanceSpec, change: (name: string, use: FileUse) => Promise<string>): Promise<InstanceSpec> {
    const changed: Partial<Record<FileUse, string>> = {};
    for (const use of ["image", "kernel", "bios", "initrd"] as const) {
      const name = spec[use];
      const isDefault = use === "image" && name === DEFAULT_IMAGE && spec.kind === "vm";
      if (name !== undefined && !isDefault) changed[use] = await change(name, use);
    }
    const disks = await Promise.all(spec.disks.map(async (disk) => ({ ...disk, path: await change(disk.path, "disk") })));
    return { ...spec, ...changed, disks };
  }

  /** A regular file of that name; a link is not one. */
  async #inFolder(name: string): Promise<string | undefined> {
    if (this.imagesFolder === undefined) return undefined;
    const path = join(this.imagesFolder, name);
    return (await isRegular(path)) ? resolve(path) : undefined;
  }
}

/** Whatever it is: what is wrong with it will be told by who reads it. */
function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function isRegular(path: string): Promise<boolean> {
  return lstat(path).then(
    (about) => about.isFile(),
    () => false,
  );
}
