import { FAULT_BAD_POINTER, FAULT_USE_AFTER_FREE, STATE_FAULT, STATE_POISON } from "../generated/layout.js";
import type { Core } from "../core/core.js";
import type { HeapError } from "../core/errors.js";
import type { Ptr } from "../core/ptr.js";
import { Heap, coreOf } from "./heap.js";

/**
 * A heap whose core checks what C's functions are given. Those cannot tell what they found wrong: the fault is pending in the
 * core until the next call that can.
 */
export abstract class PendingFaultsHeap extends Heap {
  override malloc(size: number): Ptr {
    this.throwPending();
    return super.malloc(size);
  }

  override calloc(count: number, size: number): Ptr {
    this.throwPending();
    return super.calloc(count, size);
  }

  override alignedAlloc(alignment: number, size: number): Ptr {
    this.throwPending();
    return super.alignedAlloc(alignment, size);
  }

  override realloc(ptr: Ptr, size: number): Ptr {
    this.throwPending();
    return super.realloc(ptr, size);
  }

  override free(ptr: Ptr): void {
    this.throwPending();
    super.free(ptr);
  }

  override usableSize(ptr: Ptr): number {
    this.throwPending();
    return super.usableSize(ptr);
  }

  override verify(): void {
    this.throwPending();
    super.verify();
  }

  /** Throws the error for a pending fault, and forgets it. A core that was cut short is verified first. */
  protected throwPending(): void {
    const core = coreOf(this);
    const fault = core.state(STATE_FAULT);
    if (core.state(STATE_POISON) !== 0 || fault < FAULT_BAD_POINTER || fault > FAULT_USE_AFTER_FREE) return;
    throw this.pendingError(core, core.takeFault());
  }

  /** The error for a fault that was taken from the core. */
  protected abstract pendingError(core: Core, fault: number): HeapError;
}
