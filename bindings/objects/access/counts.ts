import {
  COUNT_LIMIT,
  FAULT_DOUBLE_FREE,
  FAULT_NONE,
  META_LEAF,
  STATE_FAULT_ADDRESS,
} from "../../generated/layout.js";
import { HeapError, hex } from "../../core/errors.js";
import { isTagged, type Ptr } from "../../core/ptr.js";
import { reserveStack } from "../../core/stack.js";
import type { Ref } from "./handle.js";
import type { ObjectCalls } from "./object-calls.js";
import type { ObjectMemory } from "./object-memory.js";
import type { ZeroCounts } from "./zero-counts.js";

/**
 * Reference counts, kept in TypeScript on the cached arrays: only death enters the core. Counts from 2³⁰ on are
 * immortal and stay as they are; a count that reaches 2³⁰ has become immortal.
 */
export class Counts {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #zeros: ZeroCounts;

  constructor(memory: ObjectMemory, calls: ObjectCalls, zeros: ZeroCounts) {
    this.#memory = memory;
    this.#calls = calls;
    this.#zeros = zeros;
  }

  /** Takes a reference to what was checked before, or is held by the heap itself. */
  keep(p: Ptr): void {
    if (isTagged(p)) return;
    const counts = this.#memory.i32;
    const count = counts[p >>> 2];
    if (count! < COUNT_LIMIT) counts[p >>> 2] = count! + 1;
    else if (count === undefined && this.#reopened()) this.keep(p);
  }

  /** Releases a reference to the same. */
  drop(p: Ptr): void {
    if (isTagged(p)) return;
    const counts = this.#memory.i32;
    const count = counts[p >>> 2];
    if (count! > 1 && count! < COUNT_LIMIT) counts[p >>> 2] = count! - 1;
    else if (count! < COUNT_LIMIT) this.#release(p);
    else if (count === undefined && this.#reopened()) this.drop(p);
  }

  isImmortal(ref: Ref): boolean {
    const p = this.#memory.requireReference("isImmortal", ref);
    return isTagged(p) || this.#memory.i32[p >>> 2]! >= COUNT_LIMIT;
  }

  makeImmortal(ref: Ref): void {
    const p = this.#memory.requireReference("makeImmortal", ref);
    if (isTagged(p)) return;
    this.#calls.enter(() => this.#calls.abi.make_immortal(p));
  }

  /** Whether the arrays were stale and are good now. Nothing is counted any more in a heap that is closed for good. */
  #reopened(): boolean {
    const { lifecycle } = this.#memory;
    return !lifecycle.isClosed && lifecycle.renew();
  }

  /** The last reference goes: the object dies, and with it what it alone held. */
  #release(p: Ptr): void {
    if (this.#zeros.add(p)) return;
    const { quick } = this.#calls;
    // What it cannot do it leaves half done, to be completed: that must not fail.
    if ((this.#memory.i32[(p >>> 2) + 1]! & META_LEAF) === 0) reserveStack();
    if (quick === undefined || quick.release_quick(p) === 0) this.#releaseSlow(p);
  }

  /** `Lifecycle.protect` written out, for a call that has never had but one target. */
  #releaseSlow(p: Ptr): void {
    const { abi, lifecycle } = this.#calls;
    let fault = FAULT_NONE;
    reserveStack();
    try {
      fault = abi.release(p);
    } catch (cause) {
      lifecycle.trapped(cause);
    }
    if (fault === FAULT_NONE) return;
    const core = lifecycle.started();
    const at = core.state(STATE_FAULT_ADDRESS) as Ptr;
    core.takeFault();
    if (fault === FAULT_DOUBLE_FREE && at !== p) throw releasedBefore(p, at);
    this.#calls.throwFault("decref", p, fault);
  }
}

/** The object died as it should, and met a reference to `at` that somebody had released without owning it. */
function releasedBefore(p: Ptr, at: Ptr): HeapError {
  const message = `decref(${hex(p)}): what died with it referred to ${hex(at)}, whose references were released too often before`;
  return new HeapError("ERR_HEAP_DOUBLE_FREE", message, { operation: "decref", ptr: at });
}
