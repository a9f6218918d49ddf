import { FAULT_NONE, PAGE_BYTES } from "../generated/layout.js";
import {
  requireAlignment,
  requireProduct,
  requirePtr,
  requireRange,
  requireSize,
} from "../core/arguments.js";
import type { Core } from "../core/core.js";
import { coreDiagnostics, type Diagnostics } from "../core/diagnostics.js";
import { HeapError, hex } from "../core/errors.js";
import { Lifecycle } from "../core/lifecycle.js";
import type { MallocCalls } from "../core/malloc-calls.js";
import type { Settings } from "../core/options.js";
import { blockEnd } from "../core/page-record.js";
import { MAX_U32, NULL, isU32, type Ptr } from "../core/ptr.js";
import { retry } from "../core/requests.js";
import { makeStatsView, type HeapStats, type StatsView } from "../core/stats.js";
import type { Ref } from "../objects/access/handle.js";
import { mallocStatsText } from "./malloc-stats.js";
import { RawHeap } from "./raw.js";
import { migrate } from "./trim.js";

/**
 * Raw bytes in one linear memory: the malloc family, and the memory as a whole. The base of `Heap`.
 *
 * Every method takes and returns unsigned pointers, and throws {@link HeapError} with a stable `code`. Besides the
 * codes it names, every method throws `ERR_HEAP_USE_AFTER_DISPOSE` after `dispose()`, and `ERR_HEAP_CORRUPT` once a
 * trap has cut an operation of the core short: the heap never works on broken lists.
 *
 * The hot methods have one shape: test the argument, call the core once, test the result. What can go wrong is sorted
 * out below, out of line. A closed heap (disposed, corrupt) has its functions replaced, so that no call tests for it.
 */
export class ByteHeap {
  /** @internal The heap's state, and the rules of entering the core. */
  protected readonly lifecycle: Lifecycle;
  #calls!: MallocCalls;
  #raw: RawHeap | undefined;
  #statsView: StatsView | undefined;

  /** @internal Use `createHeap`. */
  constructor(core: Core, settings: Settings, diagnostics: Diagnostics = coreDiagnostics) {
    this.lifecycle = new Lifecycle(core, settings, diagnostics);
    this.lifecycle.follow(({ core, malloc }) => {
      this.#calls = malloc;
      if (core === undefined) this.#raw = undefined;
    });
  }

  // ---- the malloc family ----

  /**
   * A *new* block of `size` bytes, contents undefined; aligned to 16 if `size` ≥ 16, else to 8. `malloc(0)` is a
   * distinct block too.
   * @throws HeapError `ERR_HEAP_ARGUMENT` if `size` is no whole number below 2³², `ERR_HEAP_OOM`
   */
  malloc(size: number): Ptr {
    let ptr = 0;
    try {
      if (isU32(size)) ptr = this.#calls.malloc(size) >>> 0;
    } catch (cause) {
      this.lifecycle.trapped(cause);
    }
    return ptr === 0 ? this.#mallocFailed(size) : (ptr as Ptr);
  }

  /**
   * A *new* block of `count` · `size` zero bytes.
   * @throws HeapError `ERR_HEAP_ARGUMENT`, also if the product is not below 2³²; `ERR_HEAP_OOM`
   */
  calloc(count: number, size: number): Ptr {
    let ptr = 0;
    try {
      if (isU32(count) && isU32(size) && count * size <= MAX_U32) ptr = this.#calls.calloc(count, size) >>> 0;
    } catch (cause) {
      this.lifecycle.trapped(cause);
    }
    return ptr === 0 ? this.#callocFailed(count, size) : (ptr as Ptr);
  }

  /**
   * The block with `size` bytes, moved or in place; steals `ptr` unless it throws. Contents are kept up to the smaller
   * size. Null → `malloc`. Size 0 shrinks, it never frees. A block stays where it is while the new size fits it and is
   * over three quarters of it (CPython's `pymalloc_realloc`). On failure the old block is intact.
   * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`, `ERR_HEAP_BAD_POINTER`, `ERR_HEAP_DOUBLE_FREE`
   */
  realloc(ptr: Ptr, size: number): Ptr {
    let moved = 0;
    try {
      if (isU32(ptr) && isU32(size)) moved = this.#calls.realloc(ptr, size) >>> 0;
    } catch (cause) {
      this.lifecycle.trapped(cause);
    }
    return moved === 0 ? this.#reallocFailed(ptr, size) : (moved as Ptr);
  }

  /**
   * A *new* block whose address is a multiple of `alignment`, a power of two up to 64 MiB.
   * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
   */
  alignedAlloc(alignment: number, size: number): Ptr {
    let ptr = 0;
    try {
      if (isU32(alignment) && isU32(size)) ptr = this.#calls.alignedAlloc(alignment, size) >>> 0;
    } catch (cause) {
      this.lifecycle.trapped(cause);
    }
    return ptr === 0 ? this.#alignedAllocFailed(alignment, size) : (ptr as Ptr);
  }

  /**
   * Releases a block (*steals* `ptr`); null is a no-op. A refused pointer leaves the heap as it was.
   * @throws HeapError `ERR_HEAP_DOUBLE_FREE`, `ERR_HEAP_BAD_POINTER`, `ERR_HEAP_ARGUMENT`; what the checks can and
   * cannot see is tabled in docs/checks.md. Debug entry also `ERR_HEAP_CORRUPT` (the guards of the block are
   * overwritten) and `ERR_HEAP_USE_AFTER_FREE` (another block, freed earlier, was written to; this one is freed)
   */
  free(ptr: Ptr): void {
    let fault: number | undefined = -1;
    try {
      if (isU32(ptr)) fault = this.#calls.free(ptr);
    } catch (cause) {
      this.lifecycle.trapped(cause);
    }
    if (fault) this.#freeFailed(ptr, fault);
  }

  /**
   * Bytes the block really has: at least those asked for. Borrows `ptr`.
   * @throws HeapError `ERR_HEAP_BAD_POINTER`, `ERR_HEAP_DOUBLE_FREE`, `ERR_HEAP_ARGUMENT`
   */
  usableSize(ptr: Ptr): number {
    let bytes = 0;
    try {
      if (isU32(ptr)) bytes = this.#calls.usableSize(ptr) >>> 0;
    } catch (cause) {
      this.lifecycle.trapped(cause);
    }
    return bytes === 0 ? this.#usableSizeFailed(ptr) : bytes;
  }

  /**
   * `length` bytes from `ref` on, live: a *borrowed* view, valid until the heap grows or is trimmed. A pointer may be
   * interior. A handle stands for its object, header included.
   * @throws HeapError `ERR_HEAP_BAD_POINTER` in the null page, `ERR_HEAP_RANGE` past the memory or the end of the block
   * that the pointer lies in (the debug entry leaves that to its guards), `ERR_HEAP_ARGUMENT`
   */
  bytes(ref: Ref, length: number): Uint8Array<ArrayBuffer> {
    const { linear } = this.lifecycle.live();
    const ptr = isU32(ref) ? ref : this.resolveHandle("bytes", ref);
    requireSize("bytes", "length", length);
    if (ptr + length > linear.views.u8.length) linear.refresh();
    const memory = linear.views.u8;
    requireRange("bytes", ptr, length, PAGE_BYTES, memory.length);
    const { checks, strict } = this.lifecycle.settings;
    if (checks && !strict) this.#requireInBlock(ptr, length);
    return new Uint8Array(memory.buffer, ptr, length);
  }

  // ---- looking inside ----

  /** What the heap takes now, as a *new* plain object; bytes and counts. Costs the same however large the heap is. */
  stats(): HeapStats {
    return this.statsView.toJSON();
  }

  /** The numbers of `stats()`, read from memory at each access, without a call. Always the same object. */
  get statsView(): StatsView {
    this.lifecycle.live();
    return (this.#statsView ??= makeStatsView(() => this.lifecycle.live()));
  }

  /**
   * The text of CPython's `sys._debugmallocstats()`, in its layout and order, one row for each size class in use.
   * Walks the pools.
   * @throws HeapError `ERR_HEAP_CORRUPT` if the bytes do not add up to the arenas, or the walk leaves the memory
   */
  debugMallocStats(): string {
    const core = this.lifecycle.live();
    return this.lifecycle.protect(() => mallocStatsText(core, this.stats()));
  }

  /**
   * Walks the whole heap and proves its invariants: lists, counts, spans, statistics, and that no object is referred to
   * more often than its count says; in the debug entry also the guards of every block and the bytes of freed ones.
   * @throws HeapError `ERR_HEAP_CORRUPT` with the first broken invariant
   */
  verify(): void {
    const core = this.lifecycle.live();
    const broken = this.lifecycle.protect(() => core.exports.verify());
    if (broken !== 0) throw this.lifecycle.diagnostics.broken(core, broken);
  }

  /** The linear memory, to import into other modules. Whoever holds it may grow it; the heap can no longer `trim()`. */
  get memory(): WebAssembly.Memory {
    const core = this.lifecycle.live();
    this.lifecycle.isShared = true;
    return core.memory;
  }

  /** The malloc family without checks. The heap can no longer `trim()`. Always the same object. */
  get raw(): RawHeap {
    const core = this.lifecycle.live();
    this.lifecycle.isShared = true;
    return (this.#raw ??= new RawHeap(core));
  }

  // ---- the heap as a whole ----

  /**
   * Gives memory back to the operating system: moves the heap to a fresh memory that holds only the pages in use, at
   * the same addresses. Pointers stay valid, views from `bytes()` do not. Returns the bytes of the old memory that were
   * not carried over; the host's collector reclaims them.
   * @throws HeapError `ERR_HEAP_SHARED` if the memory was passed in or `memory` or `raw` was handed out,
   * `ERR_HEAP_BUSY` inside a callback, `ERR_HEAP_OOM` if the host has no memory for the copy (the heap is as it was)
   */
  trim(): number {
    const { lifecycle } = this;
    const core = lifecycle.live();
    lifecycle.callbacks.requireNone("trim");
    if (lifecycle.isShared) throw sharedError();
    const { core: moved, released } = lifecycle.protect(() => migrate(core, lifecycle.settings.maxPages));
    lifecycle.move(moved);
    return released;
  }

  /**
   * Frees every block at once, those of `raw` and of other modules too; limits, options and memory stay. Takes as long
   * as wiping the objects; raw blocks cost nothing.
   * @throws HeapError `ERR_HEAP_BUSY` inside a callback
   */
  reset(): void {
    const core = this.lifecycle.live();
    this.lifecycle.callbacks.requireNone("reset");
    this.lifecycle.protect(() => core.exports.reset());
  }

  /** Refuses bytes that begin in a block and go on behind it. Memory that is no block's is the caller's affair. */
  #requireInBlock(ptr: Ptr, length: number): void {
    const end = blockEnd(this.lifecycle.live(), ptr);
    if (end === undefined || ptr + length <= end) return;
    const message = `bytes(${hex(ptr)}, ${length}): the block ends ${end - ptr} bytes behind the pointer`;
    const details = { operation: "bytes", ptr, length, minimum: 0, maximum: end - ptr };
    throw new HeapError("ERR_HEAP_RANGE", message, details);
  }

  // ---- slow paths: a result of 0, a fault ----

  #mallocFailed(size: number): Ptr {
    requireSize("malloc", "size", size);
    return retry(this.lifecycle, "malloc", size, NULL, () => this.#calls.malloc(size));
  }

  #callocFailed(count: number, size: number): Ptr {
    requireSize("calloc", "count", count);
    requireSize("calloc", "size", size);
    requireProduct("calloc", count, size);
    return retry(this.lifecycle, "calloc", count * size, NULL, () => this.#calls.calloc(count, size));
  }

  #reallocFailed(ptr: Ptr, size: number): Ptr {
    this.#requireBlock("realloc", ptr);
    requireSize("realloc", "size", size);
    return retry(this.lifecycle, "realloc", size, ptr, () => this.#calls.realloc(ptr, size));
  }

  #alignedAllocFailed(alignment: number, size: number): Ptr {
    requireAlignment("alignedAlloc", alignment);
    requireSize("alignedAlloc", "size", size);
    return retry(this.lifecycle, "alignedAlloc", size, NULL, () => this.#calls.alignedAlloc(alignment, size));
  }

  #freeFailed(ptr: Ptr, fault: number): void {
    this.#requireBlock("free", ptr);
    if (this.lifecycle.recover()) return this.free(ptr);
    this.lifecycle.throwFault("free", ptr, fault);
  }

  #usableSizeFailed(ptr: Ptr): number {
    this.#requireBlock("usableSize", ptr);
    const fault = this.lifecycle.settings.checks ? this.lifecycle.live().takeFault() : FAULT_NONE;
    if (fault !== FAULT_NONE) this.lifecycle.throwFault("usableSize", ptr, fault);
    return 0; // The debug core says how much was asked for.
  }

  #requireBlock(operation: string, ptr: Ref): asserts ptr is Ptr {
    if (!isU32(ptr)) this.refuseAsBlock(operation, ptr);
  }

  /** @internal The pointer that something else than a pointer stands for, where a pointer into the heap is wanted: here nothing does. */
  protected resolveHandle(operation: string, ref: unknown): Ptr {
    requirePtr(operation, ref);
    return ref;
  }

  /** @internal Refuses what is no pointer where the address of a block is wanted. */
  protected refuseAsBlock(operation: string, ref: unknown): void {
    requirePtr(operation, ref);
  }
}

function sharedError(): HeapError {
  const message =
    "trim: the memory was passed in, or heap.memory or heap.raw was handed out; the heap cannot move";
  return new HeapError("ERR_HEAP_SHARED", message, { operation: "trim" });
}
