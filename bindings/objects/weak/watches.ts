import { NULL, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import type { Ref, Space } from "../access/object-memory.js";
import type { Weakrefs } from "./weakrefs.js";

/** What weak collections are made of. */
export interface WatchParts {
  readonly space: Space;
  readonly watches: Watches;
}

/** Fills a new collection with `entries`, or leaves it empty: nobody has it to dispose of if the constructor throws. */
export function addAll<T>(
  collection: { clear(): void },
  entries: Iterable<T>,
  add: (entry: T) => unknown,
): void {
  try {
    for (const entry of entries) add(entry);
  } catch (error) {
    collection.clear();
    throw error;
  }
}

/** Tells a collection that the referent of a weak reference is gone. */
type Departure = (weakref: Ptr) => void;

/** The weak references that the weak collections of one heap own, one for each entry. */
export class Watches {
  readonly #space: Space;
  readonly #counts: Counts;
  readonly #weakrefs: Weakrefs;
  readonly #departures = new Map<Ptr, Departure>();

  constructor(space: Space, counts: Counts, weakrefs: Weakrefs) {
    this.#space = space;
    this.#counts = counts;
    this.#weakrefs = weakrefs;
  }

  /** A weak reference to an object, and what to do when that dies. */
  add(operation: string, ref: Ref, departure: Departure): Ptr {
    const weakref = this.#weakrefs.make(operation, ref, departure);
    this.#departures.set(weakref, departure);
    return weakref;
  }

  /** Lets go of a weak reference, whose callback will then not run. */
  remove(weakref: Ptr): void {
    if (this.#departures.delete(weakref) && !this.#space.engine.disposed) this.#counts.drop(weakref);
  }

  /** The object behind a weak reference; 0 if it is dead. */
  peek(weakref: Ptr): Ptr {
    return this.#departures.has(weakref) ? this.#weakrefs.peek(weakref) : NULL;
  }

  /** The heap was reset: every object is gone, the weak references themselves as well. */
  clear(): void {
    const departures = [...this.#departures];
    this.#departures.clear();
    for (const [weakref, departure] of departures) departure(weakref);
  }

  /** The heap is disposed of: the weak references are no leak. */
  end(): void {
    for (const weakref of this.#departures.keys()) this.#counts.drop(weakref);
    this.clear();
  }
}
