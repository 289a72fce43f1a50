// Writes a guest program with labels: instructions by mnemonic, jumps to places that are written later, data between them.
import { assemble, type Operands } from "../../../src/isa/assemble.js";

const NOP_HALF = 0x0001;

export class GuestCode {
  readonly halves: number[] = [];
  readonly #places = new Map<string, number>();
  readonly #patches: (() => void)[] = [];

  /** `base` is the virtual address of the first byte. */
  constructor(readonly base: number) {}

  get pa(): number {
    return this.base + this.halves.length * 2;
  }

  op(name: string, operands: Operands = {}): void {
    this.word(assemble(name, operands));
  }

  word(value: number): void {
    this.halves.push(value & 0xffff, value >>> 16);
  }

  half(value: number): void {
    this.halves.push(value & 0xffff);
  }

  double(value: bigint): void {
    this.word(Number(value & 0xffffffffn));
    this.word(Number((value >> 32n) & 0xffffffffn));
  }

  label(name: string): void {
    if (this.#places.has(name)) throw new Error(`two places are named ${name}`);
    this.#places.set(name, this.pa);
  }

  place(name: string): number {
    const pa = this.#places.get(name);
    if (pa === undefined) throw new Error(`no place is named ${name}`);
    return pa;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** A branch or jal to a label. */
  to(name: string, operands: Operands, label: string, plusBytes = 0): void {
    const at = this.halves.length;
    const here = this.pa;
    this.word(0);
    this.#patches.push(() => {
      const imm = this.place(label) + plusBytes - here;
      const reach = name === "jal" ? 1 << 20 : 1 << 12;
      if (imm < -reach || imm >= reach) throw new Error(`${label} is ${imm} bytes away, too far for ${name}`);
      this.#put(at, assemble(name, { ...operands, imm }));
    });
  }

  jump(label: string): void {
    this.to("jal", {}, label);
  }

  call(label: string, link = 1): void {
    this.to("jal", { rd: link }, label);
  }

  /** A label's address, relative to pc. */
  la(rd: number, label: string): void {
    const at = this.halves.length;
    const here = this.pa;
    this.word(0);
    this.word(0);
    this.#patches.push(() => {
      const distance = this.place(label) - here;
      const low = (distance << 20) >> 20;
      this.#put(at, assemble("auipc", { rd, imm: distance - low }));
      this.#put(at + 2, assemble("addi", { rd, rs1: rd, imm: low }));
    });
  }

  /** Eight bytes that are a label's address. */
  pointer(label: string): void {
    const at = this.halves.length;
    this.double(0n);
    this.#patches.push(() => this.#put(at, this.place(label)));
  }

  /** Any 64-bit value. */
  li(rd: number, value: bigint | number): void {
    const signed = BigInt.asIntN(64, BigInt(value));
    const low = Number(BigInt.asIntN(12, signed));
    if (signed >= -0x80000000n && signed < 0x7ffff800n) {
      const high = Number(signed) - low;
      if (high === 0) return this.op("addi", { rd, imm: low });
      this.op("lui", { rd, imm: high | 0 });
      if (low !== 0) this.op("addiw", { rd, rs1: rd, imm: low });
      return;
    }
    this.li(rd, (signed - BigInt(low)) >> 12n);
    this.op("slli", { rd, rs1: rd, imm: 12 });
    if (low !== 0) this.op("addi", { rd, rs1: rd, imm: low });
  }

  /** Goes on at offset `offset` of a page, this one or the next; what lies between is c.nop. */
  toPageOffset(offset: number): void {
    while (this.pa % 4096 !== offset % 4096) this.half(NOP_HALF);
  }

  align(bytes: number): void {
    while (this.pa % bytes !== 0) this.half(NOP_HALF);
  }

  skip(halves: number): void {
    for (let n = 0; n < halves; n++) this.half(NOP_HALF);
  }

  bytes(): Uint8Array {
    for (const patch of this.#patches) patch();
    return new Uint8Array(new Uint16Array(this.halves).buffer);
  }

  #put(at: number, word: number): void {
    this.halves[at] = word & 0xffff;
    this.halves[at + 1] = word >>> 16;
  }
}
