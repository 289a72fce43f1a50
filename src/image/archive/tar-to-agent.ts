// A tar as the archive that the guest's agent unpacks (fixtures/agent/PROTOCOL.md), in pieces: neither side holds more than an entry's
// header. Depends on cpio, cpio-stream, source, unpack-tar.
import { S_IFDIR, S_IFMT } from "./cpio.js";
import { cpioHeader, cpioPadding, cpioTrailer, cpioWhole } from "./cpio-stream.js";
import type { ByteSource } from "./source.js";
import { type UnpackEntry, unpackTar } from "./unpack-tar.js";

export async function* tarToAgent(source: ByteSource, limitBytes: number): AsyncGenerator<Uint8Array> {
  // Folders being filled, each in the one before: their times are set again behind their content.
  const open: UnpackEntry[] = [];
  for await (const entry of unpackTar(source, limitBytes)) {
    yield* leave(open, entry.path);
    if (entry.target !== undefined) yield cpioWhole(named(entry), Buffer.from(entry.target));
    else {
      yield cpioHeader(named(entry), entry.sizeBytes);
      yield* entry.content();
      yield cpioPadding(entry.sizeBytes);
    }
    if ((entry.mode & S_IFMT) === S_IFDIR) open.push(entry);
  }
  yield* leave(open, "");
  yield cpioTrailer();
}

/** Closes the folders that `path` is not in. */
function* leave(open: UnpackEntry[], path: string): Generator<Uint8Array> {
  for (let last = open.at(-1); last !== undefined && !path.startsWith(`${last.path}/`); last = open.at(-1)) {
    yield cpioHeader(named(last), 0);
    open.pop();
  }
}

function named({ path, ...entry }: UnpackEntry): UnpackEntry & { readonly name: string } {
  return { name: path, path, ...entry };
}
