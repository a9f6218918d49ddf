import type { Core } from "../core/core.js";
import { HeapError } from "../core/errors.js";
import { PendingFaultsHeap } from "../heap/pending-faults.js";
import type { Settings } from "../core/options.js";
import type { Ptr } from "../core/ptr.js";
import { DebugDiagnostics } from "./debug-diagnostics.js";
import { Sites } from "./sites.js";
import { Trace } from "./trace.js";

/** A heap on the debug core that remembers where each of its blocks was made and freed. */
export class DebugHeap extends PendingFaultsHeap {
  readonly #sites: Sites;
  readonly #diagnostics: DebugDiagnostics;

  /** @internal Use `createHeap` of `tallyheap/debug`. */
  constructor(core: Core, settings: Settings) {
    const sites = new Sites();
    const diagnostics = new DebugDiagnostics(sites);
    super(core, settings, diagnostics);
    this.#sites = sites;
    this.#diagnostics = diagnostics;
  }

  override malloc(size: number): Ptr {
    const trace = new Trace(new Error());
    return this.#noted(super.malloc(size), size, trace);
  }

  override calloc(count: number, size: number): Ptr {
    const trace = new Trace(new Error());
    return this.#noted(super.calloc(count, size), count * size, trace);
  }

  override alignedAlloc(alignment: number, size: number): Ptr {
    const trace = new Trace(new Error());
    return this.#noted(super.alignedAlloc(alignment, size), size, trace);
  }

  override realloc(ptr: Ptr, size: number): Ptr {
    const trace = new Trace(new Error());
    const moved = super.realloc(ptr, size);
    if (moved !== ptr) this.#sites.freed(ptr, trace);
    return this.#noted(moved, size, trace);
  }

  override free(ptr: Ptr): void {
    // The fault of an earlier call says nothing of this block.
    this.throwPending();
    const trace = new Trace(new Error());
    try {
      super.free(ptr);
    } catch (error) {
      // The fault of another block, found when the quarantine made room: this one is freed all the same.
      const other =
        error instanceof HeapError && error.code === "ERR_HEAP_USE_AFTER_FREE" && error.block !== ptr;
      if (other) this.#sites.freed(ptr, trace);
      throw error;
    }
    this.#sites.freed(ptr, trace);
  }

  override reset(): void {
    super.reset();
    this.#sites.clear();
  }

  override dispose(): void {
    try {
      super.dispose();
    } finally {
      // A stack that came by way of the core, from a finalizer, holds on to its memory.
      if (this.disposed) this.#sites.clear();
    }
  }

  #noted(ptr: Ptr, size: number, trace: Trace): Ptr {
    this.#sites.allocated(ptr, size, trace);
    return ptr;
  }

  protected override pendingError(core: Core, fault: number): HeapError {
    return this.#diagnostics.pending(core, fault);
  }
}
