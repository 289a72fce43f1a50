// One computer, seen from the host: its devices' other ends, and run(). Synchronous: whoever owns it decides when it runs.
// May depend on abi, errors, boot/ and the files beside it.
import { randomFillSync } from "node:crypto";
import {
  DEVICES_BYTES,
  EXIT_BUDGET,
  EXIT_CRASH,
  EXIT_HTIF,
  EXIT_IDLE,
  EXIT_POWEROFF,
  EXIT_REBOOT,
  HOST_BUFFER_BYTES,
  MAX_DISKS,
  PAGE_BYTES,
  PANIC_MEMORY,
  TIMEBASE_HZ,
  TRANSPORT_PCI,
} from "../../assembly/machine/abi.js";
import { WardianError } from "../errors.js";
import type { BootPlan } from "./boot/plan.js";
import { chooseEngine, type EngineName } from "./engine-name.js";
import { hasFusedMultiplyAdd } from "./fused-multiply-add.js";
import { Linker, MEMBER_BYTES } from "./linker.js";
import { type MachineCounts, readCounts } from "./machine-counts.js";
import { instantiateMachine, type MachineExports } from "./module.js";

/** What backs a virtio-blk disk; offsets and lengths are bytes. A method that throws is an I/O error for the guest. */
export interface Disk {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  read(offset: number, into: Uint8Array): void;
  write(offset: number, from: Uint8Array): void;
  flush(): void;
}

/** The host's end of a console port. */
export interface Port {
  readonly name: string;
  /** Takes bytes the guest wrote and gives how many; after less than all, call Machine.portDrained(). The array is only lent. */
  onData(bytes: Uint8Array): number;
}

export interface MachineOptions {
  /** Default: auto. */
  readonly engine?: EngineName | undefined;
  /** Translated code is compiled in the background, or while the machine waits, so that a run can be repeated exactly (the default, and always with `eager`). */
  readonly compile?: "background" | "inline";
  /** Is shown each module of translated code, and the address where its region begins. The bytes are only lent. */
  onModule?(pc: bigint, bytes: Uint8Array): void;
  readonly ramBytes: number;
  readonly disks?: readonly Disk[];
  /** Port 0 is the virtio console (hvc0); without any there is no console device. */
  readonly ports?: readonly Port[];
  /** Bytes from the UART and the SBI console. */
  onSerial(byte: number): void;
  /** Asked after each of those bytes: where it is true, run() ends early, as if its budget were used up. */
  isSerialFull?(): boolean;
  /** TRANSPORT_PCI (the default) or TRANSPORT_MMIO. */
  readonly transport?: number;
  /** Injected time: nanoseconds, never going back. Defaults to the process's monotonic clock. */
  readonly clock?: () => bigint;
  readonly wallClock?: () => bigint;
  readonly random?: (into: Uint8Array) => void;
}

export type RunOutcome =
  | { readonly kind: "budget" }
  /** Waiting for an interrupt; `sleepMs` until the next timer (Infinity for none). */
  | { readonly kind: "idle"; readonly sleepMs: number }
  | { readonly kind: "poweroff"; readonly status: number }
  | { readonly kind: "reboot" }
  | { readonly kind: "crash" };

const SECTOR_BYTES = 512;
const ZEROS = Buffer.alloc(PAGE_BYTES);
/** While modules are compiled in the background, what is ready is fetched so often. */
const LINK_MS = 1;
const NEVER = 0xffffffffffffffffn;
const TICKS_PER_MS = TIMEBASE_HZ / 1000;
const NS_PER_TICK = 1_000_000_000n / BigInt(TIMEBASE_HZ);

export class Machine {
  readonly #wasm: MachineExports;
  readonly #linker: Linker;
  readonly #options: MachineOptions;
  readonly #disks: readonly Disk[];
  readonly #ports: readonly Port[];
  readonly #epochNs: bigint;
  readonly #clock: () => bigint;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#disks = options.disks ?? [];
    this.#ports = options.ports ?? [];
    this.#clock = options.clock ?? process.hrtime.bigint;
    this.#epochNs = this.#clock();
    if (this.#disks.length > MAX_DISKS)
      throw new WardianError("too-many-disks", `${this.#disks.length} disks are asked for; ${MAX_DISKS} are possible`);
    this.#wasm = instantiateMachine(this.#imports());
    this.#linker = new Linker(this.#wasm, options.compile === "background" && options.engine !== "eager");
    this.#wasm.machineInit(BigInt(options.ramBytes));
    this.#wasm.setFused(hasFusedMultiplyAdd() ? 1 : 0);
    this.#wasm.setEngine(chooseEngine(options.engine));
    this.#attach();
  }

  #imports() {
    const random = this.#options.random ?? ((into: Uint8Array) => void randomFillSync(into));
    const wallClock = this.#options.wallClock ?? (() => BigInt(Date.now()) * 1_000_000n);
    return {
      now: () => this.#ticks(),
      wallClock,
      random: (ptr: number, len: number) => random(this.#bytes(ptr, len)),
      uartWrite: (byte: number) => {
        this.#options.onSerial(byte);
        return this.#options.isSerialFull?.() === true ? 1 : 0;
      },
      portWrite: (port: number, ptr: number, len: number) => this.#ports[port]?.onData(this.#bytes(ptr, len)) ?? len,
      portOpen: () => {}, // a port's other end learns from its first bytes that the guest is there
      diskRead: (disk: number, offset: bigint, ptr: number, len: number) =>
        this.#disk(disk, (it) => it.read(Number(offset), this.#bytes(ptr, len))),
      diskWrite: (disk: number, offset: bigint, ptr: number, len: number) =>
        this.#disk(disk, (it) => it.write(Number(offset), this.#bytes(ptr, len))),
      diskFlush: (disk: number) => this.#disk(disk, (it) => it.flush()),
      link: (ptr: number, len: number, index: number, serial: number) => {
        const bytes = this.#bytes(ptr, len);
        this.#options.onModule?.(this.pc, bytes);
        return this.#linker.link(bytes, index, serial);
      },
      join: (ptr: number, len: number, members: number, count: number) =>
        this.#linker.join(this.#bytes(ptr, len), this.#bytes(members, count * MEMBER_BYTES)),
      unlink: (index: number) => this.#linker.unlink(index),
      panic: (code: number) => {
        if (code === PANIC_MEMORY)
          throw new WardianError("out-of-memory", "the host has no memory left for this machine: give it less with -m");
        throw new WardianError("machine-panic", `the machine stopped on a broken invariant of its own (${code}); this is a bug in Wardian`);
      },
    };
  }

  #ticks(): bigint {
    return (this.#clock() - this.#epochNs) / NS_PER_TICK;
  }

  #disk(index: number, work: (disk: Disk) => void): number {
    const disk = this.#disks[index];
    if (disk === undefined) return 1;
    try {
      work(disk);
      return 0;
    } catch {
      return 1;
    }
  }

  /** A view of linear memory; good until the machine runs again. */
  #bytes(ptr: number, len: number): Uint8Array {
    return new Uint8Array(this.#wasm.memory.buffer, ptr >>> 0, len);
  }

  #attach(): void {
    const wasm = this.#wasm;
    const transport = this.#options.transport ?? TRANSPORT_PCI;
    if (this.#ports.length > 0) wasm.attachConsole(transport);
    for (const [index, port] of this.#ports.entries()) if (index > 0) wasm.addPort(index, this.#lend(new TextEncoder().encode(port.name)));
    for (const [index, disk] of this.#disks.entries()) {
      wasm.attachDisk(index, BigInt(Math.floor(disk.sizeBytes / SECTOR_BYTES)), disk.readOnly ? 1 : 0, transport);
    }
    wasm.attachRng(transport);
  }

  /** Puts bytes where input functions look for them; gives how many fit. */
  #lend(bytes: Uint8Array): number {
    const len = Math.min(bytes.length, HOST_BUFFER_BYTES);
    this.#bytes(this.#wasm.hostBufferPtr(), len).set(len === bytes.length ? bytes : bytes.subarray(0, len));
    return len;
  }

  /** Puts the plan's loads into RAM and powers hart 0 on. Call once. */
  start(plan: BootPlan): void {
    for (const { pa, bytes } of plan.loads) this.#copyIn(pa, bytes, true);
    const { entryPa, a0, a1, a2, mode, tohostPa = 0, fromhostPa = 0 } = plan;
    this.#wasm.machineStart(
      BigInt(entryPa),
      BigInt(a0),
      BigInt(a1),
      BigInt(a2),
      mode === "S" ? 1 : 0,
      BigInt(tohostPa),
      BigInt(fromhostPa),
    );
  }

  /** Runs about `budgetInsns` instructions, for about `limitMs`. Throws a WardianError where the machine itself cannot go on. */
  run(budgetInsns: number, limitMs = Number.POSITIVE_INFINITY): RunOutcome {
    switch (this.#runPieces(budgetInsns, this.#after(limitMs))) {
      case EXIT_BUDGET:
        return { kind: "budget" };
      case EXIT_IDLE:
        return { kind: "idle", sleepMs: this.#sleepMs() };
      case EXIT_POWEROFF:
      case EXIT_HTIF:
        return { kind: "poweroff", status: this.#wasm.exitStatus() >>> 0 };
      case EXIT_REBOOT:
        return { kind: "reboot" };
      case EXIT_CRASH:
        return { kind: "crash" };
      default:
        throw new WardianError("machine-panic", "the machine came back in a way it never should; this is a bug in Wardian");
    }
  }

  /** Until the guest's time is `endTicks`; while code is compiled in the background, in pieces, so that what is ready is soon in use. Gives an EXIT_ constant. */
  #runPieces(budgetInsns: number, endTicks: bigint): number {
    const endInsns = this.instructions + BigInt(budgetInsns);
    for (;;) {
      this.#linker.poll();
      const isPiece = endTicks !== NEVER && this.#linker.isWaiting;
      const pieceTicks = isPiece ? this.#after(LINK_MS) : endTicks;
      const exit = this.#wasm.machineRun(Number(endInsns - this.instructions), pieceTicks < endTicks ? pieceTicks : endTicks);
      const isOver = !isPiece || exit !== EXIT_BUDGET || this.#options.isSerialFull?.() === true;
      if (isOver || this.#ticks() >= endTicks || this.instructions >= endInsns) return exit;
    }
  }

  /** The guest's time in `ms` from now. */
  #after(ms: number): bigint {
    return ms === Number.POSITIVE_INFINITY ? NEVER : this.#ticks() + BigInt(Math.ceil(ms * TICKS_PER_MS));
  }

  #sleepMs(): number {
    const ticks = BigInt.asUintN(64, this.#wasm.machineSleepTicks());
    return ticks === NEVER ? Number.POSITIVE_INFINITY : Number(ticks * NS_PER_TICK) / 1e6;
  }

  /** Bytes for the UART; gives how many it took. */
  serialInput(bytes: Uint8Array): number {
    return this.#wasm.uartInput(this.#lend(bytes));
  }

  /** Bytes for console port `port`; gives how many it took. */
  portInput(port: number, bytes: Uint8Array): number {
    return this.#wasm.portInput(port, this.#lend(bytes));
  }

  /** Port `port` can take the guest's output again. */
  portDrained(port: number): void {
    this.#wasm.portDrained(port);
  }

  setConsoleSize(cols: number, rows: number): void {
    this.#wasm.setConsoleSize(cols, rows);
  }

  /** Copies bytes to guest memory; what lies outside RAM throws. */
  writeRam(pa: number, bytes: Uint8Array): void {
    this.#copyIn(pa, bytes, false);
  }

  /** Fresh RAM reads as zero, so that pages of zeros need not be written to it: a fifth of a kernel is padding. */
  #copyIn(pa: number, bytes: Uint8Array, fresh: boolean): void {
    // Pages that follow one another here and there, as most do, are copied at once: bytes from `begin` to `end` go to `ptr`.
    let [begin, end, ptr] = [0, 0, 0];
    const copy = (): void => this.#bytes(ptr, end - begin).set(bytes.subarray(begin, end));
    for (let at = 0; at < bytes.length;) {
      const next = Math.min(bytes.length, at + PAGE_BYTES - ((pa + at) % PAGE_BYTES));
      if (!fresh || ZEROS.compare(bytes, at, next, 0, next - at) !== 0) {
        const page = this.#guestPtr(pa + at);
        if (at !== end || page !== ptr + end - begin) {
          copy();
          [begin, ptr] = [at, page];
        }
        end = next;
      }
      at = next;
    }
    copy();
  }

  /** Copies guest memory out; what lies outside RAM throws. */
  readRam(pa: number, lengthBytes: number): Uint8Array {
    const out = new Uint8Array(lengthBytes);
    for (let done = 0; done < lengthBytes;) {
      const at = pa + done;
      const len = Math.min(lengthBytes - done, PAGE_BYTES - (at % PAGE_BYTES));
      out.set(this.#bytes(this.#guestPtr(at), len), done);
      done += len;
    }
    return out;
  }

  /** What the guest can see of its hart and of interrupts, in the order of STATE_NAMES. Good until the machine is next asked for anything. */
  state(): BigUint64Array {
    const count = this.#wasm.writeState();
    return new BigUint64Array(this.#wasm.memory.buffer, this.#wasm.hostBufferPtr(), count);
  }

  /** Every device's registers and queues, as they stand in memory; only for comparing. Good until the machine runs again. */
  deviceState(): Uint8Array {
    return this.#bytes(this.#wasm.devicesPtr(), DEVICES_BYTES);
  }

  /** Page `index` of guest memory, only for looking at; undefined where nothing has touched it, and it reads as zeros. Good until the machine runs again. */
  page(index: number): Uint8Array | undefined {
    const ptr = this.#wasm.touchedPage(index);
    return ptr === 0 ? undefined : this.#bytes(ptr, PAGE_BYTES);
  }

  #guestPtr(pa: number): number {
    const ptr = this.#wasm.guestPtr(BigInt(pa)) >>> 0;
    if (ptr === 0) throw new WardianError("out-of-ram", `address 0x${pa.toString(16)} is not in the machine's memory`);
    return ptr;
  }

  /** Instructions retired since power-on. */
  get instructions(): bigint {
    return BigInt.asUintN(64, this.#wasm.instructionsRetired());
  }

  /** What the machine has counted since power-on. */
  get counts(): MachineCounts {
    return readCounts(this.#wasm, this.#linker.compileSeconds);
  }

  /** Guest memory that costs host memory. */
  get residentBytes(): number {
    return this.#wasm.residentPageCount() * PAGE_BYTES;
  }

  get pc(): bigint {
    return BigInt.asUintN(64, this.#wasm.programCounter());
  }

  /** Integer register x`n`. */
  register(n: number): bigint {
    return BigInt.asUintN(64, this.#wasm.integerRegister(n));
  }
}
