import { SMALL_LIMIT, STATE_ACTIVE } from "./generated/layout.js";
import { placesOf, pushBlock } from "./blocks.js";
import type { Core, CoreExports } from "./core.js";
import type { Views } from "./memory.js";
import type { Ptr } from "./ptr.js";

/** C's malloc family as wasm functions, to import into another module next to `heap.memory`. */
export type RawExports = Pick<
  CoreExports,
  "malloc" | "calloc" | "realloc" | "free" | "aligned_alloc" | "malloc_usable_size"
>;

// Imported constants are read from memory at every use, a module's own are part of the code.
const SMALL = SMALL_LIMIT;

const NOTHING = new Uint32Array(0);

/**
 * The malloc family without any check, for runtimes that generate their own calls. Sizes and pointers must be whole
 * numbers below 2³²; a pointer must be a live block's. Failure is 0, as in C. Anything else is undefined behaviour.
 *
 * What a hit of malloc and of free does in the core (assembly/alloc/malloc.ts: pop the class's active list; push on the
 * pool's list unless the pool was full or is about to be empty) is done here on the cached words of the memory, without
 * a call: that took a sixth to a third off a replay from TypeScript (bench:replay), and nothing off the checked calls,
 * which wait for memory rather than for the call. Words of a memory that somebody else grew read as `undefined`, which
 * is no hit.
 */
export class RawHeap {
  /** The wasm functions themselves, under C's names; from JavaScript they return signed numbers. */
  readonly exports: RawExports;
  readonly #malloc: CoreExports["malloc"];
  readonly #calloc: CoreExports["calloc"];
  readonly #realloc: CoreExports["realloc"];
  readonly #alignedAlloc: CoreExports["aligned_alloc"];
  readonly #free: CoreExports["free"];
  readonly #usableSize: CoreExports["malloc_usable_size"];
  readonly #views: Views;
  // Indexes of words.
  readonly #active: number;
  readonly #map: number;
  readonly #sentinel: number;
  #words: Uint32Array = NOTHING;

  /** @internal */
  constructor(core: Core) {
    const { malloc, calloc, realloc, free, aligned_alloc, malloc_usable_size } = core.exports;
    this.exports = Object.freeze({ malloc, calloc, realloc, free, aligned_alloc, malloc_usable_size });
    this.#malloc = malloc;
    this.#calloc = calloc;
    this.#realloc = realloc;
    this.#alignedAlloc = aligned_alloc;
    this.#free = free;
    this.#usableSize = malloc_usable_size;
    this.#views = core.views;
    this.#active = core.stateAddress(STATE_ACTIVE) >>> 2;
    const { map, sentinel } = placesOf(core);
    this.#map = map;
    this.#sentinel = sentinel;
    // The debug core knows every block that it handed out, so nothing is a hit there.
    if (core.kind === "release") core.views.follow((words) => (this.#words = words));
  }

  /** A new block of `size` bytes, or 0 when memory is out; for size 0 a distinct block. */
  malloc(size: number): Ptr {
    const last = (size - 1) >>> 0;
    if (last < SMALL) {
      const words = this.#words;
      // Class 1 for up to 8 bytes, else 8-byte classes of multiples of 16: rawBytes() of assembly/alloc/classes.ts.
      const head = this.#active + (((last + 16) & ~15) >>> 3) - (last < 8 ? 1 : 0);
      const block = words[head]! | 0;
      if (block !== 0) {
        words[head] = words[block >>> 2]!;
        return (block >>> 0) as Ptr;
      }
    }
    return this.#mallocSlowly(size);
  }

  /** A new zeroed block of `count` · `size` bytes; 0 when memory is out or the product does not fit 32 bits. */
  calloc(count: number, size: number): Ptr {
    return (this.#calloc(count, size) >>> 0) as Ptr;
  }

  /** The block with a new size, moved or not; null as `malloc`; 0 when memory is out, with the old block intact. */
  realloc(ptr: Ptr, size: number): Ptr {
    return (this.#realloc(ptr, size) >>> 0) as Ptr;
  }

  /** A new block at a multiple of `alignment`, a power of two up to 64 KiB; 0 when it cannot be had. */
  alignedAlloc(alignment: number, size: number): Ptr {
    return (this.#alignedAlloc(alignment, size) >>> 0) as Ptr;
  }

  /** Releases a block; null is a no-op. */
  free(ptr: Ptr): void {
    if (!pushBlock(this.#words, this.#map, this.#sentinel, ptr)) this.#freeSlowly(ptr);
  }

  /** Bytes the block really has. */
  usableSize(ptr: Ptr): number {
    return this.#usableSize(ptr) >>> 0;
  }

  #mallocSlowly(size: number): Ptr {
    this.#renew();
    return (this.#malloc(size) >>> 0) as Ptr;
  }

  #freeSlowly(ptr: Ptr): void {
    this.#renew();
    this.#free(ptr);
  }

  /** Somebody else may have grown the memory. */
  #renew(): void {
    if (this.#words.length === 0 && this.#words !== NOTHING) this.#views.refresh();
  }
}
