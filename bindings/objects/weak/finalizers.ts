import { META_HOST, STATE_HOSTED } from "../../generated/layout.js";
import { requireFunction } from "../../core/arguments.js";
import type { Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ExternalBytes } from "../ownership/external-bytes.js";
import type { ObjectMemory } from "../access/object-memory.js";

/** What `heap.finalize` gives: Python's `weakref.finalize`. */
export interface Finalizer<T = unknown> {
  /** Whether it still waits for the object to die. */
  readonly alive: boolean;
  /** Whether it runs when the heap is disposed of while the object still lives. Default true. */
  atexit: boolean;
  /** Runs the function now, unless it ran or was detached, and returns its result; later calls give undefined. */
  call(): T | undefined;
  /** Gives up: the function will not run. What it was, or undefined if it is not alive or the object is dead. */
  detach(): FinalizerParts<T> | undefined;
  /** The object, *borrowed*, and the function; undefined if it is not alive or the object is dead. */
  peek(): FinalizerParts<T> | undefined;
}

/** What a finalizer is made of. */
export interface FinalizerParts<T = unknown> {
  readonly ptr: Ptr;
  readonly fn: () => T;
}

/** Functions to run when an object dies, by object; newest first. The heap keeps them, whoever else does not. */
export class Finalizers {
  readonly #memory: ObjectMemory;
  readonly #externalBytes: ExternalBytes;
  readonly #byObject = new Map<Ptr, Pending[]>();
  /** Hears of the deaths of objects that are watched; of others too, now and then. */
  onWatchedDeath: ((p: Ptr) => void) | undefined;
  #serial = 0;

  constructor(memory: ObjectMemory, externalBytes: ExternalBytes) {
    this.#memory = memory;
    this.#externalBytes = externalBytes;
  }

  /** Adds a function to run once, at the death of an object. */
  add<T>(ref: Ref, fn: () => T): Finalizer<T> {
    const p = this.#memory.require("finalize", ref);
    requireFunction("finalize", "fn", fn);
    const pending = new Pending(this, p, fn, ++this.#serial);
    const others = this.#byObject.get(p);
    if (others) others.push(pending);
    else this.#byObject.set(p, [pending]);
    this.#mark(p, true);
    // From now on deaths call the host: the core has to see that there is stack left for that.
    this.#memory.lifecycle.started().setState(STATE_HOSTED, 1);
    return pending as Pending as Finalizer<T>;
  }

  /** The object dies: runs what waits for that. */
  died(p: Ptr): void {
    this.onWatchedDeath?.(p);
    const waiting = this.#byObject.get(p)?.reverse() ?? [];
    this.#byObject.delete(p);
    for (const pending of waiting) pending.isDead = true;
    for (const pending of waiting) this.#run(pending);
  }

  /** Lets `onWatchedDeath` hear of the death of an object. */
  watch(p: Ptr): void {
    this.#mark(p, true);
    this.#memory.lifecycle.started().setState(STATE_HOSTED, 1);
  }

  /** The heap is disposed of: runs what still waits and wants to run then, newest first, also what that adds. */
  exit(): void {
    for (let last = -1; last !== this.#serial;) {
      last = this.#serial;
      const waiting = [...this.#byObject.values()].flat().sort((a, b) => b.serial - a.serial);
      for (const pending of waiting) {
        if (!pending.alive || !pending.atexit) continue;
        this.remove(pending);
        this.#run(pending);
        // What was added just now is the newest.
        if (this.#serial !== last) break;
      }
    }
  }

  /** What still waits for the death of an object, newest last. */
  all(): (FinalizerParts & { readonly atexit: boolean })[] {
    const waiting = [...this.#byObject.values()].flat().sort((a, b) => a.serial - b.serial);
    return waiting.flatMap((pending) => {
      const parts = pending.peek();
      return parts ? [{ ...parts, atexit: pending.atexit }] : [];
    });
  }

  /** It need not run any more. */
  remove(pending: Pending): void {
    const others = this.#byObject.get(pending.ptr);
    const index = others?.lastIndexOf(pending) ?? -1;
    if (others === undefined || index < 0) return;
    others.splice(index, 1);
    if (others.length > 0) return;
    this.#byObject.delete(pending.ptr);
    if (this.onWatchedDeath === undefined) this.#mark(pending.ptr, false);
  }

  /** The heap was reset. */
  clear(): void {
    for (const waiting of this.#byObject.values()) for (const pending of waiting) pending.take();
    this.#byObject.clear();
  }

  #run(pending: Pending): void {
    const fn = pending.take();
    if (fn) this.#memory.lifecycle.callbacks.run(fn);
  }

  /** Tells the core whether anybody wants to hear of the object's death. */
  #mark(p: Ptr, wanted: boolean): void {
    const word = (p >>> 2) + 1;
    const { u32 } = this.#memory;
    u32[word] = wanted || this.#externalBytes.has(p) ? u32[word]! | META_HOST : u32[word]! & ~META_HOST;
  }
}

class Pending implements Finalizer {
  readonly ptr: Ptr;
  readonly serial: number;
  readonly #finalizers: Finalizers;
  #fn: (() => unknown) | undefined;
  atexit = true;
  /** Whether the object is dead. */
  isDead = false;

  constructor(finalizers: Finalizers, ptr: Ptr, fn: () => unknown, serial: number) {
    this.#finalizers = finalizers;
    this.ptr = ptr;
    this.#fn = fn;
    this.serial = serial;
  }

  get alive(): boolean {
    return this.#fn !== undefined;
  }

  call(): unknown {
    this.#finalizers.remove(this);
    return this.take()?.();
  }

  detach(): FinalizerParts | undefined {
    const parts = this.peek();
    if (parts === undefined) return undefined;
    this.#finalizers.remove(this);
    this.#fn = undefined;
    return parts;
  }

  peek(): FinalizerParts | undefined {
    return this.#fn && !this.isDead ? { ptr: this.ptr, fn: this.#fn } : undefined;
  }

  /** The function, for the last time. */
  take(): (() => unknown) | undefined {
    const fn = this.#fn;
    this.#fn = undefined;
    return fn;
  }
}
