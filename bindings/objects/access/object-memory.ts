import {
  ARENA_BYTES,
  ARENA_PAGED,
  ARENA_SHIFT,
  DOMAIN_RAW,
  FAULT_NONE,
  INT_TAG,
  META_DYING,
  META_TYPE,
  STATE_FIRST,
  STATE_MAP,
} from "../../generated/layout.js";
import type { ObjectExports } from "../../core/abi.js";
import { argumentError } from "../../core/arguments.js";
import { HeapError, hex } from "../../core/errors.js";
import { badPointerReason } from "../../core/faults.js";
import type { Access, Lifecycle } from "../../core/lifecycle.js";
import type { Views } from "../../core/memory.js";
import { domainAt } from "../../core/page-record.js";
import { NULL, isU32, type Ptr } from "../../core/ptr.js";
import { Handle, resolve } from "./handle.js";
import { looksLive, looksLiveOf } from "./pointer-check.js";

/**
 * Object memory as the bindings see it: arrays of every width over the linear memory, and the proof that a number is the
 * address of a live object.
 *
 * The arrays are read and written without asking whether they are good. They read as `undefined` when the memory was
 * grown by somebody else, when the heap is suspended or closed, and before the first object was made; every accessor that
 * sees this renews them and tries again. That is all a closed heap costs: nothing.
 */
export class ObjectMemory implements Views {
  readonly lifecycle: Lifecycle;
  /** Whether pointers are checked. */
  readonly checked: boolean;
  /** The bit that tells a tagged int; 0 if there are none, so that `p & tag` is 0 of everything. */
  readonly tag: number;
  readonly i8!: Int8Array;
  readonly u8!: Uint8Array<ArrayBuffer>;
  readonly i16!: Int16Array;
  readonly u16!: Uint16Array;
  readonly i32!: Int32Array;
  readonly u32!: Uint32Array;
  readonly i64!: BigInt64Array;
  readonly f32!: Float32Array;
  readonly f64!: Float64Array;
  /** Addresses below this one are no objects; all addresses if every check has to ask the core. */
  first = 0;
  /** Address of the state block. */
  #state = 0;
  #checkObject!: ObjectExports["check_object"];

  constructor(lifecycle: Lifecycle) {
    this.lifecycle = lifecycle;
    this.checked = lifecycle.settings.checks;
    this.tag = lifecycle.settings.taggedInts ? INT_TAG : 0;
    lifecycle.follow((access) => this.#adopt(access));
  }

  #adopt({ core, views, abi }: Access): void {
    Object.assign(this, views);
    this.#checkObject = abi.check_object;
    if (core === undefined) return;
    this.first = this.lifecycle.settings.strict ? 2 ** 32 : core.state(STATE_FIRST) * ARENA_BYTES;
    this.#state = core.stateAddress(0);
  }

  /** A word of the state block; makes the object layer if that was not done. */
  state(offset: number): number {
    return this.u32[(this.#state + offset) >>> 2] ?? this.lifecycle.started().state(offset);
  }

  /** The same arrays, good: for who reads or fills them without {@link require} before, such as a new object's. */
  fresh(): this {
    if (this.i32.length === 0) this.lifecycle.renew();
    return this;
  }

  // ---- pointers ----

  /** Whether there is a live object at `p`. A few loads; the debug core can prove more. Entries of the map are unsigned. */
  isLive(p: number): boolean {
    return (
      looksLive(this.i32, 0, p) &&
      this.u32[(this.#state + STATE_MAP + (p >>> ARENA_SHIFT) * 4) >>> 2]! >= ARENA_PAGED &&
      this.isCounted(p) &&
      (!this.lifecycle.settings.strict || this.#checkObject(p) === FAULT_NONE)
    );
  }

  /** All that is asked of a pointer with `checks: false`: costs no more than to ask whether the arrays are good. */
  isCounted(p: number): boolean {
    return this.i32[p >>> 2]! > 0;
  }

  /** The pointer that a handle, or whatever came in place of a pointer, stands for. */
  resolve(operation: string, value: unknown): Ptr {
    return resolve(this.lifecycle, operation, value);
  }

  /** The pointer of a live object, checked; with `checks: false` still no null, nor what nobody owns. */
  require(operation: string, value: unknown): Ptr {
    const isFast =
      typeof value === "number" &&
      (this.checked ? looksLive(this.i32, this.first, value) : this.isCounted(value));
    return isFast ? (value as Ptr) : this.#requireSlow(operation, value);
  }

  /** The same of a reference that may be a tagged int. */
  requireReference(operation: string, value: unknown): Ptr {
    const isFast =
      typeof value === "number" &&
      (this.checked ? looksLive(this.i32, this.first, value) : this.tag === 0 && this.isCounted(value));
    return isFast ? (value as Ptr) : this.#requireReferenceSlow(operation, value);
  }

  #requireReferenceSlow(operation: string, value: unknown): Ptr {
    if (this.tag === 0) return this.require(operation, value);
    const p = typeof value === "number" ? value : this.resolve(operation, value);
    return (p & this.tag) !== 0 && isU32(p) ? (p as Ptr) : this.require(operation, p);
  }

  /** The same of a value to store, which may be null. */
  requireValue(operation: string, value: unknown): Ptr {
    return value === null || value === 0 ? NULL : this.requireReference(operation, value);
  }

  /** The same for a reference that changes hands: a handle that owned it has ended. */
  steal(operation: string, value: unknown): Ptr {
    const p = this.requireReference(operation, value);
    if (value instanceof Handle) value.release();
    return p;
  }

  /** The pointer of a live object of a built-in type. */
  requireType(operation: string, value: unknown, type: number, name: string): Ptr {
    const isFast =
      this.checked && typeof value === "number" && looksLiveOf(this.i32, this.first, value, type);
    if (isFast) return value as Ptr;
    const p = this.#requireSlow(operation, value);
    if (!this.checked || (this.u32[(p >>> 2) + 1]! & META_TYPE) === type) return p;
    const message = `${operation}(${hex(p)}): the object is no ${name}`;
    throw new HeapError("ERR_HEAP_TYPE", message, { operation, ptr: p });
  }

  #requireSlow(operation: string, value: unknown): Ptr {
    const p = this.resolve(operation, value);
    const isGood = (): boolean => (this.checked ? this.isLive(p) : this.isCounted(p));
    if (isGood() || (this.lifecycle.renew() && isGood())) return p;
    throw this.deadError(operation, p);
  }

  /** Why there is no live object at `p`. */
  deadError(operation: string, p: Ptr): HeapError {
    const call = `${operation}(${hex(p)})`;
    const details = { operation, ptr: p };
    if (!isU32(p)) return argumentError(operation, "ptr", p, "a pointer of this heap");
    const core = this.lifecycle.started();
    const isRaw = domainAt(core, p) === DOMAIN_RAW;
    if (p % 8 !== 0 || core.arenaEntry(p >>> ARENA_SHIFT) < ARENA_PAGED || isRaw) {
      const message = `${call}: ${badPointerReason(core, p, "object")}`;
      return new HeapError("ERR_HEAP_BAD_POINTER", message, details);
    }
    const meta = this.u32[(p >>> 2) + 1] ?? 0;
    const reason = (meta & META_DYING) !== 0 ? "the object is being destroyed" : "the object is dead";
    return new HeapError("ERR_HEAP_USE_AFTER_FREE", `${call}: ${reason}`, details);
  }
}
