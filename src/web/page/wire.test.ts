import { describe, expect, it } from "vitest";
import { parseMessage, parseOutput, stdinFrames, subprotocols } from "./wire.js";

describe("the wire of a terminal", () => {
  it("puts input behind a byte that says stdin, in frames the server takes", () => {
    const bytes = Uint8Array.from({ length: 600_000 }, (_, index) => index % 251);
    const frames = [...stdinFrames(bytes)];
    expect(frames.length).toBe(3);
    expect(frames.every((frame) => frame[0] === 0 && frame.length <= 1 << 20)).toBe(true);
    expect(Buffer.concat(frames.map((frame) => frame.subarray(1))).equals(bytes)).toBe(true);
    expect([...stdinFrames(new Uint8Array())]).toEqual([]);
  });

  it("reads output of both streams and nothing else", () => {
    expect(parseOutput(Uint8Array.of(1, 104, 105).buffer)).toEqual({ stream: 1, bytes: Uint8Array.of(104, 105) });
    expect(parseOutput(Uint8Array.of(2).buffer)).toEqual({ stream: 2, bytes: new Uint8Array() });
    expect(parseOutput(Uint8Array.of(0, 1).buffer)).toBeUndefined();
    expect(parseOutput(Uint8Array.of(9, 1).buffer)).toBeUndefined();
    expect(parseOutput(new ArrayBuffer(0))).toBeUndefined();
  });

  it("reads the messages it knows, and no others", () => {
    expect(parseMessage('{"type":"exit","status":0,"signal":null}')).toEqual({ type: "exit", status: 0, signal: null });
    for (const text of ["", "{", "null", "7", '"exit"', "[]", '{"type":"other"}', '{"type":"constructor"}'])
      expect(parseMessage(text), text).toBeUndefined();
  });

  it("sends a token as a subprotocol", () => {
    expect(subprotocols(undefined)).toEqual(["wardian.v1"]);
    expect(subprotocols("wdn_a_b")).toEqual(["wardian.v1", "bearer.wdn_a_b"]);
  });
});
