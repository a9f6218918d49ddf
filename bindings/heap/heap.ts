/// <reference lib="esnext.disposable" preserve="true" />
import type { Collector, Generation } from "../collector/collector.js";
import type { Core } from "../core/core.js";
import { makeDisposable } from "./dispose.js";
import { HeapError } from "../core/errors.js";
import type { LeakReport } from "../core/leak-report.js";
import { ObjectHeap, partsOf } from "./object-heap.js";
import type { Finalizer } from "../objects/weak/finalizers.js";
import type { Handle } from "../objects/ownership/handle.js";
import { runScope, runScopeAsync, type Scope } from "../objects/ownership/scope.js";
import type { Ref } from "../objects/access/object-memory.js";
import { WeakKeyMap } from "../objects/weak/weak-key-map.js";
import { WeakObjectSet } from "../objects/weak/weak-object-set.js";
import { WeakValueMap } from "../objects/weak/weak-value-map.js";
import type { WeakCallback } from "../objects/weak/weakrefs.js";
import type { Ptr } from "../core/ptr.js";

const NO_BLOCKS = { blocks: 0, bytes: 0 };

/** The core of an open heap: for tests and benchmarks, exported by no entry of the package. */
export let coreOf: (heap: Heap) => Core;

/** What is alive in a heap, and who holds it. Empties the private free lists. */
export let reportOf: (heap: Heap) => LeakReport;

/**
 * A managed heap in one linear memory: bytes, counted objects, weak references, handles. Made by `createHeap`.
 *
 * Every method throws {@link HeapError} with a stable `code`; besides the codes it names, `ERR_HEAP_USE_AFTER_DISPOSE`
 * after `dispose()`, and `ERR_HEAP_CORRUPT` once a trap has cut an operation of the core short.
 */
export class Heap extends ObjectHeap implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;

  static {
    coreOf = (heap) => heap.engine.live();
    reportOf = (heap) => heap.#report();
  }

  // ---- weak references ----

  /**
   * A *new* reference to a weakref object, which does not keep `p` alive. Those without a callback are one object for
   * each referent. A callback is called with the dead weak reference, *borrowed*, newest first, once all weak references
   * to the object are cleared; not if the weakref dies first. (CPython: weakref.ref)
   * @throws HeapError `ERR_HEAP_TYPE` if the type of `p` has no weak references, `ERR_HEAP_OOM`
   */
  weakref(p: Ref, callback?: WeakCallback): Ptr {
    return partsOf(this).weakrefs.make("weakref", p, callback);
  }

  /**
   * The referent of a weakref object as a *new* reference; 0 if it is dead.
   * @throws HeapError `ERR_HEAP_TYPE` if `weakref` is none
   */
  deref(weakref: Ref): Ptr {
    return partsOf(this).weakrefs.deref(weakref);
  }

  /** A *new* map from anything to objects that it does not keep alive. (CPython: weakref.WeakValueDictionary) */
  weakValueMap<K = unknown>(entries: Iterable<readonly [K, Ref]> = []): WeakValueMap<K> {
    this.engine.live();
    return new WeakValueMap(partsOf(this), entries);
  }

  /** A *new* map from objects that it does not keep alive to anything. (CPython: weakref.WeakKeyDictionary) */
  weakKeyMap<V = unknown>(entries: Iterable<readonly [Ref, V]> = []): WeakKeyMap<V> {
    this.engine.live();
    return new WeakKeyMap(partsOf(this), entries);
  }

  /** A *new* set of objects that it does not keep alive. (CPython: weakref.WeakSet) */
  weakSet(values: Iterable<Ref> = []): WeakObjectSet {
    this.engine.live();
    return new WeakObjectSet(partsOf(this), values);
  }

  /**
   * Runs `fn` once, when `p` dies, after its own finalizer and its weak references; of several the newest first. The
   * object is gone by then. Kept by the heap, whether the caller keeps the result or not; what still waits when the heap
   * is disposed of runs then. (CPython: weakref.finalize)
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `fn` is no function
   */
  finalize<T>(p: Ref, fn: () => T): Finalizer<T> {
    return partsOf(this).finalizers.add(p, fn);
  }

  // ---- cycles ----

  /**
   * Finds and frees what only cycles keep alive, in generations 0 … `generation`. The number of tracked objects that were
   * trash: what finalizers brought back, or freed themselves, is not counted. 0 inside a collection. (CPython: gc.collect)
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `generation` is not 0, 1 or 2; `ERR_HEAP_CORRUPT` if an object has fewer
   * counted references than were found
   */
  gc(generation: Generation = 2): number {
    return partsOf(this).collector.collect(generation);
  }

  /** When and how cycles are collected, and what the collector knows. (CPython: the module gc) */
  get collector(): Collector {
    return partsOf(this).collector;
  }

  // ---- handles and scopes ----

  /** A *new* handle that owns the reference `ref`: *steals* it, unless it throws. */
  own(ref: Ref): Handle {
    return partsOf(this).handles.own(ref);
  }

  /**
   * Runs `body` with a scope, and disposes of what the scope owns when `body` returns or throws; gives what it returns.
   * @throws what `body` or a disposal threw; several failures together as an `AggregateError`
   */
  scope<T>(body: (scope: Scope) => T): T {
    this.engine.live();
    return runScope(partsOf(this).handles, body);
  }

  /** The same for asynchronous bodies: the scope ends when the promise is settled. */
  async scopeAsync<T>(body: (scope: Scope) => PromiseLike<T> | T): Promise<T> {
    this.engine.live();
    return runScopeAsync(partsOf(this).handles, body);
  }

  // ---- the heap as a whole ----

  /** Frees everything at once: blocks, objects without their finalizers, handles. Types stay. See `ByteHeap.reset`. */
  override reset(): void {
    super.reset();
    const { space, handles, weakrefs, finalizers, watches } = partsOf(this);
    watches.clear();
    handles.clear();
    weakrefs.clear();
    finalizers.clear();
    space.restart();
  }

  /**
   * Ends the heap: runs what `finalize` still has, reports to `onLeak` what is still held from outside, lets go of the
   * memory, and makes every later call throw. Never fails because of what is still held. May be repeated.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback; `ERR_HEAP_CORRUPT` if the heap is too damaged to
   * say what is still held, and disposed of all the same
   */
  dispose(): void {
    const { engine } = this;
    if (engine.disposed) return;
    engine.requireIdle("dispose");
    try {
      if (engine.sound) this.#finish();
    } catch (error) {
      if (error instanceof HeapError) throw error;
      engine.report(error);
    } finally {
      engine.end();
      partsOf(this).handles.clear();
    }
  }

  /** Was `dispose()` called? */
  get disposed(): boolean {
    return this.engine.disposed;
  }

  #finish(): void {
    const { engine } = this;
    engine.live();
    const { finalizers, watches } = partsOf(this);
    finalizers.exit();
    watches.end();
    const report = this.#report();
    if (report.blocks > 0 || report.handles > 0 || report.held.length > 0) {
      engine.call(() => engine.settings.onLeak(report));
    }
  }

  #report(): LeakReport {
    const { engine } = this;
    const core = engine.live();
    const { survey } = partsOf(this);
    this.clearFreeLists();
    return engine.protect(() => ({
      // The debug core guards the blocks of the host only, and lists them.
      ...engine.witness.leaks(core, this.stats(), engine.settings.strict ? NO_BLOCKS : survey.ownBlocks()),
      ...survey.report(),
    }));
  }
}

makeDisposable(Heap.prototype);
