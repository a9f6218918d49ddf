import type { Ptr } from "tallyheap";
import type { TableEntries } from "./table-entries.js";
import type { TValue } from "./types.js";
import type { Values } from "./values.js";

const NULL = 0 as Ptr;

/**
 * `next` goes through the dict by a list of its keys, made by the first step that needs it and dropped at the end or
 * when a key is added; so fields may be cleared during a traversal, as Lua has it. Objects stand in that list as weak
 * references.
 */
export class TableOrder {
  readonly #values: Values;
  readonly #entries: TableEntries;

  constructor(values: Values, entries: TableEntries) {
    this.#values = values;
    this.#entries = entries;
  }

  /** The first entry of the hash; a traversal begins. */
  first(t: Ptr): readonly [TValue, TValue] | undefined {
    const { heap, types } = this.#values;
    const { fields } = types.table;
    const hash = heap.getRef(t, fields.hash);
    if (hash === NULL || heap.dicts.size(hash) === 0) return undefined;
    if (heap.getRef(t, fields.order) !== NULL) return this.from(t, 0);
    heap.setI32(t, fields.cursor, 1);
    for (const key of heap.dicts.keys(hash)) {
      const entry = this.#entries.entry(t, key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** The first entry from a position on that is still there. */
  from(t: Ptr, position: number): readonly [TValue, TValue] | undefined {
    const { heap, types } = this.#values;
    const { fields } = types.table;
    const order = heap.getRef(t, fields.order);
    for (let i = position; i < heap.lists.length(order); i++) {
      const listed = heap.lists.get(order, i);
      const key = this.#values.isWeakref(listed) ? this.#values.peek(listed) : listed;
      const entry = key === NULL ? undefined : this.#entries.entry(t, key);
      if (entry === undefined) continue;
      // One more than the position: 0 is no traversal.
      heap.setI32(t, fields.cursor, i + 1);
      return entry;
    }
    this.drop(t);
    return undefined;
  }

  /** Where a key stands in the order; −1 if it does not. */
  position(t: Ptr, value: TValue): number {
    const { heap, types } = this.#values;
    const { fields } = types.table;
    if (heap.getRef(t, fields.hash) === NULL) return -1;
    if (heap.getRef(t, fields.order) === NULL) this.make(t);
    const order = heap.getRef(t, fields.order);
    const key = this.#entries.key(t, value.type, value.value);
    try {
      const count = heap.lists.length(order);
      const begin = Math.max(heap.getI32(t, fields.cursor) - 1, 0);
      for (let i = 0; i < count; i++) {
        const at = (begin + i) % count;
        if (this.#isListed(heap.lists.get(order, at), key)) return at;
      }
      return -1;
    } finally {
      heap.decref(key);
    }
  }

  #isListed(listed: Ptr, key: Ptr): boolean {
    const { heap } = this.#values;
    if (listed === key) return true;
    const type = heap.typeOf(listed);
    if (type.name === "weakref") return this.#values.peek(listed) === key;
    if (heap.typeOf(key) !== type) return false;
    if (type.name === "str") return heap.strs.equals(listed, key);
    return type.name === "int" && heap.toJS(listed) === heap.toJS(key);
  }

  /** Lists the keys that the hash has now. */
  make(t: Ptr): void {
    const { heap, types } = this.#values;
    const { fields } = types.table;
    const order = heap.list();
    try {
      for (const key of heap.dicts.keys(heap.getRef(t, fields.hash))) {
        if (!this.#values.isObject(this.#values.unbox(key).type)) {
          heap.lists.append(order, key);
          continue;
        }
        const weak = heap.weakref(key);
        try {
          heap.lists.append(order, weak);
        } finally {
          heap.decref(weak);
        }
      }
      heap.setRef(t, fields.order, order);
    } finally {
      heap.decref(order);
    }
  }

  /** The traversal has ended, or the list lacks a key. */
  drop(t: Ptr): void {
    const { heap, types } = this.#values;
    heap.setRef(t, types.table.fields.order, NULL);
    heap.setI32(t, types.table.fields.cursor, 0);
  }
}
