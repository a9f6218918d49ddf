/// <reference lib="esnext.disposable" preserve="true" />
import {
  FAULT_MEMORY,
  FAULT_NONE,
  PAGE_BYTES,
  STATE_FAULT_ADDRESS,
  STATE_POISON,
} from "./generated/layout.js";
import { requireAlignment, requireProduct, requirePtr, requireRange, requireSize } from "./arguments.js";
import { checkedCalls, closedCalls, guardedCalls, uncheckedCalls, type Calls } from "./calls.js";
import type { Core } from "./core.js";
import { HeapError } from "./errors.js";
import { mallocStatsText } from "./malloc-stats.js";
import { WASM_PAGE_BYTES } from "./memory.js";
import type { Settings } from "./options.js";
import { MAX_U32, NULL, isU32, type Ptr } from "./ptr.js";
import { RawHeap } from "./raw.js";
import { StatsView, takeStats, type HeapStats } from "./stats.js";
import { migrate } from "./trim.js";
import { plainWitness, type Witness } from "./witness.js";

/** The core of an open heap: for tests and benchmarks, exported by no entry of the package. */
export let coreOf: (heap: Heap) => Core;

/**
 * A heap of raw bytes in one linear memory. Made by `createHeap`.
 *
 * Every method takes and returns unsigned pointers, and throws {@link HeapError} with a stable `code`. Besides the
 * codes it names, every method throws `ERR_HEAP_USE_AFTER_DISPOSE` after `dispose()`, and `ERR_HEAP_CORRUPT` once a
 * trap has cut an operation of the core short: the heap never works on broken lists.
 *
 * The hot methods have one shape: test the argument, call the core once, test the result. What can go wrong is sorted
 * out below, out of line. A closed heap (disposed, corrupt) has its functions replaced, so no call tests for it.
 */
export class Heap implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;
  readonly #settings: Settings;
  readonly #witness: Witness;
  #core: Core | undefined;
  /** The core's functions while the heap is open, and those in use now. */
  #open: Calls;
  #malloc!: Calls["malloc"];
  #calloc!: Calls["calloc"];
  #realloc!: Calls["realloc"];
  #alignedAlloc!: Calls["alignedAlloc"];
  #free!: Calls["free"];
  #usableSize!: Calls["usableSize"];
  /** Throws if the heap is closed. */
  #gate: () => void = passes;
  /** The memory or its functions are known outside of the heap, which therefore cannot move. */
  #shared: boolean;
  /** A callback is running. */
  #busy = false;
  #raw: RawHeap | undefined;
  #statsView: StatsView | undefined;

  /** @internal Use `createHeap`. */
  constructor(core: Core, settings: Settings, witness: Witness = plainWitness) {
    this.#settings = settings;
    this.#witness = witness;
    this.#shared = settings.memory !== undefined;
    this.#core = core;
    this.#open = this.#callsOf(core);
    this.#bind(this.#open);
  }

  static {
    coreOf = (heap) => heap.#live();
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
      if (isU32(size)) ptr = this.#malloc(size) >>> 0;
    } catch (cause) {
      this.#trapped(cause);
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
      if (isU32(count) && isU32(size) && count * size <= MAX_U32) ptr = this.#calloc(count, size) >>> 0;
    } catch (cause) {
      this.#trapped(cause);
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
      if (isU32(ptr) && isU32(size)) moved = this.#realloc(ptr, size) >>> 0;
    } catch (cause) {
      this.#trapped(cause);
    }
    return moved === 0 ? this.#reallocFailed(ptr, size) : (moved as Ptr);
  }

  /**
   * A *new* block whose address is a multiple of `alignment`, a power of two up to 64 KiB.
   * @throws HeapError `ERR_HEAP_ARGUMENT`, `ERR_HEAP_OOM`
   */
  alignedAlloc(alignment: number, size: number): Ptr {
    let ptr = 0;
    try {
      if (isU32(alignment) && isU32(size)) ptr = this.#alignedAlloc(alignment, size) >>> 0;
    } catch (cause) {
      this.#trapped(cause);
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
      if (isU32(ptr)) fault = this.#free(ptr);
    } catch (cause) {
      this.#trapped(cause);
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
      if (isU32(ptr)) bytes = this.#usableSize(ptr) >>> 0;
    } catch (cause) {
      this.#trapped(cause);
    }
    return bytes === 0 ? this.#usableSizeFailed(ptr) : bytes;
  }

  /**
   * `length` bytes from `ptr` on, live: a *borrowed* view, valid until the heap grows or is trimmed. The pointer may be
   * interior; only the memory's bounds are checked.
   * @throws HeapError `ERR_HEAP_BAD_POINTER` in the null page, `ERR_HEAP_RANGE` past the memory, `ERR_HEAP_ARGUMENT`
   */
  bytes(ptr: Ptr, length: number): Uint8Array<ArrayBuffer> {
    const { views } = this.#live();
    requirePtr("bytes", ptr);
    requireSize("bytes", "length", length);
    if (ptr + length > views.bytes.length) views.refresh();
    const memory = views.bytes;
    requireRange("bytes", ptr, length, PAGE_BYTES, memory.length);
    return new Uint8Array(memory.buffer, ptr, length);
  }

  // ---- looking inside ----

  /** What the heap takes now, as a *new* plain object; bytes and counts. Costs the same however large the heap is. */
  stats(): HeapStats {
    return takeStats(this.statsView);
  }

  /** The numbers of `stats()`, read from memory at each access, without a call. Always the same object. */
  get statsView(): StatsView {
    this.#live();
    return (this.#statsView ??= new StatsView(() => this.#live()));
  }

  /**
   * The text of CPython's `sys._debugmallocstats()`, in its layout and order, one row for each size class in use.
   * Walks the pools.
   * @throws HeapError `ERR_HEAP_CORRUPT` if the bytes do not add up to the arenas, or the walk leaves the memory
   */
  debugMallocStats(): string {
    const core = this.#live();
    return this.#protect(() => mallocStatsText(core, this.stats()));
  }

  /**
   * Walks the whole heap and proves its invariants: lists, counts, spans, statistics; in the debug entry also the
   * guards of every block and the bytes of freed ones.
   * @throws HeapError `ERR_HEAP_CORRUPT` with the first broken invariant
   */
  verify(): void {
    const core = this.#live();
    const broken = this.#protect(() => core.exports.verify());
    if (broken !== 0) throw this.#witness.broken(core, broken);
  }

  /** The linear memory, to import into other modules. Whoever holds it may grow it; the heap can no longer `trim()`. */
  get memory(): WebAssembly.Memory {
    const core = this.#live();
    this.#shared = true;
    return core.memory;
  }

  /** The malloc family without checks. The heap can no longer `trim()`. Always the same object. */
  get raw(): RawHeap {
    const core = this.#live();
    this.#shared = true;
    return (this.#raw ??= new RawHeap(core.exports));
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
    const core = this.#live();
    this.#requireIdle("trim");
    if (this.#shared) throw sharedError();
    const { core: moved, released } = this.#protect(() => migrate(core, this.#settings.maxPages));
    this.#core = moved;
    this.#open = this.#callsOf(moved);
    this.#bind(this.#open);
    return released;
  }

  /**
   * Frees every block at once, those of `raw` and of other modules too; limits, options and memory stay.
   * @throws HeapError `ERR_HEAP_BUSY` inside a callback
   */
  reset(): void {
    const core = this.#live();
    this.#requireIdle("reset");
    this.#protect(() => core.exports.reset());
  }

  /**
   * Ends the heap: reports what is still allocated to `onLeak`, lets go of the memory, and makes every later call
   * throw. May be repeated.
   * @throws HeapError `ERR_HEAP_BUSY` inside a callback; `ERR_HEAP_CORRUPT` if the heap is too damaged to say what is
   * still allocated, and disposed of all the same
   */
  dispose(): void {
    const core = this.#core;
    if (core === undefined) return;
    this.#requireIdle("dispose");
    try {
      if (this.#gate === passes) this.#reportLeaks(core);
    } finally {
      this.#open = closedCalls;
      this.#close(() => {
        throw disposedError();
      });
      this.#core = undefined;
      this.#raw = undefined;
    }
  }

  /** Was `dispose()` called? */
  get disposed(): boolean {
    return this.#core === undefined;
  }

  // ---- slow paths: a result of 0, a fault ----

  #mallocFailed(size: number): Ptr {
    requireSize("malloc", "size", size);
    return this.#retry("malloc", size, NULL, () => this.#malloc(size));
  }

  #callocFailed(count: number, size: number): Ptr {
    requireSize("calloc", "count", count);
    requireSize("calloc", "size", size);
    requireProduct("calloc", count, size);
    return this.#retry("calloc", count * size, NULL, () => this.#calloc(count, size));
  }

  #reallocFailed(ptr: Ptr, size: number): Ptr {
    requirePtr("realloc", ptr);
    requireSize("realloc", "size", size);
    return this.#retry("realloc", size, ptr, () => this.#realloc(ptr, size));
  }

  #alignedAllocFailed(alignment: number, size: number): Ptr {
    requireAlignment("alignedAlloc", alignment);
    requireSize("alignedAlloc", "size", size);
    return this.#retry("alignedAlloc", size, NULL, () => this.#alignedAlloc(alignment, size));
  }

  #freeFailed(ptr: Ptr, fault: number): void {
    requirePtr("free", ptr);
    this.#throwFault("free", ptr, fault);
  }

  #usableSizeFailed(ptr: Ptr): number {
    requirePtr("usableSize", ptr);
    const fault = this.#settings.checks ? this.#live().takeFault() : FAULT_NONE;
    if (fault !== FAULT_NONE) this.#throwFault("usableSize", ptr, fault);
    return 0; // The debug core says how much was asked for.
  }

  /** A request came back with nothing: the fault's error, or once more after `onMemoryPressure`, or out of memory. */
  #retry(operation: string, size: number, ptr: Ptr, request: () => number): Ptr {
    this.#requireOnlyMemory(operation, ptr);
    if (this.#relieve(size)) {
      const block = this.#protect(request) >>> 0;
      if (block !== 0) return block as Ptr;
      this.#requireOnlyMemory(operation, ptr);
    }
    throw this.#outOfMemory(operation, size);
  }

  /** Throws unless the last request failed for want of memory. */
  #requireOnlyMemory(operation: string, ptr: Ptr): void {
    const core = this.#live();
    const fault = core.takeFault();
    // An unchecked core notes wrong pointers only, also those of calls that could not tell.
    const own = this.#settings.checks || (ptr !== NULL && core.state(STATE_FAULT_ADDRESS) === ptr);
    if (core.state(STATE_POISON) !== 0) throw this.#poison(undefined);
    if (own && fault !== FAULT_NONE && fault !== FAULT_MEMORY) this.#throwFault(operation, ptr, fault);
  }

  #throwFault(operation: string, ptr: Ptr, fault: number): never {
    const core = this.#live();
    core.takeFault();
    if (core.state(STATE_POISON) !== 0) throw this.#poison(undefined);
    throw this.#witness.fault(core, fault, operation, ptr);
  }

  #outOfMemory(operation: string, size: number): HeapError {
    const memoryBytes = this.#live().memory.buffer.byteLength;
    const maxBytes = this.#settings.maxPages * WASM_PAGE_BYTES;
    const message = `${operation}: out of memory for ${size} bytes (memory ${memoryBytes}, limit ${maxBytes})`;
    return new HeapError("ERR_HEAP_OOM", message, { operation, size, memoryBytes, maxBytes });
  }

  /** Asks the owner to free something; false if there is nobody to ask. */
  #relieve(size: number): boolean {
    const handler = this.#settings.onMemoryPressure;
    if (handler === undefined || this.#busy) return false;
    const memoryBytes = this.#live().memory.buffer.byteLength;
    this.#call(() => handler({ size, memoryBytes, maxBytes: this.#settings.maxPages * WASM_PAGE_BYTES }));
    return true;
  }

  #reportLeaks(core: Core): void {
    const report = this.#protect(() => this.#witness.leaks(core, this.stats()));
    if (report.blocks > 0) this.#call(() => this.#settings.onLeak(report));
  }

  /** Runs a callback; what it throws goes to `onUnraisable`, never through the heap. */
  #call(callback: () => void): void {
    this.#busy = true;
    try {
      callback();
    } catch (error) {
      this.#settings.onUnraisable(error);
    } finally {
      this.#busy = false;
    }
  }

  #requireIdle(operation: string): void {
    if (!this.#busy) return;
    throw new HeapError("ERR_HEAP_BUSY", `${operation}: not inside a callback of the heap`, { operation });
  }

  // ---- open, suspect, corrupt, disposed ----

  #callsOf(core: Core): Calls {
    return this.#settings.checks ? checkedCalls(core.exports) : uncheckedCalls(core.exports);
  }

  #bind(calls: Calls): void {
    this.#malloc = calls.malloc;
    this.#calloc = calls.calloc;
    this.#realloc = calls.realloc;
    this.#alignedAlloc = calls.alignedAlloc;
    this.#free = calls.free;
    this.#usableSize = calls.usableSize;
  }

  /** The core, if the heap is open. */
  #live(): Core {
    this.#gate();
    if (this.#core === undefined) throw disposedError();
    return this.#core;
  }

  /** From now on `gate` runs before everything else. */
  #close(gate: () => void): void {
    // In this order a stack that ends in between leaves the heap as it was, and never half closed.
    this.#bind(guardedCalls(gate, this.#open));
    this.#gate = gate;
  }

  /** Runs something that enters the core. */
  #protect<T>(enter: () => T): T {
    try {
      return enter();
    } catch (cause) {
      this.#trapped(cause);
      throw cause;
    }
  }

  /**
   * Something was thrown where the core was called. A trap means that its lists are broken. A stack overflow is the
   * caller's affair, but may have come in the middle of an operation: in a slow path, which leaves its mark, or just
   * before one; so the heap is verified before it is used again.
   */
  #trapped(cause: unknown): void {
    if (cause instanceof HeapError) throw cause;
    const cut = this.#core !== undefined && this.#core.state(STATE_POISON) !== 0;
    if (cut || cause instanceof WebAssembly.RuntimeError) throw this.#poison(cause);
    if (cause instanceof RangeError) this.#close(() => this.#recheck());
    throw cause;
  }

  #recheck(): void {
    this.#gate = passes;
    this.#bind(this.#open);
    const core = this.#live();
    const broken = this.#protect(() => core.exports.verify());
    if (broken !== 0) throw this.#poison(this.#witness.broken(core, broken));
  }

  /** Closes the heap for good; returns the error to throw now. */
  #poison(cause: unknown): HeapError {
    this.#close(() => {
      throw corruptError(cause);
    });
    return corruptError(cause);
  }
}

/** For `using heap = createHeap()`: the host's symbol, or a stand-in for it where the host has none. */
const disposeSymbol = (Symbol as { readonly dispose?: symbol }).dispose ?? Symbol.for("Symbol.dispose");
Object.defineProperty(Heap.prototype, disposeSymbol, {
  value(this: Heap): void {
    this.dispose();
  },
});

function passes(): void {}

function disposedError(): HeapError {
  return new HeapError("ERR_HEAP_USE_AFTER_DISPOSE", "the heap was disposed");
}

function corruptError(cause: unknown): HeapError {
  const message = "the heap is corrupt: an operation of the core was cut short; it refuses further work";
  return new HeapError("ERR_HEAP_CORRUPT", message, {}, cause === undefined ? undefined : { cause });
}

function sharedError(): HeapError {
  const message =
    "trim: the memory was passed in, or heap.memory or heap.raw was handed out; the heap cannot move";
  return new HeapError("ERR_HEAP_SHARED", message, { operation: "trim" });
}
