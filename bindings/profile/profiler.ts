import * as layout from "../generated/layout.js";
import { argumentError } from "../core/arguments.js";
import { HeapError } from "../core/errors.js";
import type { CoreWrapper, Lifecycle } from "../core/lifecycle.js";
import type { MallocCalls } from "../core/malloc-calls.js";
import { blockBytes, pageRecord } from "../core/page-record.js";
import { isU32, type Ptr } from "../core/ptr.js";
import { observeObjects } from "../inspect/births.js";
import { framesOf, frameText } from "../inspect/frames.js";
import type { Types } from "../objects/types/types.js";
import type { Finalizers } from "../objects/weak/finalizers.js";
import { Profile, type ProfileValue, type SiteChange } from "./profile.js";
import { Sites, type AllocationSite } from "./sites.js";
import { Stacks } from "./stacks.js";

/** How a profile is taken. */
export interface ProfileOptions {
  /**
   * Bytes between two samples on average; 1 notes every object and block. Default 512 KiB. A sample stands for what was
   * made meanwhile, so the numbers of a profile are estimates.
   */
  readonly sampleBytes?: number | undefined;
  /** Calls of a stack to keep; 0 = none, so that sites are types. Default 32. */
  readonly stackDepth?: number | undefined;
}

const DEFAULT_SAMPLE_BYTES = 512 * 1024;
const DEFAULT_DEPTH = 32;
/** Calls of the heap itself that a stack begins with, at most. */
const OWN_CALLS = 16;
const BLOCK = "block";

interface Running {
  readonly sites: Sites;
  readonly sampleBytes: number;
  readonly startMs: number;
  readonly began: number;
}

/**
 * The allocation profile of a heap: Python's `tracemalloc`, by samples unless it is told otherwise.
 *
 * A sample costs a stack; what is not sampled costs nothing where the fast paths serve it. They hand out blocks of a
 * list that was detached from a pool (assembly/alloc/pools.ts), and only when a list is used up is the core asked, which
 * is when the profile looks: the next list's length says how many bytes the question stands for. What the private free
 * lists of types serve takes no memory and is not seen, as in `tracemalloc`; nor is what other modules and `heap.raw` make.
 */
export class Profiler {
  readonly #lifecycle: Lifecycle;
  readonly #types: Types;
  readonly #finalizers: Finalizers;
  #running: Running | undefined;
  #last: Profile | undefined;
  /** Bytes until the next sample. */
  #left = 0;

  /** @internal */
  constructor(lifecycle: Lifecycle, types: Types, finalizers: Finalizers) {
    this.#lifecycle = lifecycle;
    this.#types = types;
    this.#finalizers = finalizers;
  }

  /**
   * Starts a profile; one that is running is forgotten.
   * @throws HeapError `ERR_HEAP_ARGUMENT` for an option
   */
  start({ sampleBytes = DEFAULT_SAMPLE_BYTES, stackDepth = DEFAULT_DEPTH }: ProfileOptions = {}): void {
    if (!isU32(sampleBytes) || sampleBytes === 0)
      throw argumentError("profile.start", "sampleBytes", sampleBytes, "whole bytes from 1 on");
    if (!isU32(stackDepth))
      throw argumentError("profile.start", "stackDepth", stackDepth, "a number of calls");
    const sites = new Sites(stackDepth);
    this.#running = { sites, sampleBytes, startMs: Date.now(), began: performance.now() };
    this.#left = this.#nextGap(sampleBytes);
    this.#finalizers.onWatchedDeath = (p) => sites.died(p);
    const stacks = new Stacks(stackDepth + OWN_CALLS);
    const stackOf = stackDepth === 0 ? () => "" : (): string => stacks.capture();
    this.#lifecycle.wrap(
      "profile",
      sampleBytes === 1 ? this.#exact(sites, stackOf) : this.#sampled(sites, sampleBytes, stackOf),
    );
  }

  /**
   * Ends the profile; what it found.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if none is running
   */
  stop(): Profile {
    const profile = this.take();
    this.#running = undefined;
    this.#finalizers.onWatchedDeath = undefined;
    this.#lifecycle.wrap("profile", undefined);
    return profile;
  }

  /** Whether a profile is running. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * What the running profile has found so far; it goes on. After `stop()` what that gave.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if none was started
   */
  take(): Profile {
    const running = this.#running;
    if (running === undefined) {
      if (this.#last) return this.#last;
      throw new HeapError("ERR_HEAP_ARGUMENT", "profile: none was started", { operation: "profile" });
    }
    const { sites, sampleBytes, startMs, began } = running;
    const facts = { sampleBytes, startMs, durationMs: performance.now() - began, peakBytes: sites.peakBytes };
    return (this.#last = new Profile(sites.list(), facts));
  }

  /** `take().sites()` */
  sites(): readonly AllocationSite[] {
    return this.take().sites();
  }

  /** `take().pprof()` */
  pprof(): Uint8Array {
    return this.take().pprof();
  }

  /** `take().collapsed(value)` */
  collapsed(value?: ProfileValue): string {
    return this.take().collapsed(value);
  }

  /** `take().compare(earlier)` */
  compare(earlier: Profile): SiteChange[] {
    return this.take().compare(earlier);
  }

  /** @internal Where what is at an address was made, innermost call first; "" if the running profile did not note it. */
  siteAt(p: number): string {
    const stack = this.#running?.sites.stackAt(p);
    return stack === undefined ? "" : framesOf(stack).map(frameText).join("\n");
  }

  /** @internal The heap was reset. */
  clear(): void {
    this.#running?.sites.allDied();
  }

  // ---- every object ----

  #exact(sites: Sites, stackOf: () => string): CoreWrapper {
    const core = this.#lifecycle.live();
    return {
      abi: observeObjects((p) => {
        this.#finalizers.watch(p as Ptr);
        sites.made(p, this.#types.nameAt(p as Ptr), stackOf(), 1, this.#blockBytes(p));
      }),
      malloc: (calls) =>
        watchBlocks(calls, sites, (p) => {
          sites.made(p, BLOCK, stackOf(), 1, core.exports.malloc_usable_size(p) >>> 0);
        }),
    };
  }

  // ---- samples ----

  /**
   * A run of R bytes is sampled with the probability 1 − e^(−R / sampleBytes), as if each byte were a sample by itself with
   * 1 / sampleBytes; divided by it, its bytes are those of all such runs on average.
   */
  #sampled(sites: Sites, sampleBytes: number, stackOf: () => string): CoreWrapper {
    const sample = (p: number, type: string, size: number, run: number): void => {
      const bytes = run / (1 - Math.exp(-run / sampleBytes));
      sites.made(p, type, stackOf(), bytes / size, bytes);
      this.#left = this.#nextGap(sampleBytes);
    };
    return {
      isBare: true,
      abi: observeObjects(
        (p) => {
          const size = this.#blockBytes(p);
          const run = size * (1 + this.#waitingBlocks(p));
          this.#left -= run;
          if (this.#left > 0) return;
          this.#finalizers.watch(p as Ptr);
          sample(p, this.#types.nameAt(p as Ptr), size, run);
        },
        (name) => !name.endsWith("_quick"),
      ),
      malloc: (calls) =>
        watchBlocks(calls, sites, (p, size) => {
          this.#left -= size;
          if (this.#left <= 0) sample(p, BLOCK, Math.max(size, 1), Math.max(size, 1));
        }),
    };
  }

  /** Bytes to the next sample: exponentially distributed, so that no rhythm of a program evades it. */
  #nextGap(sampleBytes: number): number {
    return -Math.log(1 - Math.random()) * sampleBytes;
  }

  /** Bytes of an object's block. */
  #blockBytes(p: number): number {
    const core = this.#lifecycle.live();
    return blockBytes(core, pageRecord(core, p)!);
  }

  /** Blocks that the fast paths can hand out before they ask again, of the class of the object at `p`. */
  #waitingBlocks(p: number): number {
    const core = this.#lifecycle.live();
    const { sizeClass, domain } = pageRecord(core, p)!;
    if (sizeClass === layout.CLASS_SPAN) return 0;
    const { u32 } = core.linear.views;
    let count = 0;
    let block = core.state(layout.STATE_ACTIVE + (domain * layout.CLASS_SLOTS + sizeClass) * 4);
    for (; block !== 0 && count < layout.PAGE_BYTES; block = u32[block >>> 2]!) count++;
    return count;
  }
}

/** Wraps the malloc family: `made` hears of each block, the sites of its end. */
function watchBlocks(calls: MallocCalls, sites: Sites, made: (p: number, size: number) => void): MallocCalls {
  const note = (p: number, size: number): number => {
    if (p !== 0) made(p >>> 0, size);
    return p;
  };
  return {
    ...calls,
    malloc: (size) => note(calls.malloc(size), size),
    calloc: (count, size) => note(calls.calloc(count, size), count * size),
    alignedAlloc: (alignment, size) => note(calls.alignedAlloc(alignment, size), size),
    realloc: (ptr, size) => {
      const moved = calls.realloc(ptr, size);
      if (moved !== 0 && moved !== ptr) sites.died(ptr);
      return moved === ptr ? moved : note(moved, size);
    },
    free: (ptr) => {
      const fault = calls.free(ptr);
      if (!fault) sites.died(ptr);
      return fault;
    },
  };
}
