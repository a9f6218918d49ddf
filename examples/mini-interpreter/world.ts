import type { Field, Heap, Ptr, Views } from "tallyheap";
import { FORMS, Misuse, defineTypes, type Types } from "./types.js";

const NULL = 0 as Ptr;

/** The heap with the types of the language, its symbols, and the references that code on its way owns. */
export class World {
  readonly heap: Heap;
  readonly types: Types;
  /** The empty list: the empty tuple, immortal and shared. */
  readonly empty: Ptr;
  /** dict: name → symbol. */
  readonly #symbols: Ptr;
  /** Where fields lie, in words: what is read most is read from the memory itself. */
  readonly #at: {
    readonly [K in "car" | "cdr" | "outer" | "variables" | "symbol" | "value" | "next"]: number;
  };
  readonly #global: number;
  readonly #views: Views;
  readonly #pair: number;
  readonly #symbol: number;
  /** References owned by calls that are running, innermost last. */
  readonly #temporaries: Ptr[] = [];

  constructor(heap: Heap) {
    this.heap = heap;
    this.#views = heap.views;
    this.types = defineTypes(heap);
    const { pair, frame, variable, symbol } = this.types;
    const word = (field: Field): number => heap.fieldOffset(field) >>> 2;
    this.#at = {
      car: word(pair.fields.car),
      cdr: word(pair.fields.cdr),
      outer: word(frame.fields.outer),
      variables: word(frame.fields.variables),
      symbol: word(variable.fields.symbol),
      value: word(variable.fields.value),
      next: word(variable.fields.next),
    };
    this.#global = word(symbol.fields.value);
    this.#pair = pair.id;
    this.#symbol = symbol.id;
    this.empty = heap.tuple([]);
    this.#symbols = heap.dict();
    FORMS.forEach((name, form) => {
      if (name !== "") heap.setI32(this.symbol(name), this.types.symbol.fields.form, form);
    });
  }

  dispose(): void {
    this.releaseTo(0);
    // What is defined may hold the symbols.
    for (const [, symbol] of this.heap.dicts.entries(this.#symbols))
      this.heap.setRef(symbol, this.types.symbol.fields.value, null);
    this.heap.decref(this.#symbols);
  }

  // ---- temporaries ----

  /** Where the temporaries end now: hand it to `releaseTo`. */
  mark(): number {
    return this.#temporaries.length;
  }

  /** Steals a new reference, to be released by whoever took the mark before; the pointer is borrowed from now on. */
  keep(reference: Ptr): Ptr {
    this.#temporaries.push(reference);
    return reference;
  }

  /** Releases what was kept since the mark. */
  releaseTo(mark: number): void {
    while (this.#temporaries.length > mark) this.heap.decref(this.#temporaries.pop()!);
  }

  /** A new reference to a borrowed object. */
  own(object: Ptr): Ptr {
    this.heap.incref(object);
    return object;
  }

  // ---- values ----

  typeName(value: Ptr): string {
    return this.heap.typeOf(value).name;
  }

  isPair(value: Ptr): boolean {
    return this.heap.kindOf(value) === this.#pair;
  }

  isSymbol(value: Ptr): boolean {
    return this.heap.kindOf(value) === this.#symbol;
  }

  isTrue(value: Ptr): boolean {
    return value !== this.heap.false;
  }

  /** A new reference, as all truths are. */
  boolean(value: boolean): Ptr {
    return this.own(value ? this.heap.true : this.heap.false);
  }

  /** The symbol of this name, borrowed: the table of symbols owns it. */
  symbol(name: string): Ptr {
    const { heap, types } = this;
    const mark = this.mark();
    try {
      const key = this.keep(heap.intern(name));
      const known = heap.dicts.get(this.#symbols, key);
      if (known) return known;
      const symbol = this.keep(heap.alloc(types.symbol));
      heap.setRef(symbol, types.symbol.fields.name, key);
      heap.dicts.set(this.#symbols, key, symbol);
      return symbol;
    } finally {
      this.releaseTo(mark);
    }
  }

  symbolName(symbol: Ptr): string {
    return this.heap.strs.toJS(this.heap.getRef(symbol, this.types.symbol.fields.name));
  }

  /** A new pair. */
  cons(car: Ptr, cdr: Ptr): Ptr {
    const { heap } = this;
    const { pair } = this.types;
    const object = heap.alloc(pair);
    heap.setRef(object, pair.fields.car, car);
    heap.setRef(object, pair.fields.cdr, cdr);
    return object;
  }

  /** Borrowed. */
  car(value: Ptr): Ptr {
    if (!this.isPair(value)) throw new Misuse("car: not a pair", [this.typeName(value)]);
    return this.#views.u32[(value >>> 2) + this.#at.car]! as Ptr;
  }

  /** Borrowed. */
  cdr(value: Ptr): Ptr {
    if (!this.isPair(value)) throw new Misuse("cdr: not a pair", [this.typeName(value)]);
    return this.#views.u32[(value >>> 2) + this.#at.cdr]! as Ptr;
  }

  /** The elements of a proper list, borrowed from it. */
  elements(list: Ptr): Ptr[] {
    const found: Ptr[] = [];
    let rest = list;
    for (; this.isPair(rest); rest = this.cdr(rest)) found.push(this.car(rest));
    if (rest !== this.empty) throw new Misuse("not a proper list");
    return found;
  }

  /** A new list. */
  list(values: readonly Ptr[], tail: Ptr = this.empty): Ptr {
    let list = this.own(tail);
    for (let i = values.length - 1; i >= 0; i--) {
      const mark = this.mark();
      this.keep(list);
      list = this.cons(values[i]!, list);
      this.releaseTo(mark);
    }
    return list;
  }

  /** A new condition, as `error` makes it; `irritants` is a borrowed list. */
  condition(message: string, irritants: Ptr): Ptr {
    const { heap } = this;
    const { condition } = this.types;
    const mark = this.mark();
    try {
      const text = this.keep(heap.str(message));
      const object = heap.alloc(condition);
      heap.setRef(object, condition.fields.message, text);
      heap.setRef(object, condition.fields.irritants, irritants);
      return object;
    } finally {
      this.releaseTo(mark);
    }
  }

  // ---- frames ----

  /** A new frame. */
  frame(outer: Ptr): Ptr {
    const { heap } = this;
    const { frame } = this.types;
    const object = heap.alloc(frame);
    heap.setRef(object, frame.fields.outer, outer);
    return object;
  }

  /** Outside of all procedures the symbol has the value, else the frame gets a variable, unless it has one. */
  define(frame: Ptr, symbol: Ptr, value: Ptr): void {
    const { heap, types } = this;
    if (heap.getRef(frame, types.frame.fields.outer) === NULL) {
      heap.setRef(symbol, types.symbol.fields.value, value);
      return;
    }
    const known = this.#find(frame, symbol);
    if (known !== NULL) {
      heap.setRef(known, types.variable.fields.value, value);
      return;
    }
    const { variable } = types;
    const made = heap.alloc(variable);
    heap.setRef(made, variable.fields.symbol, symbol);
    heap.setRef(made, variable.fields.value, value);
    heap.setRef(made, variable.fields.next, heap.getRef(frame, types.frame.fields.variables));
    heap.stealRef(frame, types.frame.fields.variables, made);
  }

  /** Borrowed from the frame. */
  lookUp(frame: Ptr, symbol: Ptr): Ptr {
    const { u32 } = this.#views;
    for (let at = frame; at !== NULL; at = u32[(at >>> 2) + this.#at.outer]! as Ptr) {
      const variable = this.#find(at, symbol);
      if (variable !== NULL) return u32[(variable >>> 2) + this.#at.value]! as Ptr;
    }
    const value = u32[(symbol >>> 2) + this.#global]! as Ptr;
    if (value !== NULL) return value;
    throw new Misuse(`unbound variable: ${this.symbolName(symbol)}`);
  }

  /** The value that a symbol has outside of all procedures, borrowed; or null. */
  global(symbol: Ptr): Ptr {
    return this.heap.getRef(symbol, this.types.symbol.fields.value);
  }

  assign(frame: Ptr, symbol: Ptr, value: Ptr): void {
    const { heap, types } = this;
    for (let at = frame; at !== NULL; at = heap.getRef(at, types.frame.fields.outer)) {
      const variable = this.#find(at, symbol);
      if (variable === NULL) continue;
      heap.setRef(variable, types.variable.fields.value, value);
      return;
    }
    if (heap.getRef(symbol, types.symbol.fields.value) === NULL)
      throw new Misuse(`unbound variable: ${this.symbolName(symbol)}`);
    heap.setRef(symbol, types.symbol.fields.value, value);
  }

  /** The variable of one frame, or null. */
  #find(frame: Ptr, symbol: Ptr): Ptr {
    const { u32 } = this.#views;
    const at = this.#at;
    let variable = u32[(frame >>> 2) + at.variables]!;
    while (variable !== 0 && u32[(variable >>> 2) + at.symbol] !== symbol)
      variable = u32[(variable >>> 2) + at.next]!;
    return variable as Ptr;
  }
}
