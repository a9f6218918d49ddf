import { makeDisposable } from "../../core/disposable.js";
import type { Watches } from "./watches.js";

/**
 * What weak collections share. They own a weak reference for each entry; `dispose()` or `clear()` releases them. As with
 * `Map`, entries may come and go while one is iterated.
 */
export abstract class WeakCollection<K, V> implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  /** @internal */
  protected readonly watches: Watches;

  /** @internal */
  constructor(watches: Watches) {
    this.watches = watches;
  }

  /** Number of entries whose object lives. */
  abstract get size(): number;

  /** Keys and values of entries whose object lives, in the order of insertion; pointers are *borrowed*. */
  abstract entries(): IterableIterator<[K, V]>;

  /** Removes all entries. */
  abstract clear(): void;

  /** The same as `clear()`. */
  dispose(): void {
    this.clear();
  }

  /** The keys of {@link entries}. */
  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  /** The values of {@link entries}. */
  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  /** Calls `callback` with each of {@link entries}. */
  forEach(callback: (value: V, key: K, collection: this) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }

  /** @internal Fills a new collection, or leaves it empty: nobody has it to dispose of if the constructor throws. */
  protected addAll<T>(entries: Iterable<T>, add: (entry: T) => unknown): void {
    try {
      for (const entry of entries) add(entry);
    } catch (error) {
      this.clear();
      throw error;
    }
  }
}

makeDisposable(WeakCollection.prototype);
