// A board without a CPU for tests: compiles testing/entry.ts, stands in for the host, and reads and writes as a guest would.
// Runs in Node, not in the machine.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
export const RAM = 0x80000000n;

interface Exports {
  memory: WebAssembly.Memory;
  start(): void;
  init(ramBytes: bigint, harts: number): void;
  ioLoad(pa: bigint, size: number): bigint;
  ioStore(pa: bigint, size: number, value: bigint): void;
  ioFault(): number;
  hostBuffer(): number;
  hartLines(hart: number): bigint;
  load8(pa: bigint): number;
  store8(pa: bigint, value: number): void;
  boardReset(): void;
  deviceTick(): void;
  nextDeviceDeadline(): bigint;
  clintTick(now: bigint): void;
  clintDeadline(): bigint;
  finisherExit(): number;
  finisherCode(): number;
  uartInput(len: number): number;
  portInput(port: number, len: number): number;
  portDrained(port: number): void;
  portOpen(port: number): void;
  portClose(port: number): void;
  setConsoleSize(cols: number, rows: number): void;
  addPort(port: number, nameBytes: number): number;
  attachConsole(transport: number): number;
  attachRng(transport: number): number;
  attachNet(unit: number, transport: number): number;
  attachFs(unit: number, tagBytes: number, transport: number): number;
  attachDisk(disk: number, sectors: bigint, readOnly: number, transport: number): number;
}

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  let binary: Uint8Array | undefined;
  const options = "--runtime stub --bindings none --memoryBase 1024 --initialMemory 1344 --use abort= --exportStart start";
  const { error, stderr } = await asc.main(
    [
      "assembly/machine/dev/testing/entry.ts",
      ...options.split(" "),
      ...["--config", "none.json", "--baseDir", ROOT, "--outFile", "board.wasm"],
    ],
    { writeFile: (_name, contents) => void (binary = contents as Uint8Array) },
  );
  if (error !== null || binary === undefined) throw new Error(`asc: ${String(error)}\n${stderr.toString()}`);
  return WebAssembly.compile(binary as BufferSource);
}

/** The board, its stub host, and short names for what a guest does. */
export class TestBoard {
  nowTicks = 0n;
  wallNs = 1_700_000_000_000_000_000n;
  uartOut = "";
  /** What each port got, and how many more bytes the host takes. */
  readonly portOut: number[][] = Array.from({ length: 8 }, () => []);
  readonly portRoom: number[] = new Array<number>(8).fill(Number.MAX_SAFE_INTEGER);
  readonly portEvents: string[] = [];
  readonly disks: Uint8Array[] = [];
  readonly diskCalls: string[] = [];
  /** Bytes the host moved: what a loop that does not end would run up. */
  hostBytes = 0;
  diskFails = false;
  panics: number[] = [];
  private randomState = 1;

  private constructor(readonly e: Exports) {}

  static async create(ramBytes = 16 << 20, harts = 1): Promise<TestBoard> {
    compiled ??= compile();
    let board!: TestBoard;
    const bytes = (ptr: number, len: number) => new Uint8Array(board.e.memory.buffer, ptr, len);
    const host = {
      now: () => board.nowTicks,
      wallClock: () => board.wallNs,
      random: (ptr: number, len: number) => {
        board.hostBytes += len;
        for (const at of bytes(ptr, len).keys()) bytes(ptr, len)[at] = board.random();
      },
      uartWrite: (byte: number) => void (board.uartOut += String.fromCharCode(byte)),
      portWrite: (port: number, ptr: number, len: number) => {
        const taken = Math.min(len, board.portRoom[port] ?? 0);
        board.portRoom[port] = (board.portRoom[port] ?? 0) - taken;
        board.hostBytes += taken;
        if ((board.portOut[port]?.length ?? 0) < 1 << 20) for (const b of bytes(ptr, taken)) board.portOut[port]?.push(b);
        return taken;
      },
      portOpen: (port: number, open: number) => void board.portEvents.push(`${port}:${open === 0 ? "close" : "open"}`),
      diskRead: (disk: number, offset: bigint, ptr: number, len: number) => {
        const data = board.disks[disk];
        if (data === undefined || board.diskFails) return 1;
        if (Number(offset) + len > data.length) throw new Error("disk read out of range");
        board.hostBytes += len;
        bytes(ptr, len).set(data.subarray(Number(offset), Number(offset) + len));
        return 0;
      },
      diskWrite: (disk: number, offset: bigint, ptr: number, len: number) => {
        const data = board.disks[disk];
        if (data === undefined || board.diskFails) return 1;
        if (Number(offset) + len > data.length) throw new Error("disk write out of range");
        board.hostBytes += len;
        board.diskCalls.push(`write ${offset} ${len}`);
        data.set(bytes(ptr, len), Number(offset));
        return 0;
      },
      diskFlush: () => {
        board.diskCalls.push("flush");
        return board.diskFails ? 1 : 0;
      },
      panic: (code: number) => {
        board.panics.push(code);
        throw new Error(`panic ${code}`);
      },
    };
    const instance = await WebAssembly.instantiate(await compiled, { host });
    board = new TestBoard(instance.exports as unknown as Exports);
    board.e.start();
    board.e.init(BigInt(ramBytes), harts);
    return board;
  }

  read(pa: bigint | number, size: number): number {
    return Number(BigInt.asUintN(64, this.e.ioLoad(BigInt(pa), size)));
  }

  read64(pa: bigint | number): bigint {
    return BigInt.asUintN(64, this.e.ioLoad(BigInt(pa), 8));
  }

  write(pa: bigint | number, size: number, value: bigint | number): void {
    this.e.ioStore(BigInt(pa), size, BigInt(value));
  }

  get faulted(): boolean {
    return this.e.ioFault() !== 0;
  }

  /** True where bit `bit` of mip is driven. */
  line(bit: number, hart = 0): boolean {
    return ((this.e.hartLines(hart) >> BigInt(bit)) & 1n) !== 0n;
  }

  peek(pa: bigint, len: number): Uint8Array {
    return Uint8Array.from({ length: len }, (_, i) => this.e.load8(pa + BigInt(i)));
  }

  poke(pa: bigint, bytes: Iterable<number>): void {
    let at = pa;
    for (const byte of bytes) this.e.store8(at++, byte);
  }

  peekInt(pa: bigint, size: number): number {
    return this.peek(pa, size).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  pokeInt(pa: bigint, size: number, value: bigint | number): void {
    const v = BigInt.asUintN(64, BigInt(value));
    this.poke(
      pa,
      Array.from({ length: size }, (_, i) => Number((v >> BigInt(8 * i)) & 0xffn)),
    );
  }

  /** Puts bytes where the host hands them in; gives their number. */
  handIn(data: string | Uint8Array): number {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    new Uint8Array(this.e.memory.buffer, this.e.hostBuffer(), bytes.length).set(bytes);
    return bytes.length;
  }

  private random(): number {
    this.randomState = (Math.imul(this.randomState, 1664525) + 1013904223) >>> 0;
    return this.randomState >>> 24;
  }
}
