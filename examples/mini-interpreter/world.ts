import type { Heap, Ptr } from "tallyheap";
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
  /** References owned by calls that are running, innermost last. */
  readonly #temporaries: Ptr[] = [];

  constructor(heap: Heap) {
    this.heap = heap;
    this.types = defineTypes(heap);
    this.empty = heap.tuple([]);
    this.#symbols = heap.dict();
    FORMS.forEach((name, form) => {
      if (name !== "") heap.setI32(this.symbol(name), this.types.symbol.fields.form, form);
    });
  }

  dispose(): void {
    this.releaseTo(0);
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
    return this.heap.typeOf(value) === this.types.pair;
  }

  isSymbol(value: Ptr): boolean {
    return this.heap.typeOf(value) === this.types.symbol;
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
    return this.heap.getRef(value, this.types.pair.fields.car);
  }

  /** Borrowed. */
  cdr(value: Ptr): Ptr {
    if (!this.isPair(value)) throw new Misuse("cdr: not a pair", [this.typeName(value)]);
    return this.heap.getRef(value, this.types.pair.fields.cdr);
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
    const names = heap.dict();
    const mark = this.mark();
    try {
      this.keep(names);
      const object = heap.alloc(frame);
      heap.setRef(object, frame.fields.names, names);
      heap.setRef(object, frame.fields.outer, outer);
      return object;
    } finally {
      this.releaseTo(mark);
    }
  }

  define(frame: Ptr, symbol: Ptr, value: Ptr): void {
    this.heap.dicts.set(this.heap.getRef(frame, this.types.frame.fields.names), symbol, value);
  }

  /** Borrowed from the frame. */
  lookUp(frame: Ptr, symbol: Ptr): Ptr {
    const { heap } = this;
    const { names, outer } = this.types.frame.fields;
    for (let at = frame; at !== NULL; at = heap.getRef(at, outer)) {
      const value = heap.dicts.get(heap.getRef(at, names), symbol);
      if (value) return value;
    }
    throw new Misuse(`unbound variable: ${this.symbolName(symbol)}`);
  }

  assign(frame: Ptr, symbol: Ptr, value: Ptr): void {
    const { heap } = this;
    const { names, outer } = this.types.frame.fields;
    for (let at = frame; at !== NULL; at = heap.getRef(at, outer)) {
      const dict = heap.getRef(at, names);
      if (!heap.dicts.has(dict, symbol)) continue;
      heap.dicts.set(dict, symbol, value);
      return;
    }
    throw new Misuse(`unbound variable: ${this.symbolName(symbol)}`);
  }
}
