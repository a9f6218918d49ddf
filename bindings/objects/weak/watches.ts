import { NULL, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import type { Ref } from "../access/handle.js";
import type { Weakrefs } from "./weakrefs.js";

/** Told that the referent of a weak reference is gone. */
type DeathListener = (weakref: Ptr) => void;

/** The weak references that the weak collections of one heap own, one for each entry. */
export class Watches {
  readonly #counts: Counts;
  readonly #weakrefs: Weakrefs;
  readonly #listeners = new Map<Ptr, DeathListener>();

  constructor(counts: Counts, weakrefs: Weakrefs) {
    this.#counts = counts;
    this.#weakrefs = weakrefs;
  }

  /** A weak reference to an object, and what to do when that dies. */
  add(operation: string, ref: Ref, onDeath: DeathListener): Ptr {
    const weakref = this.#weakrefs.make(operation, ref, onDeath);
    this.#listeners.set(weakref, onDeath);
    return weakref;
  }

  /** Lets go of a weak reference, whose callback will then not run. */
  remove(weakref: Ptr): void {
    if (this.#listeners.delete(weakref)) this.#counts.drop(weakref);
  }

  /** The object behind a weak reference; 0 if it is dead. */
  peek(weakref: Ptr): Ptr {
    return this.#listeners.has(weakref) ? this.#weakrefs.peek(weakref) : NULL;
  }

  /** The weak references. */
  all(): Ptr[] {
    return [...this.#listeners.keys()];
  }

  /** The heap was reset: every object is gone, the weak references themselves as well. */
  clear(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const [weakref, onDeath] of listeners) onDeath(weakref);
  }

  /** The heap is disposed of: the weak references are no leak. */
  end(): void {
    for (const weakref of this.#listeners.keys()) this.#counts.drop(weakref);
    this.clear();
  }
}
