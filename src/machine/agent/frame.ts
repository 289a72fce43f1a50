// Frames as bytes, both ways. The decoder holds at most one frame and refuses what is none. Depends on protocol, errors.
import { WardianError } from "../../errors.js";
import { FRAME, LIMITS, STREAM } from "./protocol.js";

export interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

const { FRAME_HEADER_BYTES, PAYLOAD_BYTES } = LIMITS;
const KNOWN = new Set<number>(Object.values(FRAME));

/** The end of a session whose guest does not keep to the protocol. */
export function protocolError(what: string): WardianError {
  return new WardianError("agent-protocol", `the guest agent broke the protocol: ${what}; the session has ended`);
}

/** One frame as bytes of its own. */
export function encodeFrame(type: number, stream: number, id: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (payload.length > PAYLOAD_BYTES) throw new RangeError(`payload of ${payload.length} bytes`);
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUInt16LE(payload.length, 0);
  bytes[2] = type;
  bytes[3] = stream;
  bytes.writeUInt32LE(id, 4);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** Cuts a byte stream into frames. A payload is a view of the chunk it came in, or of bytes of its own. */
export class FrameDecoder {
  private readonly header = Buffer.alloc(FRAME_HEADER_BYTES);
  private headerBytes = 0;
  private payload: Uint8Array | undefined; // of a frame that is not all here
  private payloadBytes = 0;

  /** Calls `take` for each frame that `chunk` completes, until it returns false; throws `agent-protocol`. */
  push(chunk: Uint8Array, take: (frame: Frame) => boolean): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.headerBytes < FRAME_HEADER_BYTES) {
        at += this.takeHeader(chunk, at);
        if (this.headerBytes < FRAME_HEADER_BYTES) return;
      }
      const wanted = this.header.readUInt16LE(0);
      let payload: Uint8Array;
      if (this.payload === undefined && chunk.length - at >= wanted) {
        payload = chunk.subarray(at, at + wanted);
        at += wanted;
      } else {
        this.payload ??= Buffer.allocUnsafeSlow(wanted);
        const part = chunk.subarray(at, at + wanted - this.payloadBytes);
        this.payload.set(part, this.payloadBytes);
        this.payloadBytes += part.length;
        at += part.length;
        if (this.payloadBytes < wanted) return;
        payload = this.payload;
      }
      const frame = { type: this.header[2] ?? 0, stream: this.header[3] ?? 0, id: this.header.readUInt32LE(4), payload };
      this.headerBytes = this.payloadBytes = 0;
      this.payload = undefined;
      if (!take(frame)) return;
    }
  }

  /** Bytes used; checks a header as soon as it is whole, so that a wrong one is never waited on. */
  private takeHeader(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + FRAME_HEADER_BYTES - this.headerBytes);
    this.header.set(part, this.headerBytes);
    this.headerBytes += part.length;
    if (this.headerBytes === FRAME_HEADER_BYTES) {
      const bytes = this.header.readUInt16LE(0);
      const type = this.header[2] ?? 0;
      if (bytes > PAYLOAD_BYTES) throw protocolError(`a frame of ${bytes} bytes`);
      if (!KNOWN.has(type)) throw protocolError(`unknown frame type ${type}`);
      if ((this.header[3] ?? 0) > STREAM.STDERR) throw protocolError(`unknown stream ${this.header[3]}`);
    }
    return part.length;
  }
}
