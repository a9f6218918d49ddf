import { requirePairs } from "../../core/arguments.js";
import type { Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import type { Watches } from "./watches.js";
import { WeakCollection } from "./weak-collection.js";

/**
 * A `Map` from objects of the heap, by identity, to anything; it does not keep the objects alive: an entry goes when
 * its object dies. Keys that come out are *borrowed*. Values are kept as they are: a pointer among them is not counted.
 */
export class WeakKeyMap<V = unknown> extends WeakCollection<Ptr, V> {
  readonly #memory: ObjectMemory;
  readonly #entries = new Map<Ptr, { readonly weakref: Ptr; value: V }>();

  /** @internal Use `heap.weakKeyMap`. */
  constructor(memory: ObjectMemory, watches: Watches, entries: Iterable<readonly [Ref, V]>) {
    super(watches);
    this.#memory = memory;
    this.addAll(requirePairs("weakKeyMap", entries), ([key, value]) => this.set(key, value));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of an object, undefined if there is none. */
  get(key: Ref): V | undefined {
    return this.#find("weakKeyMap.get", key)?.value;
  }

  /** Whether there is an entry for this object. */
  has(key: Ref): boolean {
    return this.#find("weakKeyMap.has", key) !== undefined;
  }

  /**
   * Sets the value of an object, without taking a reference to the object.
   * @throws HeapError `ERR_HEAP_TYPE` if its type has no weak references; else as `heap.weakref`
   */
  set(key: Ref, value: V): this {
    const p = this.#memory.requireReference("weakKeyMap.set", key);
    const entry = this.#find("weakKeyMap.set", p);
    if (entry) {
      entry.value = value;
      return this;
    }
    const weakref = this.watches.add("weakKeyMap.set", p, (dead) => {
      if (this.#entries.get(p)?.weakref === dead) this.#remove(p);
    });
    const stale = this.#entries.get(p);
    this.#entries.delete(p);
    this.#entries.set(p, { weakref, value });
    if (stale) this.watches.remove(stale.weakref);
    // Its callback found no entry if the object died while the weak reference was made.
    if (this.watches.peek(weakref) !== p) this.#remove(p);
    return this;
  }

  /** Removes an entry; false if there is none for this object. */
  delete(key: Ref): boolean {
    const p = this.#memory.resolve("weakKeyMap.delete", key);
    return this.#find("weakKeyMap.delete", p) !== undefined && this.#remove(p);
  }

  *entries(): IterableIterator<[Ptr, V]> {
    for (const [key, { weakref, value }] of this.#entries) {
      if (this.watches.peek(weakref) === key) yield [key, value];
    }
  }

  [Symbol.iterator](): IterableIterator<[Ptr, V]> {
    return this.entries();
  }

  clear(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { weakref } of entries) this.watches.remove(weakref);
  }

  /** The entry of an object, unless it is one of a dead object at the same address, whose callback is still to run. */
  #find(operation: string, key: Ref): { readonly weakref: Ptr; value: V } | undefined {
    const p = this.#memory.resolve(operation, key);
    const entry = this.#entries.get(p);
    return entry && this.watches.peek(entry.weakref) === p ? entry : undefined;
  }

  #remove(p: Ptr): boolean {
    const entry = this.#entries.get(p);
    this.#entries.delete(p);
    if (entry) this.watches.remove(entry.weakref);
    return entry !== undefined;
  }
}
