import {
  DICT_FILLED,
  DICT_FIRST,
  DICT_LENGTH,
  DICT_MOVES,
  DICT_TABLE,
  ENTRY_BYTES,
  ENTRY_KEY,
  ENTRY_VALUE,
  TYPE_DICT,
} from "../../generated/layout.js";
import { HeapError, hex } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { looksLiveOf } from "../access/pointer-check.js";

// Offsets in words.
const FIRST = DICT_FIRST >>> 2;
const LENGTH = DICT_LENGTH >>> 2;
const FILLED = DICT_FILLED >>> 2;
const MOVES = DICT_MOVES >>> 2;
const TABLE = DICT_TABLE >>> 2;
const ENTRY = ENTRY_BYTES >>> 2;
const KEY = ENTRY_KEY >>> 2;
const VALUE_WORD = ENTRY_VALUE >>> 2;

const OVER = -1;

/**
 * Iterates over the entries of a dict where they are, and throws when its keys have changed since it began. Until entries
 * move, a new key adds to `filled` and a deleted one takes from `length`; neither ever goes the other way. So the keys are
 * what they were if and only if the three words are. Holds no reference, and may be dropped at any point.
 *
 * No generator: its steps would take three times as long (bench:objects -- "dict of 64").
 */
export class DictIterator<T extends Ptr | [key: Ptr, value: Ptr]> implements IterableIterator<T> {
  readonly #memory: ObjectMemory;
  readonly #dict: Ptr;
  readonly #operation: string;
  /** Whether keys come with their values. */
  readonly #isPairs: boolean;
  readonly #epoch: number;
  readonly #length: number;
  readonly #filled: number;
  readonly #moves: number;
  /** Number of the next entry; OVER at the end. */
  #next: number;

  constructor(memory: ObjectMemory, dict: Ptr, operation: string, isPairs: boolean) {
    this.#memory = memory;
    this.#dict = dict;
    this.#operation = operation;
    this.#isPairs = isPairs;
    this.#epoch = memory.lifecycle.epoch;
    const { i32: words } = memory;
    const at = dict >>> 2;
    this.#length = words[at + LENGTH]!;
    this.#filled = words[at + FILLED]!;
    this.#moves = words[at + MOVES]!;
    this.#next = words[at + FIRST]!;
  }

  next(): IteratorResult<T, undefined> {
    const memory = this.#memory;
    const dict = this.#dict;
    let { i32: words } = memory;
    const at = dict >>> 2;
    let next = this.#next;
    if (next !== OVER) {
      // What a reset left may look like a dict again.
      const isSame =
        looksLiveOf(words, memory.first, dict, TYPE_DICT) &&
        memory.lifecycle.epoch === this.#epoch &&
        words[at + LENGTH] === this.#length &&
        words[at + FILLED] === this.#filled &&
        words[at + MOVES] === this.#moves;
      if (!isSame) words = this.#requireSame();
      const filled = this.#filled;
      for (let entry = (words[at + TABLE]! >>> 2) + next * ENTRY; next < filled; entry += ENTRY) {
        next++;
        const key = words[entry + KEY]! >>> 0;
        if (key === 0) continue;
        this.#next = next;
        const value = this.#isPairs ? [key, words[entry + VALUE_WORD]! >>> 0] : key;
        return { done: false, value: value as T };
      }
      this.#next = OVER;
    }
    return { done: true, value: undefined };
  }

  return(): IteratorResult<T, undefined> {
    this.#next = OVER;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** The words of the memory, good, if the dict lives and its keys are what they were. */
  #requireSame(): Int32Array {
    const memory = this.#memory;
    if (memory.lifecycle.epoch !== this.#epoch) throw resetError(this.#operation, this.#dict);
    const at = memory.requireType(this.#operation, this.#dict, TYPE_DICT, "dict") >>> 2;
    const { i32: words } = memory;
    const length = words[at + LENGTH]!;
    if (length === this.#length && words[at + FILLED] === this.#filled && words[at + MOVES] === this.#moves)
      return words;
    throw changedError(this.#operation, this.#dict, this.#length, length);
  }
}

function changedError(operation: string, ptr: Ptr, before: number, now: number): HeapError {
  const sizes = before === now ? `it has ${now} as before` : `there were ${before}, there are ${now}`;
  const message = `${operation}(${hex(ptr)}): keys of the dict changed during iteration; ${sizes}`;
  return new HeapError("ERR_HEAP_RANGE", message, { operation, ptr, length: now });
}

function resetError(operation: string, ptr: Ptr): HeapError {
  const message = `${operation}(${hex(ptr)}): the heap was reset, the dict is gone`;
  return new HeapError("ERR_HEAP_USE_AFTER_FREE", message, { operation, ptr });
}
