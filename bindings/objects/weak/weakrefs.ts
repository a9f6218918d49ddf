import { META_DYING, TYPE_WEAKREF, WEAKREF_BYTES, WEAKREF_REFERENT } from "../../generated/layout.js";
import { requireFunction } from "../../core/arguments.js";
import { HeapError, hex } from "../../core/errors.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import type { Ref } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { factsOf } from "../types/type.js";
import type { Types } from "../types/types.js";

/** Called with the weak reference, *borrowed*, after its referent died. */
export type WeakCallback = (weakref: Ptr) => void;

/** Weak references, and the callbacks that JavaScript keeps for the core, each under a number. */
export class Weakrefs {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #counts: Counts;
  readonly #types: Types;
  readonly #callbacks = new Map<number, WeakCallback>();
  #lastToken = 0;

  constructor(memory: ObjectMemory, calls: ObjectCalls, counts: Counts, types: Types) {
    this.#memory = memory;
    this.#calls = calls;
    this.#counts = counts;
    this.#types = types;
  }

  /** A *new* reference to a weakref object. */
  make(operation: string, ref: Ref, callback?: WeakCallback): Ptr {
    const p = this.#memory.require(operation, ref);
    if (callback !== undefined) requireFunction(operation, "callback", callback);
    const type = this.#types.of(operation, p);
    if (factsOf(type).weak === 0) {
      const message = `${operation}(${hex(p)}): a ${type.name} cannot be weakly referenced`;
      throw new HeapError("ERR_HEAP_TYPE", message, { operation, ptr: p });
    }
    const token = callback ? this.#keep(callback) : 0;
    try {
      return this.#calls.make(operation, WEAKREF_BYTES, () => this.#calls.abi.weakref_new(p, token), p);
    } catch (error) {
      this.#callbacks.delete(token);
      throw error;
    }
  }

  /** The referent, as a *new* reference; 0 if it is dead. */
  deref(ref: Ref): Ptr {
    const w = this.#memory.requireType("deref", ref, TYPE_WEAKREF, "weakref");
    const p = this.peek(w);
    if (p !== 0) this.#counts.keep(p);
    return p;
  }

  /** The referent, *borrowed*; 0 if it is dead. */
  peek(weakref: Ptr): Ptr {
    const { u32 } = this.#memory.fresh();
    const p = u32[(weakref + WEAKREF_REFERENT) >>> 2]!;
    return p !== 0 && (u32[(p >>> 2) + 1]! & META_DYING) === 0 ? (p as Ptr) : NULL;
  }

  /** The core has cleared a weak reference with a callback, or says that it will not need one any more. */
  run(weakref: Ptr, token: number): void {
    const callback = this.#callbacks.get(token);
    this.#callbacks.delete(token);
    if (weakref !== 0 && callback) this.#memory.lifecycle.callbacks.run(() => callback(weakref));
  }

  /** The callbacks that are kept, each with its number. */
  all(): (readonly [token: number, callback: WeakCallback])[] {
    return [...this.#callbacks];
  }

  /** Keeps a callback under the number by which the core knows it already. */
  bind(token: number, callback: WeakCallback): void {
    this.#callbacks.set(token, callback);
  }

  /** The heap was reset. */
  clear(): void {
    this.#callbacks.clear();
  }

  #keep(callback: WeakCallback): number {
    do this.#lastToken = (this.#lastToken + 1) | 0;
    while (this.#lastToken === 0 || this.#callbacks.has(this.#lastToken));
    this.#callbacks.set(this.#lastToken, callback);
    return this.#lastToken;
  }
}
