import {
  DICT_FILLED,
  DICT_MOVES,
  DICT_TABLE,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_KEY,
  ENTRY_VALUE,
  TYPE_DICT,
} from "../../generated/layout.js";
import { HeapError, hex } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import type { ObjectMemory } from "../access/object-memory.js";

// Imported constants are read from memory at every use, a module's own are part of the code. Offsets are in words.
const TABLE = DICT_TABLE >>> 2;
const FILLED = DICT_FILLED >>> 2;
const MOVES = DICT_MOVES >>> 2;
const ENTRY = ENTRY_BYTES >>> 2;
const HASH = ENTRY_HASH >>> 2;
const KEY = ENTRY_KEY >>> 2;
const VALUE_WORD = ENTRY_VALUE >>> 2;
const DICT = TYPE_DICT;

/**
 * Visits the entries that a dict has now, as far as it still has them when their turn comes. Holds no references, so
 * it may be dropped at any point: before each step it looks whether the key still stands where it stood, and finds the
 * places anew when entries have moved. A key is known by its address and its hash, as a new one may take the address.
 *
 * No generator: its steps would take three times as long (bench:objects -- "dict of 64").
 */
export class DictVisit<T> implements IterableIterator<T> {
  readonly #memory: ObjectMemory;
  readonly #dict: Ptr;
  readonly #operation: string;
  readonly #result: (key: Ptr, value: Ptr) => T;
  readonly #epoch: number;
  /** The entries as they were, and the place of the next one. Places count in words. */
  readonly #seen: Uint32Array;
  #place = 0;
  /** Where the keys stand since entries have moved. */
  #places: Map<number, number> | undefined;
  #moves: number;

  constructor(memory: ObjectMemory, dict: Ptr, operation: string, result: (key: Ptr, value: Ptr) => T) {
    this.#memory = memory;
    this.#dict = dict;
    this.#operation = operation;
    this.#result = result;
    this.#epoch = memory.lifecycle.epoch;
    const { u32: words } = memory;
    const at = dict >>> 2;
    const table = words[at + TABLE]! >>> 2;
    this.#seen = words.slice(table, table + words[at + FILLED]! * ENTRY);
    this.#moves = words[at + MOVES]!;
  }

  next(): IteratorResult<T, undefined> {
    const seen = this.#seen;
    while (this.#place < seen.length) {
      const place = this.#place;
      this.#place = place + ENTRY;
      const key = seen[place + KEY]!;
      if (key === 0) continue;
      const entry = this.#find(key, place);
      const { u32: words } = this.#memory;
      if (words[entry + KEY] === key && words[entry + HASH] === seen[place + HASH])
        return { done: false, value: this.#result(key as Ptr, words[entry + VALUE_WORD]! as Ptr) };
    }
    return { done: true, value: undefined };
  }

  return(): IteratorResult<T, undefined> {
    this.#place = this.#seen.length;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** Index of the first word of the entry of a key that stood at `place`; NaN if it is gone. */
  #find(key: number, place: number): number {
    const memory = this.#memory;
    if (memory.lifecycle.epoch !== this.#epoch) throw resetError(this.#operation, this.#dict);
    const at = memory.requireType(this.#operation, this.#dict, DICT, "dict") >>> 2;
    const { u32: words } = memory;
    if (words[at + MOVES]! !== this.#moves) {
      this.#places = placesOf(words, at);
      this.#moves = words[at + MOVES]!;
    }
    const now = this.#places === undefined ? place : (this.#places.get(key) ?? Infinity);
    return now < words[at + FILLED]! * ENTRY ? (words[at + TABLE]! >>> 2) + now : NaN;
  }
}

/** Where the entry of each key of a dict begins, in words from the table on. */
function placesOf(words: Uint32Array, at: number): Map<number, number> {
  const places = new Map<number, number>();
  const table = words[at + TABLE]! >>> 2;
  const end = words[at + FILLED]! * ENTRY;
  for (let place = 0; place < end; place += ENTRY) {
    const key = words[table + place + KEY]!;
    if (key !== 0) places.set(key, place);
  }
  return places;
}

function resetError(operation: string, ptr: Ptr): HeapError {
  const message = `${operation}(${hex(ptr)}): the heap was reset, the dict is gone`;
  return new HeapError("ERR_HEAP_USE_AFTER_FREE", message, { operation, ptr });
}
