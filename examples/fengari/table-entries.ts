import type { Ptr } from "tallyheap";
import { COUNTED, FLOAT, NIL, STRING, type TValue } from "./types.js";
import type { Values } from "./values.js";

const NULL = 0 as Ptr;

// Modes of weak tables, as bits.
export const WEAK_KEYS = 1;
export const WEAK_VALUES = 2;

// Keys of the hash that are no objects of their own are strs with a first character that no string of Lua has:
// floats are equal by number, and weak keys must not be held.
const FLOAT_KEY = "\u0101";
const ADDRESS_KEY = "\u0100";

/**
 * What tables keep for keys and values. In weak tables a value that is an object is a weak reference; a key that is an object
 * is an entry with both a weak reference and the value, under a str made from the address.
 */
export class TableEntries {
  readonly #values: Values;
  /** Tables with weak keys that are alive. */
  readonly #weakKeyed = new Set<Ptr>();

  constructor(values: Values) {
    this.#values = values;
  }

  /** The entry of a key of the hash, as Lua sees it; undefined if there is none, or what it held is dead. */
  entry(t: Ptr, key: Ptr): readonly [TValue, TValue] | undefined {
    const { heap, types, TValue } = this.#values;
    const found = heap.dicts.get(heap.getRef(t, types.table.fields.hash), key);
    if (found === NULL) return undefined;
    if (heap.typeOf(found) === types.weakEntry) {
      const referent = this.#values.peek(heap.getRef(found, types.weakEntry.fields.key));
      if (referent === NULL) return undefined;
      const value = this.#values.unbox(heap.getRef(found, types.weakEntry.fields.value));
      return value.type === NIL ? undefined : [this.#values.unbox(referent), value];
    }
    const value = this.#values.unbox(found);
    if (value.type === NIL) return undefined;
    const name = this.#values.unbox(key);
    if (name.type === STRING && heap.strs.length(key) > 0) {
      const text = this.#values.text(key);
      if (text.startsWith(FLOAT_KEY)) return [new TValue(FLOAT, Number(text.slice(1))), value];
    }
    return [name, value];
  }

  /** The bits of the table's mode. */
  mode(t: Ptr): number {
    return this.#values.heap.getI32(t, this.#values.types.table.fields.mode);
  }

  /** Whether a key of this type is not held. */
  isWeakKey(t: Ptr, type: number): boolean {
    return COUNTED[type] === 1 && (this.mode(t) & WEAK_KEYS) !== 0 && this.#values.isObject(type);
  }

  /** A *new* reference to what the table keeps for a value. */
  boxed(t: Ptr, value: TValue): Ptr {
    const weak =
      COUNTED[value.type] === 1 && (this.mode(t) & WEAK_VALUES) !== 0 && this.#values.isObject(value.type);
    return weak ? this.#values.heap.weakref(value.value as Ptr) : this.#values.box(value.type, value.value);
  }

  /** A *new* entry, which leaves the table when its key dies. */
  weakEntry(t: Ptr, hashKey: Ptr, object: Ptr, content: TValue): Ptr {
    const { heap, types } = this.#values;
    const { fields } = types.weakEntry;
    const text = this.#values.text(hashKey);
    const entry = heap.alloc(types.weakEntry);
    try {
      heap.stealRef(entry, fields.value, this.boxed(t, content));
      const key = heap.weakref(object, (dead) => this.#keyDied(t, text, dead));
      heap.stealRef(entry, fields.key, key);
      return entry;
    } catch (error) {
      heap.decref(entry);
      throw error;
    }
  }

  #keyDied(t: Ptr, text: string, weakref: Ptr): void {
    if (!this.#weakKeyed.has(t)) return;
    const { heap, types } = this.#values;
    const hash = heap.getRef(t, types.table.fields.hash);
    const key = heap.str(text);
    try {
      const entry = heap.dicts.get(hash, key);
      // The address may be another object's by now.
      if (entry !== NULL && heap.getRef(entry, types.weakEntry.fields.key) === weakref) {
        heap.dicts.delete(hash, key);
      }
    } finally {
      heap.decref(key);
    }
  }

  /** Knows from now on, or no more, whether the table is alive: callbacks of its weak keys may come later. */
  watch(t: Ptr, wanted: boolean): void {
    const { heap, types } = this.#values;
    heap.setRef(t, types.table.fields.watch, NULL);
    if (!wanted) return;
    const watch = this.#values.newHost(undefined, () => void this.#weakKeyed.delete(t));
    heap.stealRef(t, types.table.fields.watch, watch);
    this.#weakKeyed.add(t);
  }

  /** A *new* reference to the key under which the hash has a value. */
  key(t: Ptr, type: number, value: unknown): Ptr {
    const { heap } = this.#values;
    if (type === FLOAT) return heap.str(FLOAT_KEY + String(value));
    if (this.isWeakKey(t, type)) return heap.str(ADDRESS_KEY + String(value));
    return this.#values.box(type, value);
  }
}
