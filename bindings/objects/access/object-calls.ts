import {
  FAULT_DOUBLE_FREE,
  FAULT_MEMORY,
  FAULT_NONE,
  FAULT_RANGE,
  FAULT_TYPE,
} from "../../generated/layout.js";
import type { ObjectExports } from "../../core/abi.js";
import { HeapError, hex, type HeapErrorCode } from "../../core/errors.js";
import { OVERRELEASED } from "../../core/faults.js";
import type { Lifecycle } from "../../core/lifecycle.js";
import { NULL, isTagged, type Ptr } from "../../core/ptr.js";

/** Calls of the core's object functions: what they find wrong is thrown, and for want of memory they are made again. */
export class ObjectCalls {
  readonly lifecycle: Lifecycle;
  /** The functions; guarded unless the heap is open. */
  abi!: ObjectExports;
  /** The same, undefined instead of guarded; see `Access.quick`. */
  quick: ObjectExports | undefined;

  constructor(lifecycle: Lifecycle) {
    this.lifecycle = lifecycle;
    lifecycle.follow(({ abi, quick }) => {
      this.abi = abi;
      this.quick = quick;
    });
  }

  /** Runs something that enters the core. */
  enter<T>(action: () => T): T {
    return this.lifecycle.protect(action);
  }

  /**
   * A new object from a call that gives 0 on a fault; tries again when there is room. `size` is for the message,
   * `borrowed` what the call, or its caller after it, borrows.
   */
  make(operation: string, size: number, request: () => number, borrowed: Ptr | readonly Ptr[] = NULL): Ptr {
    const p = this.enter(request);
    return p === 0 ? this.#makeAgain(operation, size, request, borrowed) : ((p >>> 0) as Ptr);
  }

  #makeAgain(operation: string, size: number, request: () => number, borrowed: Ptr | readonly Ptr[]): Ptr {
    this.#takeMemoryFault(operation);
    let p = 0;
    this.#retry(size, [borrowed].flat(), () => (p = request()) !== 0);
    if (p !== 0) return (p >>> 0) as Ptr;
    this.#takeMemoryFault(operation);
    throw this.lifecycle.outOfMemory(operation, size);
  }

  /** Forgets the fault of the last call, which was lack of memory; any other is thrown. */
  #takeMemoryFault(operation: string): void {
    const fault = this.lifecycle.started().takeFault();
    if (fault !== FAULT_NONE && fault !== FAULT_MEMORY) this.throwFault(operation, NULL, fault);
  }

  /**
   * Does what `action` does, whose result is a fault code; tries again when there is room. `a`, `b` and `c` are what it
   * borrows.
   */
  do(operation: string, size: number, action: () => number, a: Ptr, b: Ptr = NULL, c: Ptr = NULL): void {
    let fault = this.enter(action);
    if (fault === FAULT_NONE) return;
    if (fault === FAULT_MEMORY) this.#retry(size, [a, b, c], () => (fault = action()) !== FAULT_MEMORY);
    if (fault === FAULT_NONE) return;
    this.lifecycle.started().takeFault();
    if (fault === FAULT_MEMORY) throw this.lifecycle.outOfMemory(operation, size);
    this.throwFault(operation, NULL, fault);
  }

  /**
   * Tries a request again, whenever something may have made room, until `attempt` says that it is over. What makes room
   * runs host code, which may let go of what the request borrows: it is held meanwhile.
   */
  #retry(size: number, borrowed: readonly Ptr[], attempt: () => boolean): void {
    const held = borrowed.filter((p) => p !== NULL && !isTagged(p));
    if (held.some((p) => this.abi.check_object(p) !== FAULT_NONE)) return;
    for (const p of held) this.abi.incref(p);
    try {
      for (const _ of this.lifecycle.makeRoom(size)) if (this.enter(attempt)) return;
    } finally {
      for (const p of held) this.enter(() => this.abi.decref(p));
    }
  }

  /** Throws unless the object layer was made, which only lack of memory prevents. */
  requireStarted(fault: number): void {
    if (fault === FAULT_NONE) return;
    this.lifecycle.started().takeFault();
    throw this.lifecycle.outOfMemory("start", 0);
  }

  /** Throws the error for a fault that the core reported about `p`, if that is known. */
  throwFault(operation: string, p: Ptr, fault: number): never {
    const call = p === 0 ? operation : `${operation}(${hex(p)})`;
    const details = p === 0 ? { operation } : { operation, ptr: p };
    const throwError = (code: HeapErrorCode, reason: string): never => {
      throw new HeapError(code, `${call}: ${reason}`, details);
    };
    if (fault === FAULT_TYPE) return throwError("ERR_HEAP_TYPE", "the object is of another type");
    if (fault === FAULT_RANGE) return throwError("ERR_HEAP_RANGE", "out of range");
    if (fault === FAULT_DOUBLE_FREE) return throwError("ERR_HEAP_DOUBLE_FREE", OVERRELEASED);
    return this.lifecycle.throwFault(operation, p, fault);
  }
}
