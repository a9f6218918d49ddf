import { DICT_LENGTH, ENTRY_BYTES, ENTRY_VALUE, TYPE_DICT, TYPE_STR } from "../../generated/layout.js";
import type { ObjectExports } from "../../core/abi.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import { ABSENT, UNKNOWN, searchDict } from "./dict-search.js";
import { DictIterator } from "./dict-iterator.js";
import type { Ref } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { looksLiveOf } from "../access/pointer-check.js";

/**
 * Dicts: insertion-ordered. Keys are equal if they are the same object, strs with the same text, or ints of the same
 * value. The methods throw `ERR_HEAP_TYPE` for what is no dict, and what every method throws for a dead object.
 */
export class Dicts {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  // What the hottest methods need, one step away; see ObjectMemory.
  #words!: Int32Array;
  #first = 0;
  #trySet: ObjectExports["dict_set_quick"] | undefined;

  /** @internal */
  constructor(memory: ObjectMemory, calls: ObjectCalls) {
    this.#memory = memory;
    this.#calls = calls;
    memory.lifecycle.follow(({ views, quick }) => {
      this.#words = views.i32;
      this.#first = memory.first;
      this.#trySet = quick?.dict_set_quick;
    });
  }

  /** Number of entries. */
  size(dict: Ref): number {
    const d = this.#require("dicts.size", dict);
    return this.#memory.u32[(d + DICT_LENGTH) >>> 2]!;
  }

  /** The value of a key, *borrowed*; 0 if there is none. */
  get(dict: Ref, key: Ref): Ptr {
    const entry = this.#find(dict, key);
    if (entry === ABSENT) return NULL;
    if (entry === UNKNOWN) return this.#getSlow("dicts.get", dict, key);
    return (this.#words[entry + (ENTRY_VALUE >>> 2)]! >>> 0) as Ptr;
  }

  /** Whether there is such a key. */
  has(dict: Ref, key: Ref): boolean {
    const entry = this.#find(dict, key);
    return entry === UNKNOWN ? this.#getSlow("dicts.has", dict, key) !== NULL : entry !== ABSENT;
  }

  /**
   * Sets the value of a key; takes its own references to both. An equal key that is already there stays; the old value
   * is released after the store.
   * @throws HeapError also `ERR_HEAP_OOM`; the dict is as it was
   */
  set(dict: Ref, key: Ref, value: Ref): void {
    const d = this.#require("dicts.set", dict);
    const k = this.#memory.requireReference("dicts.set", key);
    const v = this.#memory.requireReference("dicts.set", value);
    this.enter("dicts.set", d, k, v);
  }

  /** @internal The same of what was checked before, or is held. */
  enter(operation: string, d: Ptr, k: Ptr, v: Ptr): void {
    if (!this.tryEnter(d, k, v)) this.#enterSlow(operation, d, k, v);
  }

  /** @internal The same if the dict has room and nothing dies; false, with nothing changed, if not. */
  tryEnter(d: Ptr, k: Ptr, v: Ptr): boolean {
    const trySet = this.#trySet;
    try {
      return trySet !== undefined && trySet(d, k, v) !== 0;
    } catch (cause) {
      return this.#calls.lifecycle.trapped(cause);
    }
  }

  /** Removes a key and its value; false if there is no such key. */
  delete(dict: Ref, key: Ref): boolean {
    const d = this.#require("dicts.delete", dict);
    const k = this.#memory.requireReference("dicts.delete", key);
    return this.#calls.enter(() => this.#calls.abi.dict_delete(d, k)) !== 0;
  }

  /**
   * The keys, each *borrowed*, in the order of their insertion. Values may change meanwhile. A step throws if keys were
   * added or removed since the iteration began, if the dict has died, or if the heap was reset; not once it is over. To
   * change keys, iterate over a copy: `[...heap.dicts.keys(dict)]`. The first key is found in constant time.
   * @throws HeapError a step `ERR_HEAP_RANGE` if the keys changed, `ERR_HEAP_USE_AFTER_FREE` after a reset
   */
  keys(dict: Ref): IterableIterator<Ptr> {
    return new DictIterator(this.#memory, this.#require("dicts.keys", dict), "dicts.keys", false);
  }

  /** The keys with their values of the moment, each *borrowed*; otherwise as `keys`. */
  entries(dict: Ref): IterableIterator<[key: Ptr, value: Ptr]> {
    return new DictIterator(this.#memory, this.#require("dicts.entries", dict), "dicts.entries", true);
  }

  /** Index of the first word of the entry of a str that was hashed before, or ABSENT; UNKNOWN where somebody has to look. */
  #find(dict: Ref, key: Ref): number {
    const words = this.#words;
    const first = this.#first;
    const isFast =
      typeof dict === "number" &&
      looksLiveOf(words, first, dict, TYPE_DICT) &&
      typeof key === "number" &&
      looksLiveOf(words, first, key, TYPE_STR);
    return isFast ? searchDict(this.#memory, words, dict, key) : UNKNOWN;
  }

  // ---- slow paths ----

  #enterSlow(operation: string, d: Ptr, k: Ptr, v: Ptr): void {
    this.#calls.do(operation, ENTRY_BYTES, () => this.#calls.abi.dict_set(d, k, v), d, k, v);
  }

  /** Nothing changes in the core, so this needs no room on the stack. */
  #getSlow(operation: string, dict: Ref, key: Ref): Ptr {
    const d = this.#require(operation, dict);
    const k = this.#memory.requireReference(operation, key);
    const { abi, lifecycle } = this.#calls;
    try {
      return (abi.dict_get(d, k) >>> 0) as Ptr;
    } catch (cause) {
      return lifecycle.trapped(cause);
    }
  }

  #require(operation: string, dict: Ref): Ptr {
    return this.#memory.requireType(operation, dict, TYPE_DICT, "dict");
  }
}
