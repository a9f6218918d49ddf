import * as layout from "../generated/layout.js";
import { argumentError } from "../core/arguments.js";
import type { Core } from "../core/core.js";
import { HeapError, hex } from "../core/errors.js";
import type { Lifecycle } from "../core/lifecycle.js";
import { NULL, isTagged, isU32, type Ptr } from "../core/ptr.js";
import { THRESHOLDS_EXPECTED, areThresholds, type Thresholds } from "../core/thresholds.js";
import type { Counts } from "../objects/access/counts.js";
import type { Ref } from "../objects/access/handle.js";
import type { ObjectCalls } from "../objects/access/object-calls.js";
import type { ObjectMemory } from "../objects/access/object-memory.js";
import type { HostReferences } from "../objects/ownership/host-references.js";
import type { Types } from "../objects/types/types.js";
import { measuring, type MeasureOptions } from "./measure.js";
import { Queries } from "./queries.js";
import {
  addCollection,
  blankStats,
  type CollectionCallback,
  type CollectionInfo,
  type GenerationStats,
} from "./stats.js";

/** 0: the young; 2: the old. A collection of one takes the younger ones along. */
export type Generation = 0 | 1 | 2;

/** What one slice may take; the first limit that is reached ends it. */
export interface SliceBudget {
  /** Milliseconds. Default 1, unless `budgetObjects` is given. */
  readonly budgetMs?: number | undefined;
  /** References to look at, about as many as objects. */
  readonly budgetObjects?: number | undefined;
}

/** References that one call of the core looks at: some 50 µs, the grain of `budgetMs`. */
const SLICE_UNITS = 4000;
const BUDGET_EXPECTED =
  "an object with budgetMs (milliseconds above 0) or budgetObjects (a whole number above 0)";

/** How a collector is set; `garbage` is what its list owns. */
export interface CollectorSettings {
  readonly isEnabled: boolean;
  readonly thresholds: Thresholds;
  readonly debug: number;
  readonly garbage: readonly Ptr[];
}

const FROZEN = 3;
const WORD = 4;
/** Sum of all debug flags. */
const ALL_FLAGS = 39;

/** The cycle collector of a heap: Python's module `gc`. */
export class Collector {
  /** `gc.DEBUG_STATS`: report each collection on the console. */
  readonly STATS = 1;
  /** `gc.DEBUG_COLLECTABLE`: name each object of the trash on the console. */
  readonly COLLECTABLE = 2;
  /** `gc.DEBUG_UNCOLLECTABLE`: there is nothing uncollectable in this heap. */
  readonly UNCOLLECTABLE = 4;
  /** `gc.DEBUG_SAVEALL`: keep all trash in `garbage`. */
  readonly SAVEALL = 32;
  /** `gc.DEBUG_LEAK`: COLLECTABLE, UNCOLLECTABLE and SAVEALL. */
  readonly LEAK = 38;
  /** Called at the start and the end of each collection, in the order in which they were added. (CPython: gc.callbacks) */
  readonly callbacks = new Set<CollectionCallback>();
  readonly #lifecycle: Lifecycle;
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #types: Types;
  readonly #queries: Queries;
  readonly #references: HostReferences;
  readonly #garbage: Ptr[] = [];
  #enabled: boolean;
  #thresholds: Thresholds;
  #debug = 0;
  #stats = blankStats();
  /** When the last collection of each generation began. */
  readonly #began = [0, 0, 0];
  #manual = false;
  /** When this slice began, if it is one that was asked for; what the run's slices before it took. */
  #sliceBegan: number | undefined;
  #slicedMs = 0;

  /** @internal */
  constructor(
    memory: ObjectMemory,
    calls: ObjectCalls,
    types: Types,
    counts: Counts,
    references: HostReferences,
  ) {
    this.#lifecycle = memory.lifecycle;
    this.#memory = memory;
    this.#calls = calls;
    this.#types = types;
    this.#queries = new Queries(memory, calls, counts);
    this.#references = references;
    this.#enabled = memory.lifecycle.settings.autoCollect;
    this.#thresholds = memory.lifecycle.settings.thresholds;
  }

  // ---- collecting ----

  /** @internal `heap.gc` */
  collect(generation: unknown): number {
    requireGeneration("gc", generation);
    // Where the first object has no room, there is none to collect.
    const core = this.#lifecycle.tryStarted();
    if (core === undefined) return 0;
    const outer = this.#manual;
    this.#manual = true;
    try {
      const collect = (): number => this.#calls.enter(() => this.#calls.abi.gc(generation));
      const found = this.#references.awaiting(collect);
      if (found >= 0) return found;
    } finally {
      this.#manual = outer;
    }
    throw this.#takeDamage(core);
  }

  /**
   * One slice of a full collection: true when it is complete. The program may change everything between slices; what it
   * lets go of meanwhile may be found by the next collection only. A piece of garbage that hangs together goes at once, so
   * a slice takes longer than its budget where one such piece is large.
   * Finalizers and callbacks run inside of slices. A collection of everything, by `gc()` or for want of memory, ends the run.
   * @throws HeapError `ERR_HEAP_ARGUMENT`; `ERR_HEAP_BUSY` inside a collection; `ERR_HEAP_CORRUPT` as `gc()`
   */
  step(budget: SliceBudget = {}): boolean {
    const { budgetMs, budgetObjects } = requireBudget(budget);
    const core = this.#lifecycle.tryStarted();
    if (core === undefined) return true;
    if (core.state(layout.STATE_COLLECTING) !== 0) {
      throw new HeapError("ERR_HEAP_BUSY", "collector.step: a collection is under way", {
        operation: "collector.step",
      });
    }
    const outer = this.#manual;
    this.#manual = true;
    const began = performance.now();
    this.#sliceBegan = began;
    const deadline = began + budgetMs;
    let left = budgetObjects;
    let state: number;
    let resumed = 0;
    try {
      do {
        const units = Math.min(left, SLICE_UNITS);
        const slice = (): number => this.#calls.enter(() => this.#calls.abi.gc_step(units, resumed));
        state = this.#references.awaiting(slice);
        left -= units;
        resumed = 1;
      } while (state === 0 && left > 0 && performance.now() < deadline);
    } finally {
      this.#manual = outer;
      this.#sliceBegan = undefined;
      this.#slicedMs += performance.now() - began;
    }
    if (state < 0) throw this.#takeDamage(core);
    return state !== 0;
  }

  /** @internal Ends a collection in slices, whose memory would look like blocks of the host. */
  abandon(): void {
    if (!this.#lifecycle.hasObjectLayer) return;
    this.#calls.enter(() => this.#calls.abi.gc_abandon());
  }

  /** Lets collections start by themselves. (CPython: gc.enable) */
  enable(): void {
    this.#lifecycle.live();
    this.#enabled = true;
    this.#apply();
  }

  /** Collections start only when asked for, or when memory is exhausted. (CPython: gc.disable) */
  disable(): void {
    this.#lifecycle.live();
    this.#enabled = false;
    this.#apply();
  }

  /** Whether collections start by themselves. (CPython: gc.isenabled) */
  get isEnabled(): boolean {
    this.#lifecycle.live();
    return this.#enabled;
  }

  /**
   * From which counts on a generation is collected; the first one 0: never. (CPython: gc.get_threshold, set_threshold)
   * @throws HeapError `ERR_HEAP_ARGUMENT` unless it is set to three whole numbers of 32 bits
   */
  get thresholds(): Thresholds {
    this.#lifecycle.live();
    return [...this.#thresholds];
  }
  set thresholds(value: Thresholds) {
    if (!areThresholds(value))
      throw argumentError("collector.thresholds", "thresholds", value, THRESHOLDS_EXPECTED);
    this.#lifecycle.live();
    this.#thresholds = [value[0], value[1], value[2]];
    this.#apply();
  }

  /** Allocations minus deallocations of containers, and collections of generations 0 and 1, since the last ones. (gc.get_count) */
  get counts(): [number, number, number] {
    const core = this.#lifecycle.tryStarted();
    if (core === undefined) return [0, 0, 0];
    return [
      core.state(layout.STATE_YOUNG_COUNT),
      core.state(layout.STATE_GC_COUNT1),
      core.state(layout.STATE_GC_COUNT2),
    ];
  }

  /** What the collections of each generation did: a *new* array. (CPython: gc.get_stats; durations since 3.15) */
  stats(): GenerationStats[] {
    this.#lifecycle.live();
    return this.#stats.map((stats) => ({ ...stats }));
  }

  /**
   * Notes each collection from now on with `performance.measure`: in Chrome's Performance panel a track of its own, with
   * what the collection found; elsewhere entries of the performance timeline. Returns what ends that.
   */
  measure(options: MeasureOptions = {}): () => void {
    this.#lifecycle.live();
    const callback = measuring(options);
    this.callbacks.add(callback);
    return () => void this.callbacks.delete(callback);
  }

  // ---- the permanent generation ----

  /** Sets all tracked objects aside: no collection looks at them. (CPython: gc.freeze) */
  freeze(): void {
    if (this.#lifecycle.tryStarted()) this.#calls.enter(() => this.#calls.abi.gc_freeze());
  }

  /** What was set aside belongs to generation 2 again. (CPython: gc.unfreeze) */
  unfreeze(): void {
    if (this.#lifecycle.tryStarted()) this.#calls.enter(() => this.#calls.abi.gc_unfreeze());
  }

  /** Number of objects set aside; walks them. (CPython: gc.get_freeze_count) */
  get freezeCount(): number {
    if (!this.#lifecycle.tryStarted()) return 0;
    return this.#calls.enter(() => this.#calls.abi.gc_objects(FROZEN, 0));
  }

  // ---- looking at objects ----

  /** Whether the collector looks at the object: not at what can be part of no cycle. (CPython: gc.is_tracked) */
  isTracked(p: Ref): boolean {
    return (this.#meta("isTracked", p) & layout.META_TRACKED) !== 0;
  }

  /** Whether the object's finalizer has run already. (CPython: gc.is_finalized) */
  isFinalized(p: Ref): boolean {
    return (this.#meta("isFinalized", p) & layout.META_FINALIZED) !== 0;
  }

  /**
   * The tracked objects of a generation, or of all but the permanent one: *borrowed*. (CPython: gc.get_objects)
   * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
   */
  objects(generation?: Generation | null): Ptr[] {
    if (generation !== undefined && generation !== null) requireGeneration("objects", generation);
    if (!this.#lifecycle.tryStarted()) return [];
    return this.#queries.objects(generation);
  }

  /**
   * The tracked objects that refer to any of these: *borrowed*. (CPython: gc.get_referrers)
   * @throws HeapError `ERR_HEAP_OOM`
   */
  referrers(...objects: Ref[]): Ptr[] {
    this.#lifecycle.live();
    return objects.length === 0 ? [] : this.#queries.referrers(objects);
  }

  /**
   * What these objects refer to, duplicates included: *borrowed*. (CPython: gc.get_referents)
   * @throws HeapError `ERR_HEAP_OOM`
   */
  referents(...objects: Ref[]): Ptr[] {
    this.#lifecycle.live();
    return this.#queries.referents(objects);
  }

  // ---- debugging ----

  /**
   * Flags for looking at trash, with CPython's values. (CPython: gc.get_debug, set_debug)
   * @throws HeapError `ERR_HEAP_ARGUMENT` for a number that is no sum of flags
   */
  get debug(): number {
    this.#lifecycle.live();
    return this.#debug;
  }
  set debug(flags: number) {
    if (!isU32(flags) || (flags & ~ALL_FLAGS) !== 0) {
      throw argumentError("collector.debug", "flags", flags, "a sum of the flags STATS, COLLECTABLE … LEAK");
    }
    this.#lifecycle.live();
    this.#debug = flags;
    this.#apply();
  }

  /** What SAVEALL kept. The array owns a reference to each; whoever takes one out owns it then. (CPython: gc.garbage) */
  get garbage(): Ptr[] {
    this.#lifecycle.live();
    this.#fetch();
    return this.#garbage;
  }

  // ---- the collector of another heap ----

  /** @internal How it is set, for an image of the heap. */
  settings(): CollectorSettings {
    return {
      isEnabled: this.#enabled,
      thresholds: this.#thresholds,
      debug: this.#debug,
      garbage: [...this.#garbage],
    };
  }

  /** @internal Sets it as that of the heap was whose image this heap was made from. */
  restore({ isEnabled, thresholds, debug, garbage }: CollectorSettings): void {
    this.#enabled = isEnabled;
    this.#thresholds = thresholds;
    this.#debug = debug;
    this.#garbage.push(...garbage);
    this.#apply();
  }

  // ---- what the core says ----

  /** @internal The object layer has started. */
  start(): void {
    this.#garbage.length = 0;
    this.#stats = blankStats();
    this.#apply();
  }

  /** @internal A collection starts or has ended, or has found trash. */
  onCollection(phase: number, subject: number): void {
    // The core may look for memory while its object layer is being made, or was made by half.
    if (!this.#lifecycle.isObjectLayerComplete) return;
    if (phase === layout.COLLECTION_START) this.#started(subject);
    else if (phase === layout.COLLECTION_STOP) this.#stopped(subject);
    else if (phase === layout.COLLECTION_TRASH)
      console.error(`gc: collectable <${this.#nameOf(subject as Ptr)} ${hex(subject)}>`);
  }

  #started(generation: number): void {
    if ((this.#debug & this.STATS) !== 0) {
      console.error(`gc: collecting generation ${generation}...\ngc: count: ${this.counts.join(" ")}`);
    }
    this.#callBack("start", { generation, collected: 0, uncollectable: 0, candidates: 0, durationMs: 0 });
    this.#began[generation] = performance.now();
    if (this.#sliceBegan !== undefined) this.#slicedMs = 0;
  }

  #stopped(generation: number): void {
    const began = this.#sliceBegan;
    const now = performance.now();
    const durationMs = began === undefined ? now - this.#began[generation]! : now - began + this.#slicedMs;
    const core = this.#lifecycle.started();
    const collected = core.state(layout.STATE_GC_COLLECTED);
    const candidates = core.state(layout.STATE_GC_CANDIDATES);
    const info = { generation, collected, uncollectable: 0, candidates, durationMs };
    this.#stats[generation] = addCollection(this.#stats[generation]!, info);
    if ((this.#debug & layout.DEBUG_SAVEALL) !== 0) this.#lifecycle.callbacks.run(() => this.#fetch());
    if ((this.#debug & this.STATS) !== 0) {
      console.error(
        `gc: done, ${collected} unreachable, 0 uncollectable, ${(durationMs / 1000).toFixed(4)}s elapsed`,
      );
    }
    if (!this.#manual && core.state(layout.STATE_FAULT) === layout.FAULT_CORRUPT) {
      this.#lifecycle.callbacks.report(this.#takeDamage(core));
    }
    this.#callBack("stop", info);
  }

  #callBack(phase: "start" | "stop", info: CollectionInfo): void {
    for (const callback of [...this.callbacks])
      this.#lifecycle.callbacks.run(() => callback(phase, { ...info }));
  }

  // ---- the core's words and lists ----

  #apply(): void {
    if (!this.#lifecycle.hasObjectLayer) return;
    const core = this.#lifecycle.started();
    core.setState(layout.STATE_GC_ENABLED, this.#enabled ? 1 : 0);
    this.#thresholds.forEach((threshold, i) =>
      core.setState(layout.STATE_GC_THRESHOLDS + i * WORD, threshold),
    );
    core.setState(layout.STATE_GC_DEBUG, this.#debug);
    core.setState(layout.STATE_GC_SLICE_UNITS, this.#lifecycle.settings.sliceUnits);
    this.#calls.enter(() => this.#calls.abi.gc_retune());
  }

  #meta(operation: string, ref: Ref): number {
    const p = this.#memory.requireReference(operation, ref);
    return isTagged(p) ? 0 : this.#memory.u32[(p + WORD) >>> 2]!;
  }

  #fetch(): void {
    if (!this.#lifecycle.hasObjectLayer) return;
    // One by one: there may be more than a call takes arguments.
    for (const p of this.#queries.saved()) this.#garbage.push(p);
  }

  /** The error for the object to which more references were found than are counted, and no fault from now on. */
  #takeDamage(core: Core): HeapError {
    const ptr = core.state(layout.STATE_FAULT_ADDRESS) as Ptr;
    core.takeFault();
    const count = this.#memory.i32[ptr >>> 2];
    const what = ptr === NULL ? "an object" : `the ${this.#nameOf(ptr)} at ${hex(ptr)}, count ${count},`;
    const message = `gc: ${what} is referred to more often than its count says: a reference was released twice`;
    return new HeapError("ERR_HEAP_CORRUPT", message, { operation: "gc", ptr });
  }

  #nameOf(ptr: Ptr): string {
    return this.#types.nameAt(ptr);
  }
}

function requireBudget(budget: unknown): { budgetMs: number; budgetObjects: number } {
  const wrong = () => argumentError("collector.step", "budget", budget, BUDGET_EXPECTED);
  if (typeof budget !== "object" || budget === null) throw wrong();
  for (const name of Object.keys(budget)) if (name !== "budgetMs" && name !== "budgetObjects") throw wrong();
  const { budgetMs, budgetObjects } = budget as SliceBudget;
  if (budgetMs !== undefined && !(typeof budgetMs === "number" && budgetMs > 0)) throw wrong();
  if (budgetObjects !== undefined && !(Number.isSafeInteger(budgetObjects) && budgetObjects > 0))
    throw wrong();
  return {
    budgetMs: budgetMs ?? (budgetObjects === undefined ? 1 : Infinity),
    budgetObjects: budgetObjects ?? Infinity,
  };
}

function requireGeneration(operation: string, value: unknown): asserts value is Generation {
  if (value !== 0 && value !== 1 && value !== 2)
    throw argumentError(operation, "generation", value, "0, 1 or 2");
}
