import { COUNT_LIMIT, FAULT_NONE } from "../../generated/layout.js";
import type { Ptr } from "../../core/ptr.js";
import { reserveStack } from "../../core/stack.js";
import type { Ref, Space } from "./object-memory.js";

// Imported constants are read from memory at every use, a module's own are part of the code.
const IMMORTAL = COUNT_LIMIT;

/**
 * Reference counts, kept in TypeScript on the cached arrays: only death enters the core. Counts from 2³⁰ on are
 * immortal and stay as they are; a count that reaches 2³⁰ has become immortal.
 */
export class Counts {
  readonly #space: Space;
  /** The counts, and everything else: see {@link Space.follow}. */
  #words!: Int32Array;

  constructor(space: Space) {
    this.#space = space;
    space.follow(() => (this.#words = space.i32));
  }

  incref(ref: Ref): void {
    const space = this.#space;
    const p = typeof ref === "number" ? ref : space.resolve("incref", ref);
    if (space.checked && !space.live(p)) space.refuse("incref", p);
    const counts = space.i32;
    const count = counts[p >>> 2]!;
    if (count > 0 && count < IMMORTAL) counts[p >>> 2] = count + 1;
    else if (!(count > 0)) this.#again("incref", p);
  }

  decref(ref: Ref): void {
    const space = this.#space;
    const p = typeof ref === "number" ? ref : space.steal("decref", ref);
    if (space.checked && !space.live(p)) space.refuse("decref", p);
    const counts = space.i32;
    const count = counts[p >>> 2];
    if (count! > 1 && count! < IMMORTAL) counts[p >>> 2] = count! - 1;
    else if (count! < IMMORTAL) this.#release(p);
    else if (count === undefined) this.#again("decref", p);
  }

  /** Owned references to an object; of an immortal one a number from 2³⁰ on. */
  refcount(ref: Ref): number {
    const space = this.#space;
    const p = typeof ref === "number" ? ref : space.resolve("refcount", ref);
    if (space.checked && !space.live(p)) space.refuse("refcount", p);
    return space.i32[p >>> 2] || this.#refcountAgain(p);
  }

  /** `decref` of what the heap itself held, hence unchecked. */
  drop(p: Ptr): void {
    const counts = this.#words;
    const count = counts[p >>> 2];
    if (count! > 1 && count! < IMMORTAL) counts[p >>> 2] = count! - 1;
    else if (count! < IMMORTAL) this.#release(p);
    else if (count === undefined && this.#reopened()) this.drop(p);
  }

  /** `incref` of what was checked before, or held by the heap itself. */
  keep(p: Ptr): void {
    const counts = this.#words;
    const count = counts[p >>> 2];
    if (count! < IMMORTAL) counts[p >>> 2] = count! + 1;
    else if (count === undefined && this.#reopened()) this.keep(p);
  }

  /** Were the arrays stale, and are they good now? Nothing is counted any more in a heap that is closed for good. */
  #reopened(): boolean {
    return this.#space.engine.sound && this.#space.renew();
  }

  /**
   * The last reference goes: the object dies, and with it what it alone held. {@link Engine.protect} written out, for a
   * call that has never had but one target.
   */
  #release(p: Ptr): void {
    const { abi, engine } = this.#space;
    let fault = FAULT_NONE;
    reserveStack();
    try {
      fault = abi.release(p);
    } catch (cause) {
      engine.trapped(cause);
    }
    if (fault !== FAULT_NONE) this.#space.releaseFault(p, fault);
  }

  #again(operation: "incref" | "decref", p: Ptr): void {
    this.#space.refuse(operation, p);
    this[operation](p);
  }

  #refcountAgain(p: Ptr): number {
    this.#space.refuse("refcount", p);
    return this.refcount(p);
  }

  isImmortal(ref: Ref): boolean {
    const p = this.#space.require("isImmortal", ref);
    return this.#space.i32[p >>> 2]! >= IMMORTAL;
  }

  makeImmortal(ref: Ref): void {
    const p = this.#space.require("makeImmortal", ref);
    this.#space.enter(() => this.#space.abi.make_immortal(p));
  }
}
