import { META_DYING, TYPE_WEAKREF, WEAKREF_BYTES, WEAKREF_REFERENT } from "../../generated/layout.js";
import { HeapError, hex } from "../../core/errors.js";
import { NULL, type Ptr } from "../../core/ptr.js";
import type { Counts } from "../access/counts.js";
import { argumentError, type Ref, type Space } from "../access/object-memory.js";
import { factsOf, type Types } from "../types/types.js";

/** Called with the weak reference, *borrowed*, after its referent died. */
export type WeakCallback = (weakref: Ptr) => void;

/** Weak references, and the callbacks that JavaScript keeps for the core, each under a number. */
export class Weakrefs {
  readonly #space: Space;
  readonly #counts: Counts;
  readonly #types: Types;
  readonly #callbacks = new Map<number, WeakCallback>();
  #lastToken = 0;

  constructor(space: Space, counts: Counts, types: Types) {
    this.#space = space;
    this.#counts = counts;
    this.#types = types;
  }

  /** A *new* reference to a weakref object. */
  make(operation: string, ref: Ref, callback?: WeakCallback): Ptr {
    const space = this.#space;
    const p = space.require(operation, ref);
    if (callback !== undefined && typeof callback !== "function") {
      throw argumentError(operation, "callback", callback, "a function");
    }
    const type = this.#types.of(operation, p);
    if (factsOf(type).weak === 0) {
      const message = `${operation}(${hex(p)}): a ${type.name} cannot be weakly referenced`;
      throw new HeapError("ERR_HEAP_TYPE", message, { operation, ptr: p });
    }
    const token = callback ? this.#keep(callback) : 0;
    const request = (): number => space.abi.weakref_new(p, token);
    try {
      return space.made(space.enter(request), operation, WEAKREF_BYTES, request, p);
    } catch (error) {
      this.#callbacks.delete(token);
      throw error;
    }
  }

  /** The referent, as a *new* reference; 0 if it is dead. */
  deref(ref: Ref): Ptr {
    const space = this.#space;
    const w = space.requireType("deref", ref, TYPE_WEAKREF, "weakref");
    const p = this.peek(w);
    if (p !== 0) this.#counts.keep(p);
    return p;
  }

  /** The referent, *borrowed*; 0 if it is dead. */
  peek(weakref: Ptr): Ptr {
    const { u32 } = this.#space.fresh();
    const p = u32[(weakref + WEAKREF_REFERENT) >>> 2]!;
    return p !== 0 && (u32[(p >>> 2) + 1]! & META_DYING) === 0 ? (p as Ptr) : NULL;
  }

  /** The core has cleared a weak reference with a callback, or says that it will not need one any more. */
  run(weakref: Ptr, token: number): void {
    const callback = this.#callbacks.get(token);
    this.#callbacks.delete(token);
    if (weakref !== 0 && callback) this.#space.engine.call(() => callback(weakref));
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
