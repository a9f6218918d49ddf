import { HeapError, Kind, type Field, type Heap, type Ptr, type ValueStack, type Views } from "tallyheap";
import type { Code } from "./code.js";
import { defineTypes, typeNames, type Types } from "./types.js";
import type { TypeName, World } from "./world.js";

const NULL = 0 as Ptr;
/** So many items are added to a long vector at a time: who asks for too many is told so before JavaScript has as many. */
const PART = 4096;

/** The world in a heap: values are pointers, and the stack is one of the heap's, which is not counted. */
export class HeapWorld implements World<Ptr> {
  readonly heap: Heap;
  readonly empty: Ptr;
  readonly unspecified: Ptr;
  readonly true: Ptr;
  readonly false: Ptr;
  readonly absent = NULL;
  readonly slots: number;
  readonly #types: Types;
  readonly #names: readonly TypeName[];
  /** name → symbol, each owned: the one table that lives in JavaScript, as nothing in the language can see it. */
  readonly #symbols = new Map<string, Ptr>();
  readonly #primitives: Ptr[] = [];
  /** Code by the numbers in closures; what a unit has compiled goes with it. */
  readonly #codes: (Code<Ptr> | undefined)[] = [];
  readonly #numbers = new Map<Code<Ptr>, number>();
  readonly #codesOfUnit = new Map<number, Code<Ptr>[]>();
  #units = 0;
  readonly #stack: ValueStack;
  readonly #views: Views;
  /** Whether small ints are tagged. */
  readonly #isTagging: boolean;
  /** Where things lie, in words: what is read most is read from the memory itself. */
  readonly #first: number;
  readonly #height: number;
  readonly #pair: number;
  readonly #symbol: number;
  readonly #closure: number;
  readonly #car: number;
  readonly #cdr: number;
  readonly #global: number;
  readonly #cell: number;
  readonly #unit: number;
  readonly #code: number;
  readonly #captured: number;

  constructor(heap: Heap, slots: number) {
    this.heap = heap;
    this.slots = slots;
    this.#types = defineTypes(heap, (unit) => this.#forget(unit));
    this.#names = typeNames(this.#types);
    this.empty = heap.tuple([]);
    this.unspecified = heap.none;
    this.true = heap.true;
    this.false = heap.false;
    this.#isTagging = (heap.int(0) & 1) === 1;
    this.#stack = heap.stack({ slots });
    this.#views = heap.views;
    this.#first = this.#stack.firstIndex;
    this.#height = this.#stack.lengthIndex;
    const { pair, symbol, closure, cell } = this.#types;
    const word = (field: Field): number => heap.fieldOffset(field) >>> 2;
    this.#pair = pair.id;
    this.#symbol = symbol.id;
    this.#closure = closure.id;
    this.#car = word(pair.fields.car);
    this.#cdr = word(pair.fields.cdr);
    this.#global = word(symbol.fields.value);
    this.#cell = word(cell.fields.value);
    this.#unit = word(closure.fields.unit);
    this.#code = word(closure.fields.code);
    this.#captured = closure.size >>> 2;
  }

  dispose(): void {
    const { heap } = this;
    this.height = 0;
    // What is defined may hold the symbols.
    for (const symbol of this.#symbols.values()) heap.setRef(symbol, this.#types.symbol.fields.value, null);
    heap.releaseRange([...this.#symbols.values(), ...this.#primitives]);
    // Closures and the cells of those they know hold each other.
    heap.gc();
    this.#stack.dispose();
  }

  // ---- the stack ----

  get height(): number {
    return this.#views.u32[this.#height]!;
  }

  set height(height: number) {
    this.#views.u32[this.#height] = height;
  }

  at(slot: number): Ptr {
    return this.#views.u32[this.#first + slot]! as Ptr;
  }

  put(slot: number, value: Ptr): void {
    this.#views.u32[this.#first + slot] = value;
  }

  push(value: Ptr): void {
    const { height } = this;
    this.put(height, value);
    this.height = height + 1;
  }

  /** Gives up the reference to what was just made, which must lie on the stack as long as that takes: borrowed from now on. */
  #lend(object: Ptr): Ptr {
    const { height } = this;
    this.put(height, object);
    this.height = height + 1;
    this.heap.decref(object);
    this.height = height;
    return object;
  }

  // ---- kinds and identity ----

  typeOf(value: Ptr): TypeName {
    return this.#names[this.heap.kindOf(value)] ?? "internal";
  }

  isTrue(value: Ptr): boolean {
    return value !== this.false;
  }

  isPair(value: Ptr): boolean {
    return this.heap.kindOf(value) === this.#pair;
  }

  isSymbol(value: Ptr): boolean {
    return this.heap.kindOf(value) === this.#symbol;
  }

  isSame(a: Ptr, b: Ptr): boolean {
    if (a === b) return true;
    const { heap } = this;
    const kind = heap.kindOf(a);
    if (kind !== heap.kindOf(b)) return false;
    if (kind === Kind.int) return heap.intValue<number | bigint>(a) === heap.intValue<number | bigint>(b);
    return kind === Kind.float && heap.floatValue(a) === heap.floatValue(b);
  }

  // ---- numbers ----

  areSmall(a: Ptr, b: Ptr): boolean {
    return (a & b & 1) === 1 || (!this.#isTagging && this.#isSafe(a) && this.#isSafe(b));
  }

  #isSafe(value: Ptr): boolean {
    const { heap } = this;
    return heap.kindOf(value) === Kind.int && typeof heap.intValue<number | bigint>(value) === "number";
  }

  small(value: Ptr): number {
    return (value & 1) === 1 ? value >> 1 : this.heap.intValue(value);
  }

  immediate(value: number): Ptr {
    // 2 · value + 1, if that has 32 bits.
    return this.#isTagging && (value << 1) >> 1 === value ? ((((value << 1) | 1) >>> 0) as Ptr) : NULL;
  }

  int(value: number | bigint): Ptr {
    const int = this.heap.int(value);
    return (int & 1) === 1 ? int : this.#lend(int);
  }

  intValue(value: Ptr): number | bigint {
    return this.heap.intValue<number | bigint>(value);
  }

  float(value: number): Ptr {
    return this.#lend(this.heap.float(value));
  }

  floatValue(value: Ptr): number {
    return this.heap.floatValue(value);
  }

  // ---- texts ----

  string(text: string): Ptr {
    return this.#lend(this.heap.str(text));
  }

  text(string: Ptr): string {
    return this.heap.strs.toJS(string);
  }

  stringLength(string: Ptr): number {
    return this.heap.strs.length(string);
  }

  isSameText(a: Ptr, b: Ptr): boolean {
    return this.heap.strs.equals(a, b);
  }

  concatenate(from: number, count: number): Ptr {
    return this.#lend(this.heap.strs.concat(...this.#slice(from, count)));
  }

  substring(string: Ptr, from: number, to: number): Ptr {
    return this.#lend(this.heap.strs.slice(string, from, to));
  }

  symbol(name: string): Ptr {
    const known = this.#symbols.get(name);
    if (known !== undefined) return known;
    const { heap } = this;
    const { symbol } = this.#types;
    const made = heap.alloc(symbol);
    try {
      heap.stealRef(made, symbol.fields.name, heap.str(name));
    } catch (error) {
      heap.decref(made);
      throw error;
    }
    this.#symbols.set(name, made);
    return made;
  }

  symbolName(symbol: Ptr): string {
    return this.heap.strs.toJS(this.heap.getRef(symbol, this.#types.symbol.fields.name));
  }

  global(symbol: Ptr): Ptr {
    return this.#views.u32[(symbol >>> 2) + this.#global]! as Ptr;
  }

  setGlobal(symbol: Ptr, value: Ptr): void {
    this.heap.setRef(symbol, this.#types.symbol.fields.value, value);
  }

  // ---- containers ----

  cons(car: Ptr, cdr: Ptr): Ptr {
    const { heap } = this;
    const { pair } = this.#types;
    const object = heap.alloc(pair);
    heap.setRef(object, pair.fields.car, car);
    heap.setRef(object, pair.fields.cdr, cdr);
    return this.#lend(object);
  }

  car(pair: Ptr): Ptr {
    return this.#views.u32[(pair >>> 2) + this.#car]! as Ptr;
  }

  cdr(pair: Ptr): Ptr {
    return this.#views.u32[(pair >>> 2) + this.#cdr]! as Ptr;
  }

  setCar(pair: Ptr, value: Ptr): void {
    this.heap.setRef(pair, this.#types.pair.fields.car, value);
  }

  setCdr(pair: Ptr, value: Ptr): void {
    this.heap.setRef(pair, this.#types.pair.fields.cdr, value);
  }

  vector(from: number, count: number): Ptr {
    return this.#lend(this.heap.list(this.#slice(from, count)));
  }

  makeVector(length: number, fill: Ptr): Ptr {
    const { heap } = this;
    const list = this.#lend(heap.list());
    this.push(list);
    const part = new Array<Ptr>(Math.min(length, PART)).fill(fill);
    let left = length;
    for (; left >= PART; left -= PART) heap.lists.extend(list, part);
    heap.lists.extend(list, part.slice(0, left));
    this.height--;
    return list;
  }

  vectorLength(vector: Ptr): number {
    return this.heap.lists.length(vector);
  }

  vectorRef(vector: Ptr, index: number): Ptr {
    return this.heap.lists.get(vector, index);
  }

  vectorSet(vector: Ptr, index: number, value: Ptr): void {
    this.heap.lists.set(vector, index, value);
  }

  vectorPush(vector: Ptr, value: Ptr): void {
    this.heap.lists.append(vector, value);
  }

  vectorPop(vector: Ptr): Ptr {
    return this.#lend(this.heap.lists.pop(vector));
  }

  table(): Ptr {
    return this.#lend(this.heap.dict());
  }

  tableRef(table: Ptr, key: Ptr): Ptr {
    return this.heap.dicts.get(table, key);
  }

  tableSet(table: Ptr, key: Ptr, value: Ptr): void {
    this.heap.dicts.set(table, key, value);
  }

  tableDelete(table: Ptr, key: Ptr): boolean {
    return this.heap.dicts.delete(table, key);
  }

  tableSize(table: Ptr): number {
    return this.heap.dicts.size(table);
  }

  tableKeys(table: Ptr): Ptr[] {
    return [...this.heap.dicts.keys(table)];
  }

  condition(message: string, irritants: Ptr): Ptr {
    const { heap } = this;
    const { condition } = this.#types;
    const object = this.#lend(heap.alloc(condition));
    this.push(object);
    heap.setRef(object, condition.fields.irritants, irritants);
    heap.stealRef(object, condition.fields.message, heap.str(message));
    this.height--;
    return object;
  }

  conditionMessage(condition: Ptr): Ptr {
    return this.heap.getRef(condition, this.#types.condition.fields.message);
  }

  irritants(condition: Ptr): Ptr {
    return this.heap.getRef(condition, this.#types.condition.fields.irritants);
  }

  weakBox(value: Ptr): Ptr {
    return this.#lend(this.heap.weakref(value));
  }

  weakBoxValue(box: Ptr): Ptr {
    // What nothing holds any more may be waiting for its death.
    this.reclaim();
    const value = this.heap.deref(box);
    return value === NULL ? NULL : this.#lend(value);
  }

  // ---- procedures ----

  unit(source: Ptr): Ptr {
    const { heap } = this;
    const { unit } = this.#types;
    const object = heap.alloc(unit);
    heap.setRef(object, unit.fields.source, source);
    const number = this.#units++;
    heap.setI32(object, unit.fields.number, number);
    this.#codesOfUnit.set(number, []);
    return this.#lend(object);
  }

  closure(code: Code<Ptr>, unit: Ptr, from: number, count: number): Ptr {
    const { heap } = this;
    const object = heap.alloc(this.#types.closure, count);
    const { u32 } = this.#views;
    const word = object >>> 2;
    u32[word + this.#code] = this.#numbers.get(code) ?? this.#enter(code, unit);
    heap.incref(unit);
    u32[word + this.#unit] = unit;
    for (let i = 0; i < count; i++) {
      const value = u32[this.#first + from + i]! as Ptr;
      if ((value & 1) === 0) heap.incref(value);
      u32[word + this.#captured + i] = value;
    }
    return this.#lend(object);
  }

  codeOf(value: Ptr): Code<Ptr> | undefined {
    if (this.heap.kindOf(value) !== this.#closure) return undefined;
    return this.#codes[this.#views.u32[(value >>> 2) + this.#code]!];
  }

  captured(closure: Ptr, index: number): Ptr {
    return this.#views.u32[(closure >>> 2) + this.#captured + index]! as Ptr;
  }

  /** A number for new code; the unit answers for it. */
  #enter(code: Code<Ptr>, unit: Ptr): number {
    const number = this.#codes.length;
    this.#codes.push(code);
    this.#numbers.set(code, number);
    this.#codesOfUnit.get(this.#unitNumber(unit))!.push(code);
    return number;
  }

  #forget(unit: Ptr): void {
    const number = this.#unitNumber(unit);
    for (const code of this.#codesOfUnit.get(number) ?? []) {
      this.#codes[this.#numbers.get(code)!] = undefined;
      this.#numbers.delete(code);
    }
    this.#codesOfUnit.delete(number);
  }

  #unitNumber(unit: Ptr): number {
    return this.heap.getI32(unit, this.#types.unit.fields.number);
  }

  cell(value: Ptr): Ptr {
    const { heap } = this;
    const { cell } = this.#types;
    const object = heap.alloc(cell);
    heap.setRef(object, cell.fields.value, value);
    return this.#lend(object);
  }

  cellValue(cell: Ptr): Ptr {
    return this.#views.u32[(cell >>> 2) + this.#cell]! as Ptr;
  }

  setCell(cell: Ptr, value: Ptr): void {
    this.heap.setRef(cell, this.#types.cell.fields.value, value);
  }

  primitive(index: number): Ptr {
    const { heap } = this;
    const { primitive } = this.#types;
    const object = heap.alloc(primitive);
    heap.setI32(object, primitive.fields.index, index);
    this.#primitives.push(object);
    return object;
  }

  primitiveIndex(primitive: Ptr): number {
    return this.heap.getI32(primitive, this.#types.primitive.fields.index);
  }

  // ---- the whole ----

  reclaim(): void {
    this.heap.reclaim();
  }

  gc(): number {
    return this.heap.gc();
  }

  faultOf(error: unknown): "out of memory" | "out of range" | "wrong type of argument" | undefined {
    if (!(error instanceof HeapError)) return undefined;
    if (error.code === "ERR_HEAP_OOM") return "out of memory";
    if (error.code === "ERR_HEAP_RANGE") return "out of range";
    return error.code === "ERR_HEAP_TYPE" ? "wrong type of argument" : undefined;
  }

  #slice(from: number, count: number): Ptr[] {
    const values: Ptr[] = [];
    for (let i = 0; i < count; i++) values.push(this.at(from + i));
    return values;
  }
}
