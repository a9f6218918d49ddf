import {
  COUNT_LIMIT,
  FAULT_DOUBLE_FREE,
  FAULT_NONE,
  INT_TAG,
  META_LEAF,
  STATE_FAULT_ADDRESS,
} from "../../generated/layout.js";
import type { ObjectExports } from "../../core/abi.js";
import { HeapError, hex } from "../../core/errors.js";
import { isTagged, type Ptr } from "../../core/ptr.js";
import { reserveStack } from "../../core/stack.js";
import { FLOAT_META, INT_META, type Numbers } from "./numbers.js";
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
  readonly #numbers: Numbers;
  // What deaths need, one step away.
  #words!: Int32Array;
  /** Undefined also while deaths are deferred. */
  #tryRelease: ObjectExports["release_quick"] | undefined;

  constructor(memory: ObjectMemory, calls: ObjectCalls, zeros: ZeroCounts, numbers: Numbers) {
    this.#memory = memory;
    this.#calls = calls;
    this.#zeros = zeros;
    this.#numbers = numbers;
    memory.lifecycle.follow(({ views, quick, isDeferring }) => {
      this.#words = views.i32;
      this.#tryRelease = isDeferring ? undefined : quick?.release_quick;
    });
  }

  /** Takes a reference to what was checked before, or is held by the heap itself. */
  keep(p: Ptr): void {
    if ((p & INT_TAG) !== 0) return;
    const words = this.#words;
    const count = words[p >>> 2];
    if (count! < COUNT_LIMIT) words[p >>> 2] = count! + 1;
    else if (count === undefined && this.#reopened()) this.keep(p);
  }

  /** Releases a reference to the same. */
  drop(p: Ptr): void {
    if ((p & INT_TAG) !== 0) return;
    const words = this.#words;
    const count = words[p >>> 2];
    if (count! > 1 && count! < COUNT_LIMIT) words[p >>> 2] = count! - 1;
    else if (count === 1) this.die(p);
    else if (count! < COUNT_LIMIT) this.#dieSlow(p);
    else if (count === undefined && this.#reopened()) this.drop(p);
  }

  /**
   * Gives back what keep() took of objects that others hold as well. Calls nothing for them, as it is done where the stack
   * may be at its end.
   */
  undoKeep(held: ArrayLike<number>): void {
    const words = this.#words;
    for (let i = 0; i < held.length; i++) {
      const p = held[i]!;
      if ((p & INT_TAG) !== 0) continue;
      const count = words[p >>> 2]!;
      if (count > 1 && count < COUNT_LIMIT) words[p >>> 2] = count - 1;
      else if (p !== 0) this.drop(p as Ptr);
    }
  }

  /** The last reference to an object goes: it dies, and with it what it alone held. */
  die(p: Ptr): void {
    const meta = this.#words[(p >>> 2) + 1]!;
    const isNumber = meta === INT_META || meta === FLOAT_META;
    if (!(isNumber && this.#numbers.death(p, meta))) this.#dieCalling(p, meta);
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

  /** Apart, as engines inline only so much: numbers need nothing of it. */
  #dieCalling(p: Ptr, meta: number): void {
    const tryRelease = this.#tryRelease;
    if (tryRelease !== undefined) {
      // What it cannot do it leaves half done, to be completed: that must not fail.
      if ((meta & META_LEAF) === 0) reserveStack();
      if (tryRelease(p) === 0) this.#dieSlow(p);
    } else if (!this.#zeros.add(p)) this.#dieSlow(p);
  }

  /** Deaths that take calls in the core, and what is wrong with a count: `Lifecycle.protect` written out. */
  #dieSlow(p: Ptr): void {
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
