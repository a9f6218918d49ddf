/// <reference lib="esnext.disposable" preserve="true" />
import type { Collector, Generation } from "../collector/collector.js";
import type { Core } from "../core/core.js";
import { makeDisposable } from "../core/disposable.js";
import { HeapError } from "../core/errors.js";
import type { LeakReport } from "../core/leak-report.js";
import type { Ptr } from "../core/ptr.js";
import type { ArenaMap } from "../inspect/arena-map.js";
import type { HeapCensus, HeapDiff } from "../inspect/census.js";
import type { PathOptions, TextStream } from "../inspect/inspection.js";
import type { PathToRoot } from "../inspect/paths.js";
import type { RetainedSizes } from "../inspect/retained.js";
import type { Handle, Ref } from "../objects/access/handle.js";
import type { RootFunction, TraverseFunction } from "../objects/ownership/host-references.js";
import { runScope, runScopeAsync, type Scope } from "../objects/ownership/scope.js";
import type { ValueStack } from "../objects/ownership/value-stack.js";
import type { Type } from "../objects/types/type.js";
import type { Finalizer } from "../objects/weak/finalizers.js";
import { WeakKeyMap } from "../objects/weak/weak-key-map.js";
import { WeakObjectSet } from "../objects/weak/weak-object-set.js";
import { WeakValueMap } from "../objects/weak/weak-value-map.js";
import type { WeakCallback } from "../objects/weak/weakrefs.js";
import { writeImage } from "../image/image.js";
import { takeNotes } from "../image/notes.js";
import type { Profiler } from "../profile/profiler.js";
import { ObjectHeap } from "./object-heap.js";
import { cloneHeap, restoreHeap, type RestoreOptions } from "./restore.js";

/** Blocks that a report of leaks names. */
const REPORTED_BLOCKS = 100;

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
    coreOf = (heap) => heap.lifecycle.live();
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
    return this.objectLayer.weakrefs.make("weakref", p, callback);
  }

  /**
   * The referent of a weakref object as a *new* reference; 0 if it is dead.
   * @throws HeapError `ERR_HEAP_TYPE` if `weakref` is none
   */
  deref(weakref: Ref): Ptr {
    return this.objectLayer.weakrefs.deref(weakref);
  }

  /** A *new* map from anything to objects that it does not keep alive. (CPython: weakref.WeakValueDictionary) */
  weakValueMap<K = unknown>(entries: Iterable<readonly [K, Ref]> = []): WeakValueMap<K> {
    this.lifecycle.live();
    return new WeakValueMap(this.objectLayer.watches, entries);
  }

  /** A *new* map from objects that it does not keep alive to anything. (CPython: weakref.WeakKeyDictionary) */
  weakKeyMap<V = unknown>(entries: Iterable<readonly [Ref, V]> = []): WeakKeyMap<V> {
    this.lifecycle.live();
    const { memory, watches } = this.objectLayer;
    return new WeakKeyMap(memory, watches, entries);
  }

  /** A *new* set of objects that it does not keep alive. (CPython: weakref.WeakSet) */
  weakSet(values: Iterable<Ref> = []): WeakObjectSet {
    this.lifecycle.live();
    const { memory, watches } = this.objectLayer;
    return new WeakObjectSet(memory, watches, values);
  }

  /**
   * Runs `fn` once, when `p` dies, after its own finalizer and its weak references; of several the newest first. The
   * object is gone by then. Kept by the heap, whether the caller keeps the result or not; what still waits when the heap
   * is disposed of runs then. (CPython: weakref.finalize)
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `fn` is no function
   */
  finalize<T>(p: Ref, fn: () => T): Finalizer<T> {
    return this.objectLayer.finalizers.add(p, fn);
  }

  // ---- cycles ----

  /**
   * Finds and frees what only cycles keep alive, in generations 0 … `generation`. The number of tracked objects that were
   * trash: what finalizers brought back, or freed themselves, is not counted. 0 inside a collection. (CPython: gc.collect)
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `generation` is not 0, 1 or 2; `ERR_HEAP_CORRUPT` if an object has fewer
   * counted references than were found
   */
  gc(generation: Generation = 2): number {
    return this.objectLayer.collector.collect(generation);
  }

  /** When and how cycles are collected, and what the collector knows. (CPython: the module gc) */
  get collector(): Collector {
    return this.objectLayer.collector;
  }

  // ---- deferred counting, and what the host holds ----

  /**
   * A *new* stack of references that are not counted, for the values of a machine. From the first one on deaths are
   * deferred: an object whose last counted reference is released dies at the next `reclaim()` that finds it on no stack.
   * (Deutsch and Bobrow, CACM 19:9, 1976)
   * @throws HeapError `ERR_HEAP_ARGUMENT` unless `slots` is 1 … 2²⁴, `ERR_HEAP_OOM`
   */
  stack(options: { readonly slots: number }): ValueStack {
    return this.objectLayer.deferral.makeStack(options);
  }

  /**
   * A safe point of deferred counting: objects die whose last counted reference was released before and that lie on no
   * stack and are no root, in the order of their release. It happens by itself when some thousands wait, and before each
   * collection. The number of objects that were due; what they alone held is not counted.
   * @throws HeapError `ERR_HEAP_DOUBLE_FREE` if more was released than was taken, `ERR_HEAP_BAD_POINTER` or
   * `ERR_HEAP_USE_AFTER_FREE` if a stack holds what is no live object, what a function given to `addRoots` threw
   */
  reclaim(): number {
    return this.objectLayer.deferral.reclaim();
  }

  /**
   * Adds a function that visits references which the host holds without counting them. It is called when the heap has to
   * know: before each `reclaim()` and each collection, and after finalizers that these run. What it visits lives as if it
   * lay on a stack; deaths are deferred from now on. If it throws nothing dies. The result takes the function away.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `fn` is no function, `ERR_HEAP_OOM`
   */
  addRoots(fn: RootFunction): () => void {
    return this.objectLayer.references.addRoots(fn);
  }

  /**
   * Adds a function that visits the references which the host owns on behalf of an object of `type`, or of a type derived
   * from it, as CPython's tp_traverse does. So cycles through JavaScript are found. Such a reference is counted: the host
   * took it with `incref` or was given it. What the function visits after the object's finalizer has run is released by
   * the heap, as the fields are; forget it then, in a function of `heap.finalize`. If it throws the collection is given up.
   * The result takes the function away.
   * @throws HeapError `ERR_HEAP_TYPE` for a type that is built in, of another heap, or acyclic, or that has instances
   * but no references; `ERR_HEAP_ARGUMENT` if `fn` is no function
   */
  addTraverse(type: Type, fn: TraverseFunction): () => void {
    return this.objectLayer.references.addTraverse(type, fn);
  }

  // ---- looking inside ----

  /**
   * Writes the heap as V8's `.heapsnapshot`, which Chrome DevTools and other tools open (Memory ▸ Load profile), piece by
   * piece. Objects are of the class of their type, fields are properties, items elements; the groups below `(GC roots)`
   * say who holds what from outside; raw blocks and what the heap takes for itself are native nodes, so that all sizes
   * add up to `heapUsed` of `stats()`. Nothing is allocated in the heap, and `write` must not change it.
   *
   * An object has the same id in later snapshots, odd and never used again. In the release core, without the option
   * `serials`, one that took the place of a dead one of its type since the last snapshot counts as the same.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `write` is no function, `ERR_HEAP_BUSY` inside a finalizer or callback; and
   * what `write` throws
   */
  heapSnapshot(write: (chunk: string) => void): void {
    this.objectLayer.inspection.heapSnapshot(write, this.stats());
  }

  /**
   * The same into a `WritableStream` of strings, as it is at the call. Closes the stream, or aborts it on a failure.
   * @throws HeapError as `heapSnapshot`; what the stream throws
   */
  async heapSnapshotStream(stream: TextStream): Promise<void> {
    await this.objectLayer.inspection.heapSnapshotStream(stream, this.stats());
  }

  /**
   * Who holds an object: the shortest ways from what the host holds to it, shortest first, no more than `limit`. A *new*
   * array that prints as text; pointers in it are *borrowed*. Reads the whole heap.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback
   */
  pathsToRoot(p: Ref, options: PathOptions = {}): PathToRoot[] {
    return this.objectLayer.inspection.pathsToRoot(p, options);
  }

  /**
   * How many bytes each object holds: what would be free if nothing referred to it any more. A *new* table that answers
   * for the moment of the call. Reads the whole heap and finds its dominators.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback
   */
  retainedSizes(): RetainedSizes {
    return this.objectLayer.inspection.retainedSizes();
  }

  /**
   * What the heap holds now, counted by type and, for what a running `profile` saw made, by place: a *new* object to
   * `diff` with a later one. Reads the whole heap.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback
   */
  census(): HeapCensus {
    return this.objectLayer.inspection.census();
  }

  /**
   * What became more or less between two moments, or since one: a *new* object that prints as a table, what grew most
   * first. A moment is what `census` gave then, or the image that `snapshot` made of this heap.
   * @throws HeapError `ERR_HEAP_ARGUMENT` for anything else, `ERR_HEAP_CORRUPT` for an image that was damaged,
   * `ERR_HEAP_BUSY` inside a finalizer or callback
   */
  diff(before: HeapCensus | Uint8Array, after?: HeapCensus | Uint8Array): HeapDiff {
    return this.objectLayer.inspection.diff(before, after);
  }

  /**
   * Which pages of which arenas hold what, and how full they are, as plain numbers: a *new* object. Reads the free lists of
   * all pools.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback
   */
  arenaMap(): ArenaMap {
    return this.objectLayer.inspection.arenaMap();
  }

  /** Where objects and blocks are made. (CPython: the module tracemalloc) */
  get profile(): Profiler {
    this.lifecycle.live();
    return this.objectLayer.profiler;
  }

  // ---- handles and scopes ----

  /** A *new* handle that owns the reference `ref`: *steals* it, unless it throws. */
  own(ref: Ref): Handle {
    return this.objectLayer.handles.own(ref);
  }

  /**
   * Runs `body` with a scope, and disposes of what the scope owns when `body` returns or throws; gives what it returns.
   * @throws what `body` or a disposal threw; several failures together as an `AggregateError`
   */
  scope<T>(body: (scope: Scope) => T): T {
    this.lifecycle.live();
    return runScope(this.objectLayer.handles, body);
  }

  /** The same for asynchronous bodies: the scope ends when the promise is settled. */
  async scopeAsync<T>(body: (scope: Scope) => PromiseLike<T> | T): Promise<T> {
    this.lifecycle.live();
    return runScopeAsync(this.objectLayer.handles, body);
  }

  // ---- the heap as a whole ----

  /**
   * An image of the heap: a *new* array with the pages in use and what the bindings know of types, to be kept anywhere
   * and made into a heap again by {@link Heap.restore}. Changes nothing. Functions are noted by their names only. What
   * the program holds (handles, weak collections, numbers of pointers) is the program's: pointers mean the same in the
   * restored heap. Not compressed; a `CompressionStream` does that.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback
   */
  snapshot(): Uint8Array {
    const core = this.lifecycle.live();
    this.lifecycle.callbacks.requireNone("snapshot");
    return writeImage(core, takeNotes(this.objectLayer));
  }

  /**
   * A *new* heap from an image that `snapshot` of the same version of the package made, in this or another thread,
   * process or host. Objects are where they were and counted as they were: who held a reference by a handle or a pointer
   * holds it in the new heap too, and releases it there, for instance by `heap.own(ptr)`. Types are found by
   * {@link Heap.typeNamed}. Finalizers and callbacks are bound again by `options`.
   * @throws HeapError `ERR_HEAP_CORRUPT` if the image was damaged, cut off or made by another version; `ERR_HEAP_ARGUMENT`
   * for an option, or a function that is missing; `ERR_HEAP_OOM`. Nothing is made then
   */
  static restore(bytes: Uint8Array, options: RestoreOptions = {}): Heap {
    return restoreHeap(bytes, options) as Heap;
  }

  /**
   * A *new* heap with the same content, options, finalizers and callbacks; see `snapshot` for what stays the program's.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback, `ERR_HEAP_OOM`
   */
  clone(): Heap {
    return cloneHeap(this.snapshot(), this) as Heap;
  }

  /** The first type that was defined with this name, if there is one; built-in types have Python's names. */
  typeNamed(name: string): Type | undefined {
    this.lifecycle.live();
    return this.objectLayer.types.all().find((type) => type.name === name);
  }

  /** Frees everything at once: blocks, objects without their finalizers, handles. Types stay. See `ByteHeap.reset`. */
  override reset(): void {
    super.reset();
    const { handles, weakrefs, finalizers, externalBytes, watches, profiler, deferral } = this.objectLayer;
    deferral.clear();
    watches.clear();
    handles.clear();
    weakrefs.clear();
    finalizers.clear();
    externalBytes.clear();
    profiler.clear();
    this.lifecycle.restart();
  }

  /**
   * Ends the heap: runs what `finalize` still has, reports to `onLeak` what is still held from outside, lets go of the
   * memory, and makes every later call throw. Never fails because of what is still held. May be repeated.
   * @throws HeapError `ERR_HEAP_BUSY` inside a finalizer or callback; `ERR_HEAP_CORRUPT` if the heap is too damaged to
   * say what is still held, and disposed of all the same
   */
  dispose(): void {
    const { lifecycle } = this;
    if (lifecycle.isDisposed) return;
    lifecycle.callbacks.requireNone("dispose");
    try {
      if (!lifecycle.isClosed) this.#finish();
    } catch (error) {
      if (error instanceof HeapError) throw error;
      lifecycle.callbacks.report(error);
    } finally {
      lifecycle.dispose();
      this.objectLayer.handles.clear();
    }
  }

  /** Whether `dispose()` was called. */
  get disposed(): boolean {
    return this.lifecycle.isDisposed;
  }

  /** For consoles: what it takes, in one line. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    if (this.lifecycle.isDisposed) return "Heap { disposed }";
    if (this.lifecycle.isClosed) return "Heap { corrupt }";
    const { heapUsed, heapTotal, heapSizeLimit } = this.stats();
    const handles = this.objectLayer.handles.records.length;
    const types = this.objectLayer.types.all().length;
    const bytes = `${mib(heapUsed)} of ${mib(heapTotal)} MiB used, limit ${mib(heapSizeLimit)} MiB`;
    return `Heap { ${bytes}, ${types} types, ${handles} handles }`;
  }

  #finish(): void {
    const { callbacks, settings } = this.lifecycle;
    this.lifecycle.live();
    const { finalizers, watches } = this.objectLayer;
    finalizers.exit();
    watches.end();
    this.objectLayer.deferral.finish();
    const report = this.#report();
    if (report.blocks > 0 || report.handles > 0 || report.held.length > 0) {
      callbacks.run(() => settings.onLeak(report));
    }
  }

  #report(): LeakReport {
    const { diagnostics, settings } = this.lifecycle;
    const core = this.lifecycle.live();
    const { leaks, inspection, deferral } = this.objectLayer;
    deferral.reclaim();
    this.objectLayer.collector.abandon();
    this.clearFreeLists();
    return this.lifecycle.protect(() => {
      // The debug core guards the blocks of the host only, and lists them.
      const own = settings.strict ? { blocks: 0, bytes: 0, given: leaks.givenBlocks() } : leaks.ownBlocks();
      const blocks = diagnostics.leaks(core, this.stats(), own);
      const isListed = blocks.blocks === 0 || settings.strict;
      return {
        ...blocks,
        ...(isListed ? {} : { leaked: inspection.blocks(REPORTED_BLOCKS) }),
        ...leaks.report(),
      };
    });
  }
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 2 ** 24 ? 1 : 0);
}

makeDisposable(Heap.prototype);
