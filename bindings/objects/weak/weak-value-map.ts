import { requirePairs } from "../../core/arguments.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { Watches } from "./watches.js";
import { WeakCollection } from "./weak-collection.js";

/**
 * A `Map` from anything to objects of the heap, which it does not keep alive: an entry goes when its object dies.
 * Pointers that come out are *borrowed*.
 */
export class WeakValueMap<K = unknown> extends WeakCollection<K, Ptr> {
  /** Weak references by key. */
  readonly #weakrefs = new Map<K, Ptr>();

  /** @internal Use `heap.weakValueMap`. */
  constructor(watches: Watches, entries: Iterable<readonly [K, Ref]>) {
    super(watches);
    this.addAll(requirePairs("weakValueMap", entries), ([key, value]) => this.set(key, value));
  }

  get size(): number {
    return this.#weakrefs.size;
  }

  /** The object of a key, *borrowed*; undefined if there is none, or none any more. */
  get(key: K): Ptr | undefined {
    const weakref = this.#weakrefs.get(key);
    return weakref === undefined ? undefined : this.watches.peek(weakref) || undefined;
  }

  /** Whether there is such a key, and its object lives. */
  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /**
   * Sets the object of a key, without taking a reference to the object.
   * @throws HeapError `ERR_HEAP_TYPE` if its type has no weak references; else as `heap.weakref`
   */
  set(key: K, value: Ref): this {
    const weakref = this.watches.add("weakValueMap.set", value, (dead) => {
      if (this.#weakrefs.get(key) === dead) this.delete(key);
    });
    const old = this.#weakrefs.get(key);
    this.#weakrefs.set(key, weakref);
    if (old !== undefined) this.watches.remove(old);
    // Its callback found no entry if the object died while the weak reference was made.
    if (this.watches.peek(weakref) === NULL) this.delete(key);
    return this;
  }

  /** Removes an entry; false if there is no such key. */
  delete(key: K): boolean {
    const weakref = this.#weakrefs.get(key);
    if (weakref === undefined) return false;
    this.#weakrefs.delete(key);
    this.watches.remove(weakref);
    return true;
  }

  *entries(): IterableIterator<[K, Ptr]> {
    for (const [key, weakref] of this.#weakrefs) {
      const value = this.watches.peek(weakref);
      if (value !== 0) yield [key, value];
    }
  }

  [Symbol.iterator](): IterableIterator<[K, Ptr]> {
    return this.entries();
  }

  clear(): void {
    const weakrefs = [...this.#weakrefs.values()];
    this.#weakrefs.clear();
    for (const weakref of weakrefs) this.watches.remove(weakref);
  }
}
