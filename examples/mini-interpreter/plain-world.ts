import type { Code } from "./code.js";
import type { TypeName, World } from "./world.js";

/** Exact integers are numbers, bigints beyond 2⁵³; inexact numbers are objects, so that 2 and 2.0 differ. */
class Real {
  constructor(readonly value: number) {}
}
class Sym {
  value: Plain = undefined;
  constructor(readonly name: string) {}
}
class Pair {
  constructor(
    public car: Plain,
    public cdr: Plain,
  ) {}
}
class Closure {
  constructor(
    readonly code: Code<Plain>,
    readonly captured: readonly Plain[],
  ) {}
}
class Cell {
  constructor(public value: Plain) {}
}
class Primitive {
  constructor(readonly index: number) {}
}
class Condition {
  constructor(
    readonly message: string,
    readonly irritants: Plain,
  ) {}
}
class Box {
  readonly ref: WeakRef<object>;
  constructor(value: object) {
    this.ref = new WeakRef(value);
  }
}
/** The empty list and the unspecified value, each the only one of its type. */
class Single {
  constructor(readonly type: TypeName) {}
}

export type Plain =
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Real
  | Sym
  | Pair
  | Closure
  | Cell
  | Primitive
  | Condition
  | Box
  | Single
  | Plain[]
  | Map<Plain, Plain>;

const INT_MAX = 2n ** 63n - 1n;

/** The world of JavaScript's own values, which its collector keeps: what the heap is measured against. */
export class PlainWorld implements World<Plain> {
  readonly empty = new Single("empty list");
  readonly unspecified = new Single("unspecified");
  readonly true = true;
  readonly false = false;
  readonly absent = undefined;
  readonly slots: number;
  height = 0;
  readonly #stack: Plain[];
  readonly #symbols = new Map<string, Sym>();

  constructor(slots: number) {
    this.slots = slots;
    this.#stack = new Array<Plain>(slots).fill(undefined);
  }

  dispose(): void {
    this.#stack.fill(undefined);
    this.#symbols.clear();
  }

  // ---- the stack ----

  at(slot: number): Plain {
    return this.#stack[slot];
  }

  put(slot: number, value: Plain): void {
    this.#stack[slot] = value;
  }

  push(value: Plain): void {
    this.#stack[this.height++] = value;
  }

  // ---- kinds and identity ----

  typeOf(value: Plain): TypeName {
    switch (typeof value) {
      case "boolean":
        return "boolean";
      case "number":
      case "bigint":
        return "integer";
      case "string":
        return "string";
    }
    if (value instanceof Pair) return "pair";
    if (value instanceof Sym) return "symbol";
    if (value instanceof Closure) return "closure";
    if (value instanceof Single) return value.type;
    if (value instanceof Real) return "real";
    if (value instanceof Map) return "hash table";
    if (Array.isArray(value)) return "vector";
    if (value instanceof Primitive) return "primitive";
    if (value instanceof Condition) return "error object";
    return value instanceof Box ? "weak box" : "internal";
  }

  isTrue(value: Plain): boolean {
    return value !== false;
  }

  isPair(value: Plain): boolean {
    return value instanceof Pair;
  }

  isSymbol(value: Plain): boolean {
    return value instanceof Sym;
  }

  isSame(a: Plain, b: Plain): boolean {
    return a === b || (a instanceof Real && b instanceof Real && a.value === b.value);
  }

  // ---- numbers ----

  areSmall(a: Plain, b: Plain): boolean {
    return typeof a === "number" && typeof b === "number";
  }

  small(value: Plain): number {
    return value as number;
  }

  immediate(value: number): Plain {
    return Number.isSafeInteger(value) ? value + 0 : undefined;
  }

  int(value: number | bigint): Plain {
    if (typeof value === "number") return value;
    if (value > INT_MAX || value < -INT_MAX - 1n) throw new RangeError("out of 64 bits");
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  intValue(value: Plain): number | bigint {
    return value as number | bigint;
  }

  float(value: number): Plain {
    return new Real(value);
  }

  floatValue(value: Plain): number {
    return (value as Real).value;
  }

  // ---- texts ----

  string(text: string): Plain {
    return text;
  }

  text(string: Plain): string {
    return string as string;
  }

  stringLength(string: Plain): number {
    return (string as string).length;
  }

  isSameText(a: Plain, b: Plain): boolean {
    return a === b;
  }

  concatenate(from: number, count: number): Plain {
    let text = "";
    for (let i = 0; i < count; i++) text += this.#stack[from + i] as string;
    return text;
  }

  substring(string: Plain, from: number, to: number): Plain {
    return (string as string).slice(from, to);
  }

  symbol(name: string): Plain {
    let symbol = this.#symbols.get(name);
    if (symbol === undefined) this.#symbols.set(name, (symbol = new Sym(name)));
    return symbol;
  }

  symbolName(symbol: Plain): string {
    return (symbol as Sym).name;
  }

  global(symbol: Plain): Plain {
    return (symbol as Sym).value;
  }

  setGlobal(symbol: Plain, value: Plain): void {
    (symbol as Sym).value = value;
  }

  // ---- containers ----

  cons(car: Plain, cdr: Plain): Plain {
    return new Pair(car, cdr);
  }

  car(pair: Plain): Plain {
    return (pair as Pair).car;
  }

  cdr(pair: Plain): Plain {
    return (pair as Pair).cdr;
  }

  setCar(pair: Plain, value: Plain): void {
    (pair as Pair).car = value;
  }

  setCdr(pair: Plain, value: Plain): void {
    (pair as Pair).cdr = value;
  }

  vector(from: number, count: number): Plain {
    return this.#stack.slice(from, from + count);
  }

  makeVector(length: number, fill: Plain): Plain {
    return new Array<Plain>(length).fill(fill);
  }

  vectorLength(vector: Plain): number {
    return (vector as Plain[]).length;
  }

  vectorRef(vector: Plain, index: number): Plain {
    return (vector as Plain[])[index];
  }

  vectorSet(vector: Plain, index: number, value: Plain): void {
    (vector as Plain[])[index] = value;
  }

  vectorPush(vector: Plain, value: Plain): void {
    (vector as Plain[]).push(value);
  }

  vectorPop(vector: Plain): Plain {
    return (vector as Plain[]).pop();
  }

  table(): Plain {
    return new Map<Plain, Plain>();
  }

  tableRef(table: Plain, key: Plain): Plain {
    return (table as Map<Plain, Plain>).get(keyOf(key));
  }

  tableSet(table: Plain, key: Plain, value: Plain): void {
    (table as Map<Plain, Plain>).set(keyOf(key), value);
  }

  tableDelete(table: Plain, key: Plain): boolean {
    return (table as Map<Plain, Plain>).delete(keyOf(key));
  }

  tableSize(table: Plain): number {
    return (table as Map<Plain, Plain>).size;
  }

  tableKeys(table: Plain): Plain[] {
    return [...(table as Map<Plain, Plain>).keys()].map((key) =>
      typeof key === "number" && !Number.isSafeInteger(key) ? new Real(key) : key,
    );
  }

  condition(message: string, irritants: Plain): Plain {
    return new Condition(message, irritants);
  }

  conditionMessage(condition: Plain): Plain {
    return (condition as Condition).message;
  }

  irritants(condition: Plain): Plain {
    return (condition as Condition).irritants;
  }

  weakBox(value: Plain): Plain {
    if (!(value instanceof Pair || value instanceof Closure)) throw new TypeError("no weak box of this");
    return new Box(value);
  }

  weakBoxValue(box: Plain): Plain {
    return (box as Box).ref.deref() as Plain;
  }

  // ---- procedures ----

  unit(): Plain {
    return this.unspecified;
  }

  closure(code: Code<Plain>, _unit: Plain, from: number, count: number): Plain {
    return new Closure(code, this.#stack.slice(from, from + count));
  }

  codeOf(value: Plain): Code<Plain> | undefined {
    return value instanceof Closure ? value.code : undefined;
  }

  captured(closure: Plain, index: number): Plain {
    return (closure as Closure).captured[index];
  }

  cell(value: Plain): Plain {
    return new Cell(value);
  }

  cellValue(cell: Plain): Plain {
    return (cell as Cell).value;
  }

  setCell(cell: Plain, value: Plain): void {
    (cell as Cell).value = value;
  }

  primitive(index: number): Plain {
    return new Primitive(index);
  }

  primitiveIndex(primitive: Plain): number {
    return (primitive as Primitive).index;
  }

  // ---- the whole ----

  /** JavaScript's collector does it, some time; what lies above the height is overwritten some time. */
  reclaim(): void {}

  gc(): number {
    return 0;
  }

  faultOf(error: unknown): "out of range" | "wrong type of argument" | undefined {
    if (error instanceof RangeError && /64 bits/.test(error.message)) return "out of range";
    return error instanceof TypeError && /weak box/.test(error.message)
      ? "wrong type of argument"
      : undefined;
  }
}

/** Numbers that are equal are one key, exact or not. */
function keyOf(value: Plain): Plain {
  return value instanceof Real ? value.value : value;
}
