// From files to a boot plan: reads them, undoes compression off the main path, and lets machine/boot lay them out.
// May depend on errors, config, machine/boot and image/archive.
import { open, stat } from "node:fs/promises";
import { BOOT_FILE_LIMIT_BYTES } from "../config.js";
import { WardianError } from "../errors.js";
import { decompress } from "../image/archive/compression.js";
import type { CompressionKind } from "../machine/boot/kernel-image.js";
import { type BootPlan, planBoot } from "../machine/boot/plan.js";
import { formatSize } from "../machine/size.js";
import { makeBoard } from "./board.js";

/** Bytes that nobody needs after this boot: they move instead of being copied. */
export class OneUse {
  constructor(readonly bytes: Uint8Array) {}
}

/** A path, or the bytes themselves. */
export type BootFile = string | Uint8Array | OneUse;

export interface BootFiles {
  readonly kernel?: BootFile | undefined;
  readonly bios?: BootFile | undefined;
  readonly initrd?: BootFile | undefined;
  readonly dtb?: BootFile | undefined;
}

/** Reads everything anew: a plan's large buffers move to the machine's thread. */
export async function planFiles(files: BootFiles, ramBytes: number, cmdline: string): Promise<BootPlan> {
  const read = async (name: keyof BootFiles): Promise<Record<string, Uint8Array>> => {
    const file = files[name];
    if (file === undefined) return {};
    if (typeof file === "string") return { [name]: await readBootFile(file, name) };
    return { [name]: file instanceof OneUse ? file.bytes : new Uint8Array(file) }; // a Buffer's slice() would share the caller's memory
  };
  const parts = await Promise.all([read("kernel"), read("bios"), read("initrd"), read("dtb")]);
  return planPacked({ ...Object.assign({}, ...parts), ramBytes, cmdline, board: makeBoard() });
}

/** The whole of a regular file. Throws `bad-file` with a line that names `what` it was to be. */
export async function readBootFile(path: string, what: string): Promise<Uint8Array> {
  try {
    const about = await stat(path);
    if (!about.isFile())
      throw new WardianError("bad-file", `the ${what} file ${path} is ${about.isDirectory() ? "a directory" : "not a regular file"}`);
    if (about.size > BOOT_FILE_LIMIT_BYTES) {
      throw new WardianError(
        "bad-file",
        `the ${what} file ${path} has ${formatSize(about.size)}; the most is ${formatSize(BOOT_FILE_LIMIT_BYTES)}`,
      );
    }
    return await readWhole(path, about.size);
  } catch (error) {
    if (error instanceof WardianError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOENT" || code === "ENOTDIR"
        ? "does not exist"
        : code === "EACCES"
          ? "may not be read; check its permissions"
          : `cannot be read (${code})`;
    throw new WardianError("bad-file", `the ${what} file ${path} ${why}`, { cause: error });
  }
}

/** In one piece: readFile() asks for 512 KiB at a time, 70 times for a kernel. A file that has become shorter meanwhile is what it is now. */
async function readWhole(path: string, sizeBytes: number): Promise<Uint8Array> {
  await using file = await open(path);
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let done = 0;
  while (done < sizeBytes) {
    const { bytesRead } = await file.read(bytes, done, sizeBytes - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Thrown through planBoot where it meets packed bytes whose plain form is not there yet. */
class Packed {
  constructor(
    readonly kind: CompressionKind,
    readonly bytes: Uint8Array,
    readonly limitBytes: number,
  ) {}
}

// planBoot is synchronous and decoders are not: it is asked again with each layer that was unpacked meanwhile. It gives up
// after a few layers, so this ends.
async function planPacked(request: Omit<Parameters<typeof planBoot>[0], "decompress">): Promise<BootPlan> {
  const layers: Uint8Array[] = [];
  for (;;) {
    let layer = 0;
    try {
      return planBoot({
        ...request,
        decompress(kind, bytes, limitBytes) {
          const plain = layers[layer++];
          if (plain === undefined) throw new Packed(kind, bytes, limitBytes);
          return plain;
        },
      });
    } catch (error) {
      if (!(error instanceof Packed)) throw error;
      layers.push(await unpack(error));
    }
  }
}

async function unpack({ kind, bytes, limitBytes }: Packed): Promise<Uint8Array> {
  try {
    return await decompress(bytes, limitBytes);
  } catch (error) {
    const why = error instanceof WardianError ? error.message : "its contents are damaged";
    throw new WardianError("bad-kernel", `the kernel file's ${kind} part cannot be unpacked: ${why}`, { cause: error });
  }
}
