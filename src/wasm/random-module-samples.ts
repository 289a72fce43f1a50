// Random valid modules for differential tests: a list of numbers decides everything, so that fast-check can shrink it. A module
// ends by itself (a step counter traps at loop heads and calls), and counts in an exported global how many markers it
// has executed: a floor for the fuel that it must use.
import { moduleOf, name, section } from "./module-samples.js";

type ValueType = "i32" | "i64" | "f64";
const CODE: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, f64: 0x7c };
const TYPES: readonly ValueType[] = ["i32", "i64", "f64"];

/** Instructions that one marker is made of, itself included. */
export const MARKER_WEIGHT = 4;
const STEPS = 3000;

/** Global indices. */
const G = { steps: 0, markers: 1, i32: 2, i64: 3, f64: 4 } as const;
/** Type indices: functions are of one of the first four. */
const SIGNATURES: readonly { params: ValueType[]; results: ValueType[] }[] = [
  { params: [], results: ["i32"] },
  { params: ["i32"], results: ["i32"] },
  { params: ["i32", "i64"], results: ["i64"] },
  { params: ["f64", "i32"], results: ["f64"] },
];
const LOOP_TYPE = 4; // (i32) -> i32, of a loop with a parameter
const PAIR_TYPE = 5; // () -> (i32, i64)
const VOID_TYPE = 6; // of the tag

interface Label {
  /** What a branch there carries. */
  readonly carries: readonly ValueType[];
}

class BodyGenerator {
  readonly code: number[] = [];
  private labels: Label[] = [];
  private budget = 220;
  private readonly choose: (count: number) => number;
  private readonly signature: number;
  private readonly functions: readonly number[];
  private readonly features: { exceptions: boolean };

  constructor(choose: (count: number) => number, signature: number, functions: readonly number[], features: { exceptions: boolean }) {
    this.choose = choose;
    this.signature = signature;
    this.functions = functions;
    this.features = features;
  }

  run(): number[] {
    const { results } = this.type;
    this.labels = [{ carries: results }];
    this.statements(4);
    this.expression(results[0] as ValueType, 3);
    this.emit(0x0b);
    return this.code;
  }

  private get type(): { params: ValueType[]; results: ValueType[] } {
    return SIGNATURES[this.signature] as { params: ValueType[]; results: ValueType[] };
  }

  private emit(...bytes: number[]): void {
    this.code.push(...bytes);
  }

  /** A local of a type: behind the parameters there are two of each. */
  private local(type: ValueType): number {
    const { params } = this.type;
    const own = params.flatMap((param, index) => (param === type ? [index] : []));
    const first = params.length + 2 * TYPES.indexOf(type);
    return [first, first + 1, ...own][this.choose(2 + own.length)] as number;
  }

  /** One step less; none left is a trap. */
  private guard(): void {
    this.emit(0x23, G.steps, 0x41, 1, 0x6b, 0x24, G.steps, 0x23, G.steps, 0x45, 0x04, 0x40, 0x00, 0x0b);
  }

  private marker(): void {
    this.emit(0x23, G.markers, 0x42, 1, 0x7c, 0x24, G.markers);
  }

  private constant(type: ValueType): void {
    if (type === "i32") this.emit(0x41, this.choose(64));
    else if (type === "i64") this.emit(0x42, this.choose(64));
    else this.emit(0x44, 0, 0, 0, 0, 0, 0, this.choose(16) * 16, 0x40);
  }

  private block(label: Label, body: () => void): void {
    this.labels.push(label);
    body();
    this.labels.pop();
    this.emit(0x0b);
  }

  // --- statements: they leave the stack as it was

  private statements(depth: number): void {
    for (let count = this.choose(5); count > 0; count--) this.statement(depth);
  }

  private statement(depth: number): void {
    this.marker();
    if (depth === 0 || --this.budget < 0) return;
    const type = TYPES[this.choose(3)] as ValueType;
    switch (this.choose(19)) {
      case 0:
        this.expression(type, depth - 1);
        return this.emit(0x21, this.local(type));
      case 1:
        this.address(depth);
        this.expression("i32", depth - 1);
        return this.emit(0x36, 2, this.choose(100));
      case 2:
        this.expression("i32", depth - 1);
        this.emit(0x04, 0x40);
        return this.block({ carries: [] }, () => {
          this.statements(depth - 1);
          if (this.choose(2) === 0) return;
          this.emit(0x05);
          this.statements(depth - 1);
        });
      case 3:
      case 4:
        this.emit(0x02, 0x40);
        return this.block({ carries: [] }, () => this.statements(depth - 1));
      case 5:
      case 6:
      case 7:
        return this.loop(depth);
      case 8:
      case 9:
        return this.branch(depth, 0x0d);
      case 10:
        return this.branch(depth, 0x0c);
      case 11:
        return this.branchTable(depth);
      case 12:
        this.expression(this.type.results[0] as ValueType, depth - 1);
        return this.emit(0x0f);
      case 13:
        this.expression(type, depth - 1);
        return this.emit(0x24, G[type]);
      case 14:
        return this.bulk(depth);
      case 15:
        this.emit(0x02, PAIR_TYPE);
        this.block({ carries: ["i32", "i64"] }, () => {
          this.statements(depth - 1);
          this.expression("i32", depth - 1);
          this.expression("i64", depth - 1);
        });
        return this.emit(0x21, this.local("i64"), 0x21, this.local("i32"));
      case 16:
        return this.exception(depth);
      case 17:
        return this.tailCall(depth);
      default:
        this.expression(type, depth - 1);
        return this.emit(0x1a);
    }
  }

  private address(depth: number): void {
    this.expression("i32", depth - 1);
    this.emit(0x41, 0xff, 0xff, 0, 0x71); // and 0x3fff
  }

  /** A loop that goes round while a local counts down, among what else its body does. */
  private loop(depth: number): void {
    const counter = this.type.params.length + this.choose(2);
    this.emit(0x41, this.choose(12), 0x21, counter, 0x03, 0x40);
    this.block({ carries: [] }, () => {
      this.guard();
      this.statements(depth - 1);
      this.emit(0x20, counter, 0x41, 1, 0x6b, 0x22, counter, 0x41, 0, 0x4a, 0x0d, 0); // while (--counter > 0)
    });
  }

  /** br or br_if to any label, with what it carries; br_if leaves that on the stack, where it is dropped. */
  private branch(depth: number, op: number): void {
    const target = this.choose(this.labels.length);
    const { carries } = this.labels[this.labels.length - 1 - target] as Label;
    for (const type of carries) this.expression(type, depth - 1);
    if (op === 0x0d) this.expression("i32", depth - 1);
    this.emit(op, target);
    for (const _ of carries) this.emit(0x1a);
  }

  private branchTable(depth: number): void {
    const empty = this.labels.flatMap(({ carries }, index) => (carries.length === 0 ? [this.labels.length - 1 - index] : []));
    if (empty.length === 0) return;
    this.expression("i32", depth - 1);
    const count = this.choose(4);
    this.emit(0x0e, count);
    for (let entry = 0; entry <= count; entry++) this.emit(empty[this.choose(empty.length)] as number);
  }

  private bulk(depth: number): void {
    this.address(depth);
    if (this.choose(2) === 0) this.expression("i32", depth - 1);
    else this.address(depth);
    this.emit(0x41, 0xc0, 0); // 64 bytes
    if (this.choose(2) === 0) this.emit(0xfc, 11, 0);
    else this.emit(0xfc, 10, 0, 0);
  }

  private exception(depth: number): void {
    if (!this.features.exceptions) return;
    this.emit(0x06, 0x40);
    this.block({ carries: [] }, () => {
      this.statements(depth - 1);
      if (this.choose(2) === 0) this.emit(0x08, 0);
      this.emit(this.choose(2) === 0 ? 0x19 : 0x07);
      if (this.code[this.code.length - 1] === 0x07) this.emit(0);
      this.statements(depth - 1);
      if (this.choose(4) === 0) this.emit(0x09, 0);
    });
  }

  private tailCall(depth: number): void {
    const same = this.functions.flatMap((signature, index) => (signature === this.signature ? [index] : []));
    this.guard();
    for (const type of this.type.params) this.expression(type, depth - 1);
    this.emit(0x12, same[this.choose(same.length)] as number);
  }

  // --- expressions: they leave one value

  private expression(type: ValueType, depth: number): void {
    if (depth <= 0 || --this.budget < 0) return this.choose(2) === 0 ? this.constant(type) : this.emit(0x20, this.local(type));
    switch (this.choose(10)) {
      case 0:
        return this.constant(type);
      case 1:
        return this.emit(0x20, this.local(type));
      case 2:
        return this.emit(0x23, G[type]);
      case 3:
        this.emit(0x02, CODE[type]);
        return this.block({ carries: [type] }, () => this.valueBody(type, depth));
      case 4:
        this.expression("i32", depth - 1);
        this.emit(0x04, CODE[type]);
        return this.block({ carries: [type] }, () => {
          this.valueBody(type, depth);
          this.emit(0x05);
          this.valueBody(type, depth);
        });
      case 5:
        return this.call(type, depth);
      case 6:
        return this.parameterLoop(type, depth);
      case 7:
        this.address(depth);
        this.emit({ i32: 0x28, i64: 0x29, f64: 0xb7 }[type], ...(type === "f64" ? [] : [0, 3]));
        return;
      case 8:
        this.expression(type, depth - 1);
        return this.emit(0x22, this.local(type));
      default:
        return this.arithmetic(type, depth);
    }
  }

  private valueBody(type: ValueType, depth: number): void {
    this.statements(depth - 1);
    this.expression(type, depth - 1);
  }

  private call(type: ValueType, depth: number): void {
    const able = this.functions.flatMap((signature, index) => (SIGNATURES[signature]?.results[0] === type ? [index] : []));
    if (able.length === 0) return this.constant(type);
    const callee = able[this.choose(able.length)] as number;
    this.guard();
    const signature = this.functions[callee] as number;
    for (const param of SIGNATURES[signature]?.params ?? []) this.expression(param, depth - 1);
    if (this.choose(3) > 0) return this.emit(0x10, callee);
    this.emit(0x41, callee, 0x11, signature, 0);
  }

  private parameterLoop(type: ValueType, depth: number): void {
    if (type !== "i32") return this.arithmetic(type, depth);
    const local = this.local("i32");
    this.expression("i32", depth - 1);
    this.emit(0x03, LOOP_TYPE);
    this.block({ carries: ["i32"] }, () => {
      this.guard();
      this.emit(0x21, local);
      this.valueBody("i32", depth);
    });
  }

  private arithmetic(type: ValueType, depth: number): void {
    if (type === "f64" && this.choose(3) === 0) {
      this.expression("i32", depth - 1);
      return this.emit(0xb7); // f64.convert_i32_s
    }
    if (type === "i32" && this.choose(3) === 0) {
      this.expression("f64", depth - 1);
      return this.emit(0xfc, 2); // i32.trunc_sat_f64_s
    }
    this.expression(type, depth - 1);
    this.expression(type, depth - 1);
    const operators = {
      i32: [0x6a, 0x6b, 0x6c, 0x71, 0x73, 0x75, 0x4a, 0x6d],
      i64: [0x7c, 0x7d, 0x7e, 0x83, 0x85, 0x87],
      f64: [0xa0, 0xa1, 0xa2],
    }[type];
    this.emit(operators[this.choose(operators.length)] as number);
  }
}

/** Which of the number's choices make the module; a list that has ended chooses 0. */
function chooser(choices: readonly number[]): (count: number) => number {
  let next = 0;
  return (count) => (choices[next++] ?? 0) % count;
}

const sized = (bytes: number[]): number[] => [
  (bytes.length & 0x7f) | 0x80,
  ((bytes.length >> 7) & 0x7f) | 0x80,
  bytes.length >> 14,
  ...bytes,
];

export function randomModule(choices: readonly number[]): Uint8Array<ArrayBuffer> {
  const choose = chooser(choices);
  const features = { exceptions: choose(3) === 0 };
  const functions = Array.from({ length: 1 + choose(4) }, () => choose(SIGNATURES.length));
  const codes = functions.map((signature) =>
    sized([3, ...TYPES.flatMap((type) => [2, CODE[type]]), ...new BodyGenerator(choose, signature, functions, features).run()]),
  );
  const signatures = SIGNATURES.flatMap(({ params, results }) => [
    0x60,
    ...[params, results].flatMap((list) => [list.length, ...list.map((type) => CODE[type])]),
  ]);
  const exports = [
    ...functions.flatMap((_, index) => [...name(`f${index}`), 0, index]),
    ...["steps", "markers", "a", "b", "c"].flatMap((global, index) => [...name(global), 3, index]),
    ...name("memory"), 2, 0,
  ]; // prettier-ignore
  return moduleOf(
    section(1, 7, ...signatures, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 2, 0x7f, 0x7e, 0x60, 0, 0),
    section(3, functions.length, ...functions),
    section(4, 1, 0x70, 0, functions.length),
    section(5, 1, 1, 1, 2),
    section(13, 1, 0, VOID_TYPE),
    section(6, 5, 0x7f, 1, 0x41, (STEPS & 0x7f) | 0x80, STEPS >> 7, 11, 0x7e, 1, 0x42, 0, 11, 0x7f, 1, 0x41, 5, 11, 0x7e, 1, 0x42, 7, 11, 0x7c, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0x40, 11),
    section(7, functions.length + 6, ...exports),
    section(9, 1, 0, 0x41, 0, 11, functions.length, ...functions.keys()),
    section(10, functions.length, ...codes.flat()),
  ); // prettier-ignore
}
