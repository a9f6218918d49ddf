import { makeDisposable } from "../../heap/dispose.js";
import type { Ptr } from "../../core/ptr.js";
import { requirePairs, type Ref } from "../access/object-memory.js";
import { addAll, type WatchParts } from "./watches.js";

/**
 * A `Map` from objects of the heap, by identity, to anything; it does not keep the objects alive: an entry goes when
 * its object dies. Keys that come out are *borrowed*. Values are kept as they are: a pointer among them is not counted.
 *
 * The collection owns a weak reference for each entry; `dispose()` or `clear()` releases them.
 */
export class WeakKeyMap<V = unknown> implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #parts: WatchParts;
  readonly #entries = new Map<Ptr, { readonly weakref: Ptr; value: V }>();

  /** @internal Use `heap.weakKeyMap`. */
  constructor(parts: WatchParts, entries: Iterable<readonly [Ref, V]>) {
    this.#parts = parts;
    addAll(this, requirePairs("weakKeyMap", entries), ([key, value]) => this.set(key, value));
  }

  /** Entries whose object lives. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of an object, undefined if there is none. */
  get(key: Ref): V | undefined {
    return this.#find("weakKeyMap.get", key)?.value;
  }

  /** Is there an entry for this object? */
  has(key: Ref): boolean {
    return this.#find("weakKeyMap.has", key) !== undefined;
  }

  /**
   * Sets the value of an object, without taking a reference to the object.
   * @throws HeapError `ERR_HEAP_TYPE` if its type has no weak references; else as `heap.weakref`
   */
  set(key: Ref, value: V): this {
    const p = this.#parts.space.require("weakKeyMap.set", key);
    const entry = this.#find("weakKeyMap.set", p);
    if (entry) {
      entry.value = value;
      return this;
    }
    const weakref = this.#parts.watches.add("weakKeyMap.set", p, (dead) => {
      if (this.#entries.get(p)?.weakref === dead) this.#remove(p);
    });
    const stale = this.#entries.get(p);
    this.#entries.delete(p);
    this.#entries.set(p, { weakref, value });
    if (stale) this.#parts.watches.remove(stale.weakref);
    return this;
  }

  /** Removes an entry; was there one? */
  delete(key: Ref): boolean {
    const p = this.#parts.space.resolve("weakKeyMap.delete", key);
    return this.#find("weakKeyMap.delete", p) !== undefined && this.#remove(p);
  }

  /** Removes all entries. */
  clear(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { weakref } of entries) this.#parts.watches.remove(weakref);
  }

  /** The same as `clear()`. */
  dispose(): void {
    this.clear();
  }

  /** Objects, *borrowed*, and values, in the order of insertion. */
  *entries(): IterableIterator<[Ptr, V]> {
    for (const [key, { weakref, value }] of this.#entries) {
      if (this.#parts.watches.peek(weakref) === key) yield [key, value];
    }
  }

  *keys(): IterableIterator<Ptr> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(callback: (value: V, key: Ptr, map: this) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }

  [Symbol.iterator](): IterableIterator<[Ptr, V]> {
    return this.entries();
  }

  /** The entry of an object, unless it is one of a dead object at the same address, whose callback is still to run. */
  #find(operation: string, key: Ref): { readonly weakref: Ptr; value: V } | undefined {
    const p = this.#parts.space.resolve(operation, key);
    const entry = this.#entries.get(p);
    return entry && this.#parts.watches.peek(entry.weakref) === p ? entry : undefined;
  }

  #remove(p: Ptr): boolean {
    const entry = this.#entries.get(p);
    this.#entries.delete(p);
    if (entry) this.#parts.watches.remove(entry.weakref);
    return entry !== undefined;
  }
}

makeDisposable(WeakKeyMap.prototype);
