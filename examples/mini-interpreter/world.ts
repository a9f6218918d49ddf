import { Misuse } from "./errors.js";
import type { Code } from "./code.js";

/** The types of the language. */
export type TypeName =
  | "unspecified"
  | "boolean"
  | "integer"
  | "real"
  | "string"
  | "symbol"
  | "empty list"
  | "pair"
  | "vector"
  | "hash table"
  | "closure"
  | "primitive"
  | "error object"
  | "weak box"
  | "internal";

/**
 * The values of the language, as everything above sees them: where they live is the world's business. `HeapWorld` keeps them in
 * a heap, and a value is a pointer; `PlainWorld` has JavaScript's own.
 *
 * **Who holds what.** Variables and operands lie on the world's stack. Values are borrowed, arguments and results alike: a
 * value that was just made is held by nothing, and good until something is made or released. Whoever wants it longer puts
 * it on the stack, and says how high the stack is (`height`) before anything that makes or releases: what lies below is held.
 */
export interface World<V> {
  readonly empty: V;
  readonly unspecified: V;
  readonly true: V;
  readonly false: V;
  /** No value at all: of a variable without one, of a call that is still to be made. */
  readonly absent: V;

  // ---- the stack ----

  /** How many values there is room for. */
  readonly slots: number;
  height: number;
  at(slot: number): V;
  /** Makes and releases nothing; may be above the height. */
  put(slot: number, value: V): void;
  /** Puts a value on top. */
  push(value: V): void;

  // ---- kinds and identity ----

  typeOf(value: V): TypeName;
  isTrue(value: V): boolean;
  isPair(value: V): boolean;
  isSymbol(value: V): boolean;
  /** eqv?: the same object, or the same number. */
  isSame(a: V, b: V): boolean;

  // ---- numbers ----

  /** Whether both are integers that `small` reads. */
  areSmall(a: V, b: V): boolean;
  small(value: V): number;
  /** The integer of this value, if it is one and nothing is made for it; else absent. */
  immediate(value: number): V;
  /** Refuses what has more than 64 bits. */
  int(value: number | bigint): V;
  intValue(value: V): number | bigint;
  float(value: number): V;
  floatValue(value: V): number;

  // ---- texts ----

  string(text: string): V;
  text(string: V): string;
  stringLength(string: V): number;
  isSameText(a: V, b: V): boolean;
  /** A new string of strings on the stack, one after the other. */
  concatenate(from: number, count: number): V;
  substring(string: V, from: number, to: number): V;
  /** The symbol of this name; symbols live as long as the world. */
  symbol(name: string): V;
  symbolName(symbol: V): string;
  /** The value that a symbol has outside of all procedures, or absent. */
  global(symbol: V): V;
  setGlobal(symbol: V, value: V): void;

  // ---- containers ----

  cons(car: V, cdr: V): V;
  /** These four of pairs only. */
  car(pair: V): V;
  cdr(pair: V): V;
  setCar(pair: V, value: V): void;
  setCdr(pair: V, value: V): void;
  /** Of the values on the stack from a slot on. */
  vector(from: number, count: number): V;
  makeVector(length: number, fill: V): V;
  vectorLength(vector: V): number;
  vectorRef(vector: V, index: number): V;
  vectorSet(vector: V, index: number, value: V): void;
  vectorPush(vector: V, value: V): void;
  vectorPop(vector: V): V;
  table(): V;
  /** The value under a key, or absent. */
  tableRef(table: V, key: V): V;
  tableSet(table: V, key: V, value: V): void;
  tableDelete(table: V, key: V): boolean;
  tableSize(table: V): number;
  tableKeys(table: V): V[];
  condition(message: string, irritants: V): V;
  conditionMessage(condition: V): V;
  irritants(condition: V): V;
  weakBox(value: V): V;
  /** What a weak box has, or absent once nothing else holds it. */
  weakBoxValue(box: V): V;

  // ---- procedures ----

  /** What holds an expression whose parts compiled code uses, for as long as there are closures of it. */
  unit(source: V): V;
  /** A closure over the values on the stack from a slot on. */
  closure(code: Code<V>, unit: V, from: number, count: number): V;
  /** The code of a closure; undefined of anything else. */
  codeOf(value: V): Code<V> | undefined;
  captured(closure: V, index: number): V;
  /** A variable of its own, for one that closures share and somebody sets. */
  cell(value: V): V;
  cellValue(cell: V): V;
  setCell(cell: V, value: V): void;
  primitive(index: number): V;
  primitiveIndex(primitive: V): number;

  // ---- the whole ----

  /** Lets die what nothing holds. */
  reclaim(): void;
  /** Lets die what only cycles hold; how many objects that were. */
  gc(): number;
  /** What an error says about the program, if it comes from the world. */
  faultOf(error: unknown): "out of memory" | "out of range" | "wrong type of argument" | undefined;
  dispose(): void;
}

/** The elements of a proper list. */
export function elements<V>(world: World<V>, list: V): V[] {
  const found: V[] = [];
  let rest = list;
  for (; world.isPair(rest); rest = world.cdr(rest)) found.push(world.car(rest));
  if (rest !== world.empty) throw new Misuse("not a proper list");
  return found;
}
