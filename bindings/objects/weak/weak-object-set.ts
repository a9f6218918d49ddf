import { makeDisposable } from "../../heap/dispose.js";
import type { Ptr } from "../../core/ptr.js";
import { requireIterable, type Ref } from "../access/object-memory.js";
import { addAll, type WatchParts } from "./watches.js";
import { WeakKeyMap } from "./weak-key-map.js";

/**
 * A `Set` of objects of the heap, by identity, which it does not keep alive. What comes out is *borrowed*.
 *
 * The collection owns a weak reference for each object; `dispose()` or `clear()` releases them.
 */
export class WeakObjectSet implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #map: WeakKeyMap<true>;

  /** @internal Use `heap.weakSet`. */
  constructor(parts: WatchParts, values: Iterable<Ref>) {
    requireIterable("weakSet", "values", values);
    this.#map = new WeakKeyMap(parts, []);
    addAll(this, values, (value) => this.add(value));
  }

  /** Objects in the set that live. */
  get size(): number {
    return this.#map.size;
  }

  /** Is the object in the set? */
  has(value: Ref): boolean {
    return this.#map.has(value);
  }

  /**
   * Adds an object, without taking a reference to it.
   * @throws HeapError `ERR_HEAP_TYPE` if its type has no weak references; else as `heap.weakref`
   */
  add(value: Ref): this {
    this.#map.set(value, true);
    return this;
  }

  /** Removes an object; was it there? */
  delete(value: Ref): boolean {
    return this.#map.delete(value);
  }

  /** Removes all objects. */
  clear(): void {
    this.#map.clear();
  }

  /** The same as `clear()`. */
  dispose(): void {
    this.clear();
  }

  /** The objects, *borrowed*, in the order of insertion. */
  values(): IterableIterator<Ptr> {
    return this.#map.keys();
  }

  keys(): IterableIterator<Ptr> {
    return this.values();
  }

  *entries(): IterableIterator<[Ptr, Ptr]> {
    for (const value of this.values()) yield [value, value];
  }

  forEach(callback: (value: Ptr, same: Ptr, set: this) => void): void {
    for (const value of this.values()) callback(value, value, this);
  }

  [Symbol.iterator](): IterableIterator<Ptr> {
    return this.values();
  }
}

makeDisposable(WeakObjectSet.prototype);
