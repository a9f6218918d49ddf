import {
  DICT_FILLED,
  DICT_LENGTH,
  DICT_MOVES,
  DICT_TABLE,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_KEY,
  ENTRY_VALUE,
  TYPE_DICT,
} from "../generated/layout.js";
import { HeapError, hex } from "../errors.js";
import { NULL, type Ptr } from "../ptr.js";
import type { ObjectExports } from "./abi.js";
import { ABSENT, UNKNOWN, searchDict } from "./dict-search.js";
import type { Ref, Space } from "./space.js";

// Imported constants are read from memory at every use, a module's own are part of the code.
const VALUE_WORD = ENTRY_VALUE >>> 2;

/**
 * Dicts: insertion-ordered. Keys are equal if they are the same object, strs with the same text, or ints of the same
 * value. The methods throw `ERR_HEAP_TYPE` for what is no dict, and what every method throws for a dead object.
 */
export class Dicts {
  readonly #space: Space;

  // Undefined while the heap is closed or not started.
  #setQuick: ObjectExports["dict_set_quick"] | undefined;

  /** @internal */
  constructor(space: Space) {
    this.#space = space;
    space.follow(() => (this.#setQuick = space.direct ? space.abi.dict_set_quick : undefined));
  }

  /** Number of entries. */
  size(dict: Ref): number {
    const d = this.#require("dicts.size", dict);
    return this.#space.u32[(d + DICT_LENGTH) >>> 2]!;
  }

  /** The value of a key, *borrowed*; 0 if there is none. */
  get(dict: Ref, key: Ref): Ptr {
    const d = this.#require("dicts.get", dict);
    const k = this.#space.require("dicts.get", key);
    const entry = searchDict(this.#space, d, k);
    if (entry === ABSENT) return NULL;
    return entry === UNKNOWN ? this.#getCalling(d, k) : (this.#space.u32[entry + VALUE_WORD]! as Ptr);
  }

  /** Is there such a key? */
  has(dict: Ref, key: Ref): boolean {
    const d = this.#require("dicts.has", dict);
    const k = this.#space.require("dicts.has", key);
    const entry = searchDict(this.#space, d, k);
    return entry === UNKNOWN ? this.#hasCalling(d, k) : entry !== ABSENT;
  }

  /**
   * Sets the value of a key; takes its own references to both. An equal key that is already there stays; the old value
   * is released after the store.
   * @throws HeapError also `ERR_HEAP_OOM`; the dict is as it was
   */
  set(dict: Ref, key: Ref, value: Ref): void {
    const d = this.#require("dicts.set", dict);
    const k = this.#space.require("dicts.set", key);
    const v = this.#space.require("dicts.set", value);
    this.enter("dicts.set", d, k, v);
  }

  /** @internal The same of what was checked before, or is held. */
  enter(operation: string, d: Ptr, k: Ptr, v: Ptr): void {
    if (!this.enterQuickly(d, k, v)) this.#enterSlowly(operation, d, k, v);
  }

  /** @internal The same if the dict has room and nothing dies; false, with nothing changed, if not. */
  enterQuickly(d: Ptr, k: Ptr, v: Ptr): boolean {
    const quick = this.#setQuick;
    try {
      return quick !== undefined && quick(d, k, v) !== 0;
    } catch (cause) {
      return this.#space.engine.trapped(cause);
    }
  }

  /** Removes a key and its value; was there such a key? */
  delete(dict: Ref, key: Ref): boolean {
    const d = this.#require("dicts.delete", dict);
    const k = this.#space.require("dicts.delete", key);
    return this.#space.enter(() => this.#space.abi.dict_delete(d, k)) !== 0;
  }

  /**
   * The keys, each *borrowed*, in the order of their insertion. The dict may change meanwhile: keys that were removed
   * are left out, keys that were added are not visited. If the dict dies, or the heap is reset, while
   * keys are left, the next step throws.
   */
  keys(dict: Ref): IterableIterator<Ptr> {
    return visit(this.#space, this.#require("dicts.keys", dict), "dicts.keys", (key) => key);
  }

  /** The keys with their values of the moment, each *borrowed*; otherwise as `keys`. */
  entries(dict: Ref): IterableIterator<[key: Ptr, value: Ptr]> {
    const pair = (key: Ptr, value: Ptr): [Ptr, Ptr] => [key, value];
    return visit(this.#space, this.#require("dicts.entries", dict), "dicts.entries", pair);
  }

  // ---- slow paths ----

  #enterSlowly(operation: string, d: Ptr, k: Ptr, v: Ptr): void {
    this.#space.done(operation, ENTRY_BYTES, () => this.#space.abi.dict_set(d, k, v), d, k, v);
  }

  #getCalling(d: Ptr, k: Ptr): Ptr {
    return (this.#space.enter(() => this.#space.abi.dict_get(d, k)) >>> 0) as Ptr;
  }

  #hasCalling(d: Ptr, k: Ptr): boolean {
    return this.#space.enter(() => this.#space.abi.dict_has(d, k)) !== 0;
  }

  #require(operation: string, dict: Ref): Ptr {
    return this.#space.requireType(operation, dict, TYPE_DICT, "dict");
  }
}

/**
 * Visits the entries that a dict has now, as far as it still has them when their turn comes. Holds no references, so
 * it may be dropped at any point: before each step it looks whether the key still stands where it stood, and finds the
 * places anew when entries have moved. A key is known by its address and its hash, as a new one may take the address.
 */
function visit<T>(
  space: Space,
  dict: Ptr,
  operation: string,
  result: (key: Ptr, value: Ptr) => T,
): IterableIterator<T> {
  const word = (offset: number): number => space.u32[(dict + offset) >>> 2]!;
  const entry = (index: number, offset: number): number =>
    space.u32[(word(DICT_TABLE) + index * ENTRY_BYTES + offset) >>> 2]!;
  const places = (): Map<number, number> => {
    const found = new Map<number, number>();
    for (let index = 0; index < word(DICT_FILLED); index++) {
      const key = entry(index, ENTRY_KEY);
      if (key !== 0) found.set(key, index);
    }
    return found;
  };
  const { age } = space;
  let moves = word(DICT_MOVES);
  let place = places();
  const waiting = [...place].map(([key, index]) => ({ key, hash: entry(index, ENTRY_HASH) }));
  return (function* () {
    for (const { key, hash } of waiting) {
      if (space.age !== age) throw resetError(operation, dict);
      space.requireType(operation, dict, TYPE_DICT, "dict");
      if (word(DICT_MOVES) !== moves) {
        place = places();
        moves = word(DICT_MOVES);
      }
      const index = place.get(key) ?? Infinity;
      const isThere =
        index < word(DICT_FILLED) && entry(index, ENTRY_KEY) === key && entry(index, ENTRY_HASH) === hash;
      if (isThere) yield result(key as Ptr, entry(index, ENTRY_VALUE) as Ptr);
    }
  })();
}

function resetError(operation: string, ptr: Ptr): HeapError {
  const message = `${operation}(${hex(ptr)}): the heap was reset, the dict is gone`;
  return new HeapError("ERR_HEAP_USE_AFTER_FREE", message, { operation, ptr });
}
