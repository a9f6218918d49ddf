import type { Ptr } from "tallyheap";
import {
  COUNTED,
  FLOAT,
  INTEGER,
  NIL,
  SHORT_STRING,
  STRING,
  type LuaState,
  type TString,
  type TValue,
} from "./types.js";
import type { Values } from "./values.js";
import { TableEntries, WEAK_KEYS, WEAK_VALUES } from "./table-entries.js";
import { TableOrder } from "./table-order.js";

const NULL = 0 as Ptr;

/** What tables do that may fail in Lua's own way; of fengari's ldebug. */
export interface TableErrors {
  (L: LuaState, message: string): never;
}

/**
 * Lua's tables (fengari's ltable.js): a list for the keys 1 … n and a dict for the others. A value that was set to nil
 * keeps its place in the list, and leaves the dict.
 *
 * What stands there for keys and values: `TableEntries`; in which order `next` goes through them: `TableOrder`.
 */
export class Tables {
  readonly #values: Values;
  readonly #runError: TableErrors;
  readonly #entries: TableEntries;
  readonly #order: TableOrder;

  constructor(values: Values, runError: TableErrors) {
    this.#values = values;
    this.#runError = runError;
    this.#entries = new TableEntries(values);
    this.#order = new TableOrder(values, this.#entries);
  }

  /** A *new* table. */
  make(): Ptr {
    const { heap, types } = this.#values;
    const t = heap.alloc(types.table);
    // Nothing is in it, so no metamethod is.
    heap.setI32(t, types.table.fields.absent, ~0);
    return t;
  }

  // ---- fields of the record ----

  metatable(t: Ptr): Ptr {
    return this.#values.heap.getRef(t, this.#values.types.table.fields.metatable);
  }

  absent(t: Ptr): number {
    return this.#values.heap.getI32(t, this.#values.types.table.fields.absent);
  }

  setAbsent(t: Ptr, bits: number): void {
    this.#values.heap.setI32(t, this.#values.types.table.fields.absent, bits);
  }

  /** Stores a metatable, or 0, and makes the table as weak as its `__mode` says now. */
  setMetatable(t: Ptr, metatable: Ptr, mode: string): void {
    const { heap, types } = this.#values;
    heap.setRef(t, types.table.fields.metatable, metatable);
    const wanted = (mode.includes("k") ? WEAK_KEYS : 0) | (mode.includes("v") ? WEAK_VALUES : 0);
    if (wanted !== this.#entries.mode(t)) this.#changeMode(t, wanted);
  }

  // ---- reading ----

  get(t: Ptr, key: TValue): TValue {
    return this.#result(this.#find(t, key.type, key.value));
  }

  getInt(t: Ptr, index: number): TValue {
    return this.#result(this.#findInt(t, index));
  }

  getStr(t: Ptr, key: TString): TValue {
    const str = this.#values.strOf(key);
    try {
      return this.#result(this.#inHash(t, str));
    } finally {
      this.#values.decref(str);
    }
  }

  /** A border: an index that has a value and whose successor has none, or 0. */
  length(t: Ptr): number {
    const { heap, types } = this.#values;
    const array = heap.getRef(t, types.table.fields.array);
    let high = array === NULL ? 0 : heap.lists.length(array);
    if (high === 0 || !this.#isNil(heap.lists.get(array, high - 1))) {
      // The hash may go on where the list ends.
      while (this.#findInt(t, high + 1) !== NULL) high++;
      return high;
    }
    let low = 0;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#isNil(heap.lists.get(array, middle - 1))) high = middle;
      else low = middle;
    }
    return low;
  }

  // ---- writing ----

  set(L: LuaState, t: Ptr, key: TValue, value: TValue): void {
    if (key.type === NIL) this.#runError(L, "table index is nil");
    if (key.type === FLOAT) {
      const number = key.value as number;
      if (Number.isNaN(number)) this.#runError(L, "table index is NaN");
      if ((number | 0) === number) return this.setInt(t, number | 0, value);
    }
    if (key.type === INTEGER) this.setInt(t, key.value as number, value);
    else this.#setHash(t, key.type, key.value, value);
  }

  setInt(t: Ptr, index: number, value: TValue): void {
    const { heap, types } = this.#values;
    let array = heap.getRef(t, types.table.fields.array);
    const length = array === NULL ? 0 : heap.lists.length(array);
    if (index < 1 || index > length + 1) return this.#setHash(t, INTEGER, index, value);
    const box = this.#entries.boxed(t, value);
    try {
      if (index <= length) return heap.lists.set(array, index - 1, box);
      if (value.type === NIL) return this.#setHash(t, INTEGER, index, value);
      if (array === NULL) {
        array = heap.list();
        heap.stealRef(t, types.table.fields.array, array);
      }
      heap.lists.append(array, box);
    } finally {
      heap.decref(box);
    }
    if (heap.getRef(t, types.table.fields.hash) !== NULL) this.#migrate(t, array, index);
  }

  // ---- traversal ----

  /** The entry after `key`, whose value is no nil; undefined at the end. */
  next(L: LuaState, t: Ptr, key: TValue): readonly [key: TValue, value: TValue] | undefined {
    const { heap, types, TValue } = this.#values;
    const array = heap.getRef(t, types.table.fields.array);
    const length = array === NULL ? 0 : heap.lists.length(array);
    const index = key.type === NIL ? 0 : key.type === INTEGER ? (key.value as number) : -1;
    if (index >= 0 && index <= length) {
      for (let i = index; i < length; i++) {
        const value = this.#values.unbox(heap.lists.get(array, i));
        if (value.type !== NIL) return [new TValue(INTEGER, i + 1), value];
      }
      return this.#order.first(t);
    }
    const position = this.#order.position(t, key);
    if (position < 0) this.#runError(L, "invalid key to 'next'");
    return this.#order.from(t, position + 1);
  }

  // ---- the list ----

  /** Moves what follows index in the hash to the list. */
  #migrate(t: Ptr, array: Ptr, index: number): void {
    const { heap } = this.#values;
    for (let i = index + 1; ; i++) {
      const key = heap.int(i);
      try {
        const found = this.#inHash(t, key);
        if (found === NULL) return;
        heap.lists.append(array, found);
        this.#deleteKey(t, key);
      } finally {
        heap.decref(key);
      }
    }
  }

  #isNil(box: Ptr): boolean {
    const { heap } = this.#values;
    return box === heap.none || (this.#values.isWeakref(box) && this.#values.peek(box) === NULL);
  }

  // ---- the hash ----

  #find(t: Ptr, type: number, value: unknown): Ptr {
    switch (type) {
      case NIL:
        return NULL;
      case INTEGER:
        return this.#findInt(t, value as number);
      case FLOAT:
        if (((value as number) | 0) === value) return this.#findInt(t, (value as number) | 0);
        break;
      case STRING:
      case SHORT_STRING:
        return this.#inHash(t, value as Ptr);
    }
    if (this.#values.heap.getRef(t, this.#values.types.table.fields.hash) === NULL) return NULL;
    const key = this.#entries.key(t, type, value);
    try {
      return this.#inHash(t, key);
    } finally {
      this.#values.decref(key);
    }
  }

  #findInt(t: Ptr, index: number): Ptr {
    const { heap, types } = this.#values;
    const array = heap.getRef(t, types.table.fields.array);
    if (array !== NULL && index >= 1 && index <= heap.lists.length(array))
      return heap.lists.get(array, index - 1);
    if (heap.getRef(t, types.table.fields.hash) === NULL) return NULL;
    const key = heap.int(index);
    try {
      return this.#inHash(t, key);
    } finally {
      heap.decref(key);
    }
  }

  /** The value box, borrowed; 0 if there is none. */
  #inHash(t: Ptr, key: Ptr): Ptr {
    const { heap, types } = this.#values;
    const hash = heap.getRef(t, types.table.fields.hash);
    if (hash === NULL) return NULL;
    const found = heap.dicts.get(hash, key);
    if (found === NULL || heap.getI32(t, types.table.fields.mode) === 0) return found;
    return heap.typeOf(found) === types.weakEntry ? heap.getRef(found, types.weakEntry.fields.value) : found;
  }

  #setHash(t: Ptr, type: number, value: unknown, content: TValue): void {
    const { heap, types } = this.#values;
    const { fields } = types.table;
    let hash = heap.getRef(t, fields.hash);
    if (hash === NULL) {
      if (content.type === NIL) return;
      hash = heap.dict();
      heap.stealRef(t, fields.hash, hash);
    }
    const key = this.#entries.key(t, type, value);
    try {
      if (content.type === NIL) {
        this.#deleteKey(t, key);
        return;
      }
      const size = heap.dicts.size(hash);
      const box = this.#entries.isWeakKey(t, type)
        ? this.#entries.weakEntry(t, key, value as Ptr, content)
        : this.#entries.boxed(t, content);
      try {
        heap.dicts.set(hash, key, box);
      } finally {
        heap.decref(box);
      }
      // The list of a traversal lacks the key.
      if (heap.dicts.size(hash) !== size) this.#order.drop(t);
    } finally {
      heap.decref(key);
    }
  }

  #deleteKey(t: Ptr, key: Ptr): void {
    const { heap, types } = this.#values;
    const { fields } = types.table;
    const hash = heap.getRef(t, fields.hash);
    // A traversal that began has to find its place again.
    if (
      heap.getI32(t, fields.cursor) > 0 &&
      heap.getRef(t, fields.order) === NULL &&
      heap.dicts.has(hash, key)
    ) {
      this.#order.make(t);
    }
    heap.dicts.delete(hash, key);
  }

  // ---- weak tables ----

  /** Stores all entries again, as the new mode has them. */
  #changeMode(t: Ptr, mode: number): void {
    const { heap, types } = this.#values;
    const { fields } = types.table;
    const parts = [fields.array, fields.hash].map((field) => heap.getRef(t, field));
    for (const part of parts) if (part !== NULL) heap.incref(part);
    const [array, hash] = parts as [Ptr, Ptr];
    const entries: (readonly [TValue, TValue])[] = [];
    try {
      if (hash !== NULL) {
        for (const key of heap.dicts.keys(hash)) {
          const entry = this.#entries.entry(t, key);
          if (entry === undefined) continue;
          entries.push(entry);
          // A weak reference does not hold what it refers to while this table is in the making.
          for (const { type, value } of entry) if (COUNTED[type]) heap.incref(value as Ptr);
        }
      }
      const items = array === NULL ? 0 : heap.lists.length(array);
      heap.setRef(t, fields.hash, NULL);
      heap.setRef(t, fields.array, NULL);
      this.#order.drop(t);
      heap.setI32(t, fields.mode, mode);
      this.#entries.watch(t, (mode & WEAK_KEYS) !== 0);
      for (let i = 0; i < items; i++) this.setInt(t, i + 1, this.#values.unbox(heap.lists.get(array, i)));
      for (const [key, value] of entries) {
        if (key.type === INTEGER) this.setInt(t, key.value as number, value);
        else this.#setHash(t, key.type, key.value, value);
      }
    } finally {
      for (const { type, value } of entries.flat()) if (COUNTED[type]) heap.decref(value as Ptr);
      for (const part of parts) if (part !== NULL) heap.decref(part);
    }
  }

  #result(box: Ptr): TValue {
    return box === NULL ? new this.#values.TValue(NIL, null) : this.#values.unbox(box);
  }
}
