import type { CoreExports } from "../core/abi.js";
import type { Blocks } from "../core/blocks.js";
import type { Core } from "../core/core.js";
import type { LinearMemory } from "../core/memory.js";
import type { Ptr } from "../core/ptr.js";

/** C's malloc family, by C's names. */
const FAMILY = [
  "malloc",
  "calloc",
  "realloc",
  "free",
  "aligned_alloc",
  "memalign",
  "posix_memalign",
  "malloc_usable_size",
  "malloc_trim",
  "mallinfo2",
] as const satisfies readonly (keyof CoreExports)[];

/** C's malloc family as wasm functions, to import into another module next to `heap.memory`. */
export type RawExports = Pick<CoreExports, (typeof FAMILY)[number]>;

/**
 * The malloc family without any check, for runtimes that generate their own calls. Sizes and pointers must be whole
 * numbers below 2³²; a pointer must be a live block's. Failure is 0, as in C. Anything else is undefined behaviour. Hits
 * take no call (bindings/core/blocks.ts).
 */
export class RawHeap {
  /** The wasm functions themselves, under C's names; from JavaScript they return signed numbers. */
  readonly exports: RawExports;
  readonly #linear: LinearMemory;
  readonly #blocks: Blocks;

  /** @internal */
  constructor(core: Core) {
    const family = FAMILY.map((name) => [name, core.exports[name]] as const);
    this.exports = Object.freeze(Object.fromEntries(family)) as unknown as RawExports;
    this.#linear = core.linear;
    this.#blocks = core.blocks;
  }

  /** A new block of `size` bytes, or 0 when memory is out; for size 0 a distinct block. */
  malloc(size: number): Ptr {
    const block = this.#blocks.pop(size);
    return block === 0 ? this.#mallocSlow(size) : (block as Ptr);
  }

  /** A new zeroed block of `count` · `size` bytes; 0 when memory is out or the product does not fit 32 bits. */
  calloc(count: number, size: number): Ptr {
    return (this.exports.calloc(count, size) >>> 0) as Ptr;
  }

  /** The block with a new size, moved or not; null as `malloc`; 0 when memory is out, with the old block intact. */
  realloc(ptr: Ptr, size: number): Ptr {
    return (this.exports.realloc(ptr, size) >>> 0) as Ptr;
  }

  /** A new block at a multiple of `alignment`, a power of two up to 64 MiB; 0 when it cannot be had. */
  alignedAlloc(alignment: number, size: number): Ptr {
    return (this.exports.aligned_alloc(alignment, size) >>> 0) as Ptr;
  }

  /** Releases a block; null is a no-op. */
  free(ptr: Ptr): void {
    if (!this.#blocks.push(ptr)) this.#freeSlow(ptr);
  }

  /** Bytes the block really has. */
  usableSize(ptr: Ptr): number {
    return this.exports.malloc_usable_size(ptr) >>> 0;
  }

  // Somebody else may have grown the memory.

  #mallocSlow(size: number): Ptr {
    if (this.#blocks.isStale) this.#linear.refresh();
    return (this.exports.malloc(size) >>> 0) as Ptr;
  }

  #freeSlow(ptr: Ptr): void {
    if (this.#blocks.isStale) this.#linear.refresh();
    this.exports.free(ptr);
  }
}
