import {
  COLLECTION_START,
  COLLECTION_STOP,
  COLLECTION_TRASH,
  DEBUG_SAVEALL,
  FAULT_CORRUPT,
  META_FINALIZED,
  META_TRACKED,
  STATE_FAULT,
  STATE_FAULT_ADDRESS,
  STATE_GC_CANDIDATES,
  STATE_GC_COLLECTED,
  STATE_GC_COUNT1,
  STATE_GC_COUNT2,
  STATE_GC_DEBUG,
  STATE_GC_ENABLED,
  STATE_GC_THRESHOLDS,
  STATE_YOUNG_COUNT,
} from "../generated/layout.js";
import { HeapError, hex } from "../core/errors.js";
import { NULL, isU32, type Ptr } from "../core/ptr.js";
import type { Counts } from "../objects/access/counts.js";
import { argumentError, type Ref, type Space } from "../objects/access/object-memory.js";
import type { Types } from "../objects/types/types.js";
import {
  addCollection,
  blankStats,
  type CollectionCallback,
  type CollectionInfo,
  type GenerationStats,
} from "./stats.js";
import { THRESHOLDS_EXPECTED, areThresholds, type Thresholds } from "./thresholds.js";

/** 0: the young; 2: the old. A collection of one takes the younger ones along. */
export type Generation = 0 | 1 | 2;

const FROZEN = 3;
const EVERY = 4;
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
  readonly #space: Space;
  readonly #types: Types;
  readonly #counts: Counts;
  readonly #garbage: Ptr[] = [];
  #enabled: boolean;
  #thresholds: Thresholds;
  #debug = 0;
  #stats = blankStats();
  #began = 0;
  #manual = false;

  /** @internal */
  constructor(space: Space, types: Types, counts: Counts) {
    this.#space = space;
    this.#types = types;
    this.#counts = counts;
    this.#enabled = space.engine.settings.autoCollect;
    this.#thresholds = space.engine.settings.thresholds;
  }

  // ---- collecting ----

  /** @internal `heap.gc` */
  collect(generation: unknown): number {
    requireGeneration("gc", generation);
    const space = this.#space;
    // Where the first object has no room, there is none to collect.
    if (!space.tryStart()) return 0;
    const { core } = space;
    const outer = this.#manual;
    this.#manual = true;
    try {
      const found = space.enter(() => space.abi.gc(generation));
      if (found >= 0) return found;
    } finally {
      this.#manual = outer;
    }
    const error = this.#damage(core.state(STATE_FAULT_ADDRESS) as Ptr);
    core.takeFault();
    throw error;
  }

  /** Lets collections start by themselves. (CPython: gc.enable) */
  enable(): void {
    this.#space.engine.live();
    this.#enabled = true;
    this.#apply();
  }

  /** Collections start only when asked for, or when memory is exhausted. (CPython: gc.disable) */
  disable(): void {
    this.#space.engine.live();
    this.#enabled = false;
    this.#apply();
  }

  /** Do collections start by themselves? (CPython: gc.isenabled) */
  get isEnabled(): boolean {
    this.#space.engine.live();
    return this.#enabled;
  }

  /**
   * From which counts on a generation is collected; the first one 0: never. (CPython: gc.get_threshold, set_threshold)
   * @throws HeapError `ERR_HEAP_ARGUMENT` unless it is set to three whole numbers of 32 bits
   */
  get thresholds(): Thresholds {
    this.#space.engine.live();
    return [...this.#thresholds];
  }
  set thresholds(value: Thresholds) {
    if (!areThresholds(value))
      throw argumentError("collector.thresholds", "thresholds", value, THRESHOLDS_EXPECTED);
    this.#space.engine.live();
    this.#thresholds = [value[0], value[1], value[2]];
    this.#apply();
  }

  /** Births minus deaths of containers, and collections of generations 0 and 1, since the last ones. (gc.get_count) */
  get counts(): [number, number, number] {
    if (!this.#space.tryStart()) return [0, 0, 0];
    const { core } = this.#space;
    return [core.state(STATE_YOUNG_COUNT), core.state(STATE_GC_COUNT1), core.state(STATE_GC_COUNT2)];
  }

  /** What the collections of each generation did: a *new* array. (CPython: gc.get_stats; durations since 3.15) */
  stats(): GenerationStats[] {
    this.#space.engine.live();
    return this.#stats.map((stats) => ({ ...stats }));
  }

  // ---- the permanent generation ----

  /** Sets all tracked objects aside: no collection looks at them. (CPython: gc.freeze) */
  freeze(): void {
    if (this.#space.tryStart()) this.#space.enter(() => this.#space.abi.gc_freeze());
  }

  /** What was set aside belongs to generation 2 again. (CPython: gc.unfreeze) */
  unfreeze(): void {
    if (this.#space.tryStart()) this.#space.enter(() => this.#space.abi.gc_unfreeze());
  }

  /** Number of objects set aside; walks them. (CPython: gc.get_freeze_count) */
  get freezeCount(): number {
    return this.#space.tryStart() ? this.#space.enter(() => this.#space.abi.gc_objects(FROZEN, 0)) : 0;
  }

  // ---- looking at objects ----

  /** Does the collector look at the object? False for what can be part of no cycle. (CPython: gc.is_tracked) */
  isTracked(p: Ref): boolean {
    return (this.#meta("isTracked", p) & META_TRACKED) !== 0;
  }

  /** Has the object's finalizer run already? (CPython: gc.is_finalized) */
  isFinalized(p: Ref): boolean {
    return (this.#meta("isFinalized", p) & META_FINALIZED) !== 0;
  }

  /**
   * The tracked objects of a generation, or of all but the permanent one: *borrowed*. (CPython: gc.get_objects)
   * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
   */
  objects(generation?: Generation | null): Ptr[] {
    if (generation !== undefined && generation !== null) requireGeneration("objects", generation);
    if (!this.#space.tryStart()) return [];
    return this.#list("objects", (buffer) => this.#space.abi.gc_objects(generation ?? EVERY, buffer));
  }

  /**
   * The tracked objects that refer to any of these: *borrowed*. (CPython: gc.get_referrers)
   * @throws HeapError `ERR_HEAP_OOM`
   */
  referrers(...objects: Ref[]): Ptr[] {
    const space = this.#space;
    space.engine.live();
    if (objects.length === 0) return [];
    return this.#holding("referrers", objects, (targets) =>
      this.#withBuffer("referrers", targets.length, (place) => {
        space.fresh().u32.set(targets, place >>> 2);
        return this.#list("referrers", (buffer) => space.abi.gc_referrers(place, targets.length, buffer));
      }),
    );
  }

  /**
   * What these objects refer to, duplicates included: *borrowed*. (CPython: gc.get_referents)
   * @throws HeapError `ERR_HEAP_OOM`
   */
  referents(...objects: Ref[]): Ptr[] {
    const space = this.#space;
    space.engine.live();
    return this.#holding("referents", objects, (sources) =>
      sources.flatMap((p) =>
        this.#list("referents", (buffer) => space.abi.gc_referents(p, buffer)).filter((child) => child !== 0),
      ),
    );
  }

  // ---- debugging ----

  /**
   * Flags for looking at trash, with CPython's values. (CPython: gc.get_debug, set_debug)
   * @throws HeapError `ERR_HEAP_ARGUMENT` for a number that is no sum of flags
   */
  get debug(): number {
    this.#space.engine.live();
    return this.#debug;
  }
  set debug(flags: number) {
    if (!isU32(flags) || (flags & ~ALL_FLAGS) !== 0) {
      throw argumentError("collector.debug", "flags", flags, "a sum of the flags STATS, COLLECTABLE … LEAK");
    }
    this.#space.engine.live();
    this.#debug = flags;
    this.#apply();
  }

  /** What SAVEALL kept. The array owns a reference to each; whoever takes one out owns it then. (CPython: gc.garbage) */
  get garbage(): Ptr[] {
    this.#space.engine.live();
    this.#fetch();
    return this.#garbage;
  }

  // ---- what the core says ----

  /** @internal The object layer has started. */
  start(): void {
    this.#garbage.length = 0;
    this.#stats = blankStats();
    this.#apply();
  }

  /** @internal A collection starts or has ended, or has found trash. */
  hear(phase: number, subject: number): void {
    // The core may look for memory while its object layer is being made, or was made by half.
    if (!this.#space.complete) return;
    if (phase === COLLECTION_START) this.#started(subject);
    else if (phase === COLLECTION_STOP) this.#stopped(subject);
    else if (phase === COLLECTION_TRASH)
      console.error(`gc: collectable <${this.#nameOf(subject as Ptr)} ${hex(subject)}>`);
  }

  #started(generation: number): void {
    if ((this.#debug & this.STATS) !== 0) {
      console.error(`gc: collecting generation ${generation}...\ngc: count: ${this.counts.join(" ")}`);
    }
    this.#tell("start", { generation, collected: 0, uncollectable: 0, candidates: 0, durationMs: 0 });
    this.#began = performance.now();
  }

  #stopped(generation: number): void {
    const durationMs = performance.now() - this.#began;
    const { core } = this.#space;
    const collected = core.state(STATE_GC_COLLECTED);
    const candidates = core.state(STATE_GC_CANDIDATES);
    const info = { generation, collected, uncollectable: 0, candidates, durationMs };
    this.#stats[generation] = addCollection(this.#stats[generation]!, info);
    if ((this.#debug & DEBUG_SAVEALL) !== 0) this.#space.engine.call(() => this.#fetch());
    if ((this.#debug & this.STATS) !== 0) {
      console.error(
        `gc: done, ${collected} unreachable, 0 uncollectable, ${(durationMs / 1000).toFixed(4)}s elapsed`,
      );
    }
    if (!this.#manual && core.state(STATE_FAULT) === FAULT_CORRUPT) {
      this.#space.engine.report(this.#damage(core.state(STATE_FAULT_ADDRESS) as Ptr));
      core.takeFault();
    }
    this.#tell("stop", info);
  }

  #tell(phase: "start" | "stop", info: CollectionInfo): void {
    for (const callback of [...this.callbacks]) this.#space.engine.call(() => callback(phase, { ...info }));
  }

  // ---- the core's words and lists ----

  #apply(): void {
    const space = this.#space;
    if (!space.started) return;
    const { core } = space;
    core.setState(STATE_GC_ENABLED, this.#enabled ? 1 : 0);
    this.#thresholds.forEach((threshold, i) => core.setState(STATE_GC_THRESHOLDS + i * WORD, threshold));
    core.setState(STATE_GC_DEBUG, this.#debug);
    space.enter(() => space.abi.gc_retune());
  }

  #meta(operation: string, ref: Ref): number {
    const space = this.#space;
    const p = space.require(operation, ref);
    return space.u32[(p + WORD) >>> 2]!;
  }

  #fetch(): void {
    if (!this.#space.started) return;
    const { abi } = this.#space;
    if (this.#space.enter(() => abi.gc_saved(0)) === 0) return;
    // One by one: there may be more than a call takes arguments.
    for (const p of this.#list("garbage", (buffer) => abi.gc_saved(buffer))) this.#garbage.push(p);
  }

  /** The addresses that `write` writes to a buffer; with buffer 0 it says how many. */
  #list(operation: string, write: (buffer: number) => number): Ptr[] {
    const space = this.#space;
    const count = (): number => space.enter(() => write(0));
    for (;;) {
      const words = count();
      if (words === 0) return [];
      const list = this.#withBuffer(operation, words, (buffer, wasThere) => {
        // What made room for the buffer may have made objects as well: they are counted anew.
        if (!wasThere && count() > words) return undefined;
        const written = space.enter(() => write(buffer));
        return [...space.fresh().u32.subarray(buffer >>> 2, (buffer >>> 2) + written)] as Ptr[];
      });
      if (list) return list;
    }
  }

  /** Uses a buffer of words; was it there, or was something collected or freed for it? */
  #withBuffer<T>(operation: string, words: number, use: (buffer: number, wasThere: boolean) => T): T {
    const { core, engine } = this.#space;
    const request = (): number => core.exports.malloc(words * WORD);
    const found = engine.protect(request) >>> 0;
    const buffer = found === 0 ? engine.retry(operation, words * WORD, NULL, request) : found;
    try {
      return use(buffer, found !== 0);
    } finally {
      engine.protect(() => core.exports.free(buffer));
    }
  }

  /** Uses objects that must not die meanwhile, whatever making room for a buffer may run. */
  #holding<T>(operation: string, objects: Ref[], use: (held: Ptr[]) => T): T {
    const held = objects.map((p) => this.#space.require(operation, p));
    for (const p of held) this.#counts.keep(p);
    try {
      return use(held);
    } finally {
      for (const p of held) this.#counts.drop(p);
    }
  }

  /** The error for an object to which more references were found than are counted. */
  #damage(ptr: Ptr): HeapError {
    const count = this.#space.i32[ptr >>> 2];
    const what = ptr === NULL ? "an object" : `the ${this.#nameOf(ptr)} at ${hex(ptr)}, count ${count},`;
    const message = `gc: ${what} is referred to more often than its count says: a reference was released twice`;
    return new HeapError("ERR_HEAP_CORRUPT", message, { operation: "gc", ptr });
  }

  #nameOf(ptr: Ptr): string {
    return this.#types.of("gc", ptr).name;
  }
}

function requireGeneration(operation: string, value: unknown): asserts value is Generation {
  if (value !== 0 && value !== 1 && value !== 2)
    throw argumentError(operation, "generation", value, "0, 1 or 2");
}
