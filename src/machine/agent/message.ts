// What stands in the frames: payloads to bytes and back, each checked to its exact size. Depends on frame, protocol.
import { WardianError } from "../../errors.js";
import { encodeFrame, protocolError } from "./frame.js";
import { EXEC_FLAG, EXIT_KIND, FRAME, LIMITS, PROTOCOL_MAGIC, PROTOCOL_MAJOR, PROTOCOL_MINOR } from "./protocol.js";

export interface Hello {
  readonly major: number;
  readonly minor: number;
  /** The agent's process id in the guest; 1 when it is init. */
  readonly pid: number;
}

export interface ExecRequest {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user: string;
  readonly tty: { readonly rows: number; readonly cols: number } | undefined;
  readonly stdin: boolean;
  readonly endAtExit: boolean;
}

export interface ExitMessage {
  readonly kind: number;
  readonly value: number;
  readonly text: string;
}

export interface FileInfo {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** 0 from an agent of 1.0. */
  readonly mtimeSeconds: number;
}

const NO_BYTES = new Uint8Array(0);

function view(payload: Uint8Array, least: number, most: number, name: string): DataView {
  if (payload.length < least || payload.length > most) throw protocolError(`${name} of ${payload.length} bytes`);
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
}

/** Guest text for people: no control characters, since it ends up on terminals. */
export function decodeText(payload: Uint8Array): string {
  // oxlint-disable-next-line no-control-regex -- they are what is removed
  return new TextDecoder().decode(payload).replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}

export function u32(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => void bytes.writeUInt32LE(value >>> 0, i * 4));
  return bytes;
}

export function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

export function decodeU32(payload: Uint8Array, name: string): number {
  return view(payload, 4, 4, name).getUint32(0, true);
}

export function decodeU64(payload: Uint8Array, name: string): bigint {
  return view(payload, 8, 8, name).getBigUint64(0, true);
}

export function decodeNothing(payload: Uint8Array, name: string): void {
  view(payload, 0, 0, name);
}

export function encodeHello(session: number): Uint8Array {
  return encodeFrame(FRAME.HELLO, 0, session, u32(PROTOCOL_MAGIC, PROTOCOL_MAJOR | (PROTOCOL_MINOR << 16), 0, 0));
}

export function decodeHello(payload: Uint8Array): Hello {
  const at = view(payload, 16, 16, "HELLO");
  if (at.getUint32(0, true) !== PROTOCOL_MAGIC) throw protocolError("HELLO without its magic number");
  return { major: at.getUint16(4, true), minor: at.getUint16(6, true), pid: at.getUint32(8, true) };
}

/** The frames that ask for a command; throws `agent-argument` for what no guest could take. */
export function encodeExec(id: number, request: ExecRequest): Uint8Array[] {
  const env = Object.entries(request.env).map(([name, value]) => `${name}=${value}`);
  const strings = [request.cwd, request.user, ...request.args, ...env];
  if (strings.some((text) => text.includes("\0")))
    throw new WardianError("agent-argument", "a command's arguments and environment cannot hold NUL characters: remove them");
  if (request.args.length === 0) throw new WardianError("agent-argument", "a command needs at least a name: give one argument");
  const block = Buffer.from(strings.map((text) => `${text}\0`).join(""), "utf8");
  if (block.length > LIMITS.EXEC_BYTES || request.args.length > LIMITS.EXEC_STRINGS || env.length > LIMITS.EXEC_STRINGS)
    throw new WardianError(
      "agent-argument",
      `a command's arguments and environment may have ${LIMITS.EXEC_BYTES} bytes and ${LIMITS.EXEC_STRINGS} entries each: shorten them or send a file`,
    );
  const flags = (request.tty ? EXEC_FLAG.TTY : 0) | (request.stdin ? EXEC_FLAG.STDIN : 0) | (request.endAtExit ? EXEC_FLAG.END_AT_EXIT : 0);
  const fixed = Buffer.alloc(16);
  fixed.writeUInt16LE(flags, 0);
  fixed.writeUInt16LE((request.tty?.rows ?? 0) & 0xffff, 2);
  fixed.writeUInt16LE((request.tty?.cols ?? 0) & 0xffff, 4);
  fixed.writeUInt16LE(request.args.length, 6);
  fixed.writeUInt16LE(env.length, 8);
  fixed.writeUInt32LE(block.length, 12);
  const first = LIMITS.PAYLOAD_BYTES - fixed.length;
  const frames = [encodeFrame(FRAME.EXEC, 0, id, Buffer.concat([fixed, block.subarray(0, first)]))];
  for (let at = first; at < block.length; at += LIMITS.PAYLOAD_BYTES)
    frames.push(encodeFrame(FRAME.EXEC_MORE, 0, id, block.subarray(at, at + LIMITS.PAYLOAD_BYTES)));
  return frames;
}

export function decodeExit(payload: Uint8Array): ExitMessage {
  const at = view(payload, 8, 8 + LIMITS.TEXT_BYTES, "EXIT");
  const kind = at.getUint8(0);
  const value = at.getUint8(1);
  if (kind > EXIT_KIND.FAILED) throw protocolError(`EXIT of kind ${kind}`);
  if (kind === EXIT_KIND.SIGNAL && (value < 1 || value > 64)) throw protocolError(`EXIT by signal ${value}`);
  return { kind, value, text: decodeText(payload.subarray(8)) };
}

export function encodePath(path: string, fixed: Uint8Array = NO_BYTES): Uint8Array {
  const bytes = Buffer.from(path, "utf8");
  if (bytes.length === 0 || bytes.length > LIMITS.PATH_BYTES || bytes.includes(0))
    throw new WardianError("agent-argument", `a path in the guest has 1 to ${LIMITS.PATH_BYTES} bytes and no NUL: give another`);
  return Buffer.concat([fixed, bytes]);
}

export function decodeFileInfo(payload: Uint8Array): FileInfo {
  const at = view(payload, 24, 24, "FILE_INFO");
  const sizeBytes = Number(at.getBigUint64(16, true));
  const [uid, gid, mtimeSeconds] = [at.getUint32(4, true), at.getUint32(8, true), at.getUint32(12, true)];
  return { mode: at.getUint32(0, true) & 0o7777, uid, gid, sizeBytes, mtimeSeconds };
}

export function decodeFileDone(payload: Uint8Array): { errno: number; text: string } {
  const at = view(payload, 4, 4 + LIMITS.TEXT_BYTES, "FILE_DONE");
  return { errno: at.getUint32(0, true), text: decodeText(payload.subarray(4)) };
}
