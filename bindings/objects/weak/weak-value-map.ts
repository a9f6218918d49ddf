import { makeDisposable } from "../../heap/dispose.js";
import type { Ptr } from "../../core/ptr.js";
import { requirePairs, type Ref } from "../access/object-memory.js";
import { addAll, type WatchParts, type Watches } from "./watches.js";

/**
 * A `Map` from anything to objects of the heap, which it does not keep alive: an entry goes when its object dies.
 * Pointers that come out are *borrowed*. As with `Map`, entries may come and go while it is iterated.
 *
 * The collection owns a weak reference for each entry; `dispose()` or `clear()` releases them.
 */
export class WeakValueMap<K = unknown> implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #watches: Watches;
  /** Weak references by key. */
  readonly #weak = new Map<K, Ptr>();

  /** @internal Use `heap.weakValueMap`. */
  constructor({ watches }: WatchParts, entries: Iterable<readonly [K, Ref]>) {
    this.#watches = watches;
    addAll(this, requirePairs("weakValueMap", entries), ([key, value]) => this.set(key, value));
  }

  /** Entries whose object lives. */
  get size(): number {
    return this.#weak.size;
  }

  /** The object of a key, *borrowed*; undefined if there is none, or none any more. */
  get(key: K): Ptr | undefined {
    const weakref = this.#weak.get(key);
    return weakref === undefined ? undefined : this.#watches.peek(weakref) || undefined;
  }

  /** Is there such a key, and does its object live? */
  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /**
   * Sets the object of a key, without taking a reference to it.
   * @throws HeapError `ERR_HEAP_TYPE` if its type has no weak references; else as `heap.weakref`
   */
  set(key: K, value: Ref): this {
    const weakref = this.#watches.add("weakValueMap.set", value, (dead) => {
      if (this.#weak.get(key) === dead) this.delete(key);
    });
    const old = this.#weak.get(key);
    this.#weak.set(key, weakref);
    if (old !== undefined) this.#watches.remove(old);
    return this;
  }

  /** Removes an entry; was there one? */
  delete(key: K): boolean {
    const weakref = this.#weak.get(key);
    if (weakref === undefined) return false;
    this.#weak.delete(key);
    this.#watches.remove(weakref);
    return true;
  }

  /** Removes all entries. */
  clear(): void {
    const weakrefs = [...this.#weak.values()];
    this.#weak.clear();
    for (const weakref of weakrefs) this.#watches.remove(weakref);
  }

  /** The same as `clear()`. */
  dispose(): void {
    this.clear();
  }

  /** Keys and objects, *borrowed*, in the order of insertion. */
  *entries(): IterableIterator<[K, Ptr]> {
    for (const [key, weakref] of this.#weak) {
      const value = this.#watches.peek(weakref);
      if (value !== 0) yield [key, value];
    }
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<Ptr> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(callback: (value: Ptr, key: K, map: this) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }

  [Symbol.iterator](): IterableIterator<[K, Ptr]> {
    return this.entries();
  }
}

makeDisposable(WeakValueMap.prototype);
