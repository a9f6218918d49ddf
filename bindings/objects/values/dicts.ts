import { DICT_LENGTH, ENTRY_BYTES, ENTRY_VALUE, TYPE_DICT } from "../../generated/layout.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import type { ObjectExports } from "../../core/abi.js";
import { ABSENT, UNKNOWN, searchDict } from "./dict-search.js";
import { DictIterator } from "./dict-iterator.js";
import type { Ref, Space } from "../access/object-memory.js";

// Imported constants are read from memory at every use, a module's own are part of the code.
const VALUE_WORD = ENTRY_VALUE >>> 2;

/**
 * Dicts: insertion-ordered. Keys are equal if they are the same object, strs with the same text, or ints of the same
 * value. The methods throw `ERR_HEAP_TYPE` for what is no dict, and what every method throws for a dead object.
 */
export class Dicts {
  readonly #space: Space;

  /** Undefined where a call needs a guard: see ObjectHeap. */
  #getQuick: ObjectExports["dict_get"] | undefined;
  #setQuick: ObjectExports["dict_set_quick"] | undefined;

  /** @internal */
  constructor(space: Space) {
    this.#space = space;
    space.follow(() => {
      const quick = space.direct ? space.abi : undefined;
      this.#getQuick = quick?.dict_get;
      this.#setQuick = quick?.dict_set_quick;
    });
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
    return entry === UNKNOWN ? this.#getCalling(d, k) !== NULL : entry !== ABSENT;
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
   * The keys, each *borrowed*, in the order of their insertion. Values may change meanwhile. A step throws if keys were
   * added or removed since the iteration began, if the dict has died, or if the heap was reset; not once it is over. To
   * change keys, iterate over a copy: `[...heap.dicts.keys(dict)]`. The first key is found in constant time.
   * @throws HeapError a step `ERR_HEAP_RANGE` if the keys changed, `ERR_HEAP_USE_AFTER_FREE` after a reset
   */
  keys(dict: Ref): IterableIterator<Ptr> {
    return new DictIterator(this.#space, this.#require("dicts.keys", dict), "dicts.keys", (key) => key);
  }

  /** The keys with their values of the moment, each *borrowed*; otherwise as `keys`. */
  entries(dict: Ref): IterableIterator<[key: Ptr, value: Ptr]> {
    const pair = (key: Ptr, value: Ptr): [Ptr, Ptr] => [key, value];
    return new DictIterator(this.#space, this.#require("dicts.entries", dict), "dicts.entries", pair);
  }

  // ---- slow paths ----

  #enterSlowly(operation: string, d: Ptr, k: Ptr, v: Ptr): void {
    this.#space.done(operation, ENTRY_BYTES, () => this.#space.abi.dict_set(d, k, v), d, k, v);
  }

  /** Nothing changes in the core, so this needs no room on the stack. */
  #getCalling(d: Ptr, k: Ptr): Ptr {
    const get = this.#getQuick;
    try {
      return ((get === undefined ? this.#space.abi.dict_get(d, k) : get(d, k)) >>> 0) as Ptr;
    } catch (cause) {
      return this.#space.engine.trapped(cause);
    }
  }

  #require(operation: string, dict: Ref): Ptr {
    return this.#space.requireType(operation, dict, TYPE_DICT, "dict");
  }
}
