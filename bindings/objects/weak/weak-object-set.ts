import { requireIterable } from "../../core/arguments.js";
import type { Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import type { Watches } from "./watches.js";
import { WeakCollection } from "./weak-collection.js";
import { WeakKeyMap } from "./weak-key-map.js";

/** A `Set` of objects of the heap, by identity, which it does not keep alive. What comes out is *borrowed*. */
export class WeakObjectSet extends WeakCollection<Ptr, Ptr> {
  readonly #map: WeakKeyMap<true>;

  /** @internal Use `heap.weakSet`. */
  constructor(memory: ObjectMemory, watches: Watches, values: Iterable<Ref>) {
    requireIterable("weakSet", "values", values);
    super(watches);
    this.#map = new WeakKeyMap(memory, watches, []);
    this.addAll(values, (value) => this.add(value));
  }

  get size(): number {
    return this.#map.size;
  }

  /** Whether the object is in the set. */
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

  /** Removes an object; false if it is not there. */
  delete(value: Ref): boolean {
    return this.#map.delete(value);
  }

  clear(): void {
    this.#map.clear();
  }

  *entries(): IterableIterator<[Ptr, Ptr]> {
    for (const value of this.#map.keys()) yield [value, value];
  }

  [Symbol.iterator](): IterableIterator<Ptr> {
    return this.values();
  }
}
