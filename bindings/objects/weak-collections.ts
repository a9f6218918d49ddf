import { makeDisposable } from "../dispose.js";
import { NULL, type Ptr } from "../ptr.js";
import type { Counts } from "./counts.js";
import { requireIterable, type Ref, type Space } from "./space.js";
import type { Weakrefs } from "./weakrefs.js";

/** What weak collections are made of. */
export interface WeakParts {
  readonly space: Space;
  readonly counts: Counts;
  readonly weakrefs: Weakrefs;
  /** Weak references that collections own; empty again once the heap was reset. */
  readonly owned: Set<Ptr>;
}

/** A weak reference that a collection owns, and what to do when its referent dies. */
function watch(parts: WeakParts, operation: string, ref: Ref, died: (weakref: Ptr) => void): Ptr {
  const weakref = parts.weakrefs.make(operation, ref, died);
  parts.owned.add(weakref);
  return weakref;
}

/** The collection lets go of its weak reference, whose callback will then not run. */
function unwatch({ owned, space, counts }: WeakParts, weakref: Ptr): void {
  if (owned.delete(weakref) && !space.engine.disposed) counts.drop(weakref);
}

/** The object behind a weak reference that a collection owns; 0 if it is dead. */
function peek({ owned, weakrefs }: WeakParts, weakref: Ptr): Ptr {
  return owned.has(weakref) ? weakrefs.peek(weakref) : NULL;
}

/**
 * A `Map` from anything to objects of the heap, which it does not keep alive: an entry goes when its object dies.
 * Pointers that come out are *borrowed*. As with `Map`, entries may come and go while it is iterated.
 *
 * The collection owns a weak reference for each entry; `dispose()` or `clear()` releases them.
 */
export class WeakValueMap<K = unknown> implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #parts: WeakParts;
  /** Weak references by key. */
  readonly #weak = new Map<K, Ptr>();

  /** @internal Use `heap.weakValueMap`. */
  constructor(parts: WeakParts, entries: Iterable<readonly [K, Ref]>) {
    requireIterable("weakValueMap", "entries", entries);
    this.#parts = parts;
    for (const [key, value] of entries) this.set(key, value);
  }

  /** Entries whose object lives. */
  get size(): number {
    return this.#weak.size;
  }

  /** The object of a key, *borrowed*; undefined if there is none, or none any more. */
  get(key: K): Ptr | undefined {
    const weakref = this.#weak.get(key);
    return weakref === undefined ? undefined : peek(this.#parts, weakref) || undefined;
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
    const weakref = watch(this.#parts, "weakValueMap.set", value, (dead) => {
      if (this.#weak.get(key) === dead) this.delete(key);
    });
    const old = this.#weak.get(key);
    this.#weak.set(key, weakref);
    if (old !== undefined) unwatch(this.#parts, old);
    return this;
  }

  /** Removes an entry; was there one? */
  delete(key: K): boolean {
    const weakref = this.#weak.get(key);
    if (weakref === undefined) return false;
    this.#weak.delete(key);
    unwatch(this.#parts, weakref);
    return true;
  }

  /** Removes all entries. */
  clear(): void {
    const weakrefs = [...this.#weak.values()];
    this.#weak.clear();
    for (const weakref of weakrefs) unwatch(this.#parts, weakref);
  }

  /** The same as `clear()`. */
  dispose(): void {
    this.clear();
  }

  /** Keys and objects, *borrowed*, in the order of insertion. */
  *entries(): IterableIterator<[K, Ptr]> {
    for (const [key, weakref] of this.#weak) {
      const value = peek(this.#parts, weakref);
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

/**
 * A `Map` from objects of the heap, by identity, to anything; it does not keep the objects alive: an entry goes when
 * its object dies. Keys that come out are *borrowed*. Values are kept as they are: a pointer among them is not counted.
 *
 * The collection owns a weak reference for each entry; `dispose()` or `clear()` releases them.
 */
export class WeakKeyMap<V = unknown> implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #parts: WeakParts;
  readonly #entries = new Map<Ptr, { readonly weakref: Ptr; value: V }>();

  /** @internal Use `heap.weakKeyMap`. */
  constructor(parts: WeakParts, entries: Iterable<readonly [Ref, V]>) {
    requireIterable("weakKeyMap", "entries", entries);
    this.#parts = parts;
    for (const [key, value] of entries) this.set(key, value);
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
    const weakref = watch(this.#parts, "weakKeyMap.set", p, (dead) => {
      if (this.#entries.get(p)?.weakref === dead) this.#remove(p);
    });
    const stale = this.#entries.get(p);
    this.#entries.delete(p);
    this.#entries.set(p, { weakref, value });
    if (stale) unwatch(this.#parts, stale.weakref);
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
    for (const { weakref } of entries) unwatch(this.#parts, weakref);
  }

  /** The same as `clear()`. */
  dispose(): void {
    this.clear();
  }

  /** Objects, *borrowed*, and values, in the order of insertion. */
  *entries(): IterableIterator<[Ptr, V]> {
    for (const [key, { weakref, value }] of this.#entries) {
      if (peek(this.#parts, weakref) === key) yield [key, value];
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
    return entry && peek(this.#parts, entry.weakref) === p ? entry : undefined;
  }

  #remove(p: Ptr): boolean {
    const entry = this.#entries.get(p);
    this.#entries.delete(p);
    if (entry) unwatch(this.#parts, entry.weakref);
    return entry !== undefined;
  }
}

makeDisposable(WeakKeyMap.prototype);

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
  constructor(parts: WeakParts, values: Iterable<Ref>) {
    requireIterable("weakSet", "values", values);
    this.#map = new WeakKeyMap(parts, []);
    for (const value of values) this.add(value);
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
