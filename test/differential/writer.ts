// Collects the code of a generated program. Jumps are written before it is known how far they go: they land at a later
// `landing`, a place where every register that the generator keeps has its value.
import { encode, type Operands } from "../../src/isa/assemble.js";
import type { CompressedRow, Row } from "../../src/isa/table.js";

interface Pending {
  readonly at: number;
  readonly landing: number;
  patch(distance: number): void;
}

/** A compressed branch reaches 254 bytes. */
const MAX_REACH_HALVES = 100;

export class Writer {
  readonly halves: number[] = [];
  instructions = 0;
  #landings = 0;
  #pending: Pending[] = [];

  constructor(readonly base: number) {}

  get pa(): number {
    return this.base + this.halves.length * 2;
  }

  word(value: number): void {
    this.halves.push(value & 0xffff, value >>> 16);
    this.instructions++;
  }

  half(value: number): void {
    this.halves.push(value);
    this.instructions++;
  }

  /** A place where a jump may land: those that are due, or could not reach a later place, land here. */
  landing(): void {
    this.#landings++;
    this.#land((one) => one.landing <= this.#landings || this.halves.length - one.at > MAX_REACH_HALVES);
  }

  /** All open jumps land here. */
  landAll(): void {
    this.#land(() => true);
  }

  #land(due: (one: Pending) => boolean): void {
    for (const one of this.#pending.filter(due)) one.patch((this.halves.length - one.at) * 2);
    this.#pending = this.#pending.filter((one) => !due(one));
  }

  /** A jump or branch to the landing `ahead` landings from here. */
  jump(row: Row, operands: Operands, ahead: number): void {
    const at = this.halves.length;
    this.word(0);
    this.#pending.push({ at, landing: this.#landings + ahead, patch: (imm) => this.#put(at, encode(row, { ...operands, imm })) });
  }

  /** As jump(); `fixed` is the instruction but for its offset. */
  jumpCompressed(row: CompressedRow, fixed: number, ahead: number): void {
    const at = this.halves.length;
    this.half(0);
    const patch = (distance: number): void => {
      this.halves[at] = fixed | scatter(row, distance);
    };
    this.#pending.push({ at, landing: this.#landings + ahead, patch });
  }

  #put(at: number, word: number): void {
    this.halves[at] = word & 0xffff;
    this.halves[at + 1] = word >>> 16;
  }

  bytes(): Uint8Array {
    return new Uint8Array(new Uint16Array(this.halves).buffer);
  }
}

/** An immediate in the places where a compressed row has it. */
export function scatter(row: CompressedRow, imm: number): number {
  return row.imm.reduce((half, { from, width, to }) => half | (((imm >>> to) & (2 ** width - 1)) << from), 0);
}
