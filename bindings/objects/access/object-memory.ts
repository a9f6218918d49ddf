import {
  ARENA_BYTES,
  ARENA_PAGED,
  ARENA_SHIFT,
  FAULT_DOUBLE_FREE,
  FAULT_MEMORY,
  FAULT_NONE,
  FAULT_RANGE,
  FAULT_TYPE,
  META_DYING,
  META_TYPE,
  STATE_FIRST,
  STATE_MAP,
} from "../../generated/layout.js";
import type { Core } from "../../core/core.js";
import type { Client, Engine } from "../../core/lifecycle.js";
import { HeapError, hex, show } from "../../core/errors.js";
import { OVERRELEASED, badPointerReason } from "../../core/faults.js";
import { NULL, isU32, type Ptr } from "../../core/ptr.js";
import { guardedAbi, openAbi, type ObjectExports } from "../../core/abi.js";
import { Handle, resolve } from "../ownership/handle.js";
import { isLive, isOf } from "./pointer-check.js";

/** A reference as methods accept it: a pointer, or a handle that stands for one. */
export type Ref = Ptr | Handle;

/** Makes what the object layer needs before its first use. */
export type Starter = (core: Core) => void;

/** What the bindings call in place of the core's object functions. */
export type Layer = (abi: ObjectExports, core: Core) => ObjectExports;

/** Nothing in place of them. */
export const NO_LAYER: Layer = (abi) => abi;

const NO_BYTES = new ArrayBuffer(0);
/** What a disposed heap has for a core: it lets go of its own, and its gate throws before any of this is used. */
const NO_CORE = Object.freeze({}) as Core;
const NO_FUNCTIONS = Object.freeze({}) as ObjectExports;

// Imported constants are read from memory at every use, a module's own are part of the code.
const TO_ARENA = ARENA_SHIFT;
const PAGED = ARENA_PAGED;

/**
 * Object memory as the bindings see it: arrays of every width over the linear memory, the core's object functions, and
 * the test whether a number is the address of a live object.
 *
 * The arrays are read and written without asking whether they are still good. They read as `undefined` when the memory
 * was grown by somebody else, when the heap is closed, and before the first object was made; every accessor that sees
 * this comes to {@link renew} and tries again. That is all a closed heap costs: nothing.
 */
export class Space implements Client {
  readonly engine: Engine;
  /** Are pointers checked? */
  readonly checked: boolean;
  i8!: Int8Array;
  u8!: Uint8Array;
  i16!: Int16Array;
  u16!: Uint16Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  i64!: BigInt64Array;
  f32!: Float32Array;
  f64!: Float64Array;
  abi!: ObjectExports;
  /** Word index of the arena map. */
  map = 0;
  /** Addresses below this one are no objects; all addresses if every check has to ask the core. */
  first = 0;
  /** How often the heap was reset: what refers to objects from outside is good for one age. */
  age = 0;
  /** Those who keep the arrays and functions at hand themselves. */
  readonly #users: (() => void)[] = [];
  readonly #start: Starter;
  /** Does the core prove of every pointer that an object starts there? */
  readonly #isStrict: boolean;
  #core!: Core;
  #abi!: ObjectExports;
  #open = false;
  #started = false;
  #starting = false;
  #layer = NO_LAYER;
  #attend: () => void = () => {};

  constructor(engine: Engine, start: Starter) {
    this.engine = engine;
    this.checked = engine.settings.checks;
    this.#start = start;
    this.#isStrict = engine.settings.strict;
    engine.attach(this);
  }

  // ---- open and closed ----

  /** Calls `look` now, and whenever the arrays or the functions have changed. */
  follow(look: () => void): void {
    this.#users.push(look);
    look();
  }

  open(core: Core): void {
    const moved = core !== this.#core;
    this.#core = core;
    this.#open = true;
    this.map = core.stateAddress(STATE_MAP) >>> 2;
    this.#bind();
    if (moved) core.views.follow(() => this.direct && core === this.#core && this.#use());
  }

  /** Puts a layer between the bindings and the core's object functions, in place of the last one. */
  interpose(layer: Layer): void {
    this.engine.live();
    this.#layer = layer;
    this.#bind();
  }

  close(attend: () => void): void {
    this.#open = false;
    this.#attend = attend;
    this.#hide();
    if (!this.engine.disposed) return;
    this.#core = NO_CORE;
    this.#abi = NO_FUNCTIONS;
  }

  /** The heap was reset: there are no types and no objects. */
  restart(): void {
    this.age++;
    this.#started = false;
    this.#hide();
  }

  /** Word of the state block; starts the object layer if that was not done. */
  state(offset: number): number {
    if (!this.#open || !this.#started) this.renew();
    return this.#core.state(offset);
  }

  /** The core, with the object layer started. */
  get core(): Core {
    if (!this.#open || !this.#started) this.renew();
    return this.#core;
  }

  /** Are the functions of `abi` the core's own, and not guarded? */
  get direct(): boolean {
    return this.abi === this.#abi;
  }

  /** May what they do be done without them? */
  get bare(): boolean {
    return this.direct && this.#layer === NO_LAYER;
  }

  /** Is there an object layer, that is, was any object or type made? */
  get started(): boolean {
    return this.#started;
  }

  /** The same, and complete: before that no code of the host may run, as types are missing. */
  get complete(): boolean {
    return this.#started && !this.#starting;
  }

  /** Starts the object layer unless that was done; false if there is no memory for it. */
  tryStart(): boolean {
    try {
      if (!this.#open || !this.#started) this.renew();
      return true;
    } catch (error) {
      if (isOutOfMemory(error)) return false;
      throw error;
    }
  }

  /**
   * Makes the arrays good again after they read as `undefined`; false if they were.
   * @throws HeapError if the heap is closed
   */
  renew(): boolean {
    if (!this.#open) {
      this.#attend();
      if (!this.#started) this.renew();
      return true;
    }
    if (!this.#started) {
      this.#begin();
      return true;
    }
    if (this.i32.length > 0 && this.i32.buffer === this.#core.memory.buffer) return false;
    this.#core.views.refresh();
    return true;
  }

  /** Starts the object layer; tries again when there is room, unless whoever made it has started the layer. */
  #begin(): void {
    if (this.#startsNow()) return;
    for (const _ of this.engine.room(0)) if (this.#started || this.#startsNow()) return;
    throw this.engine.outOfMemory("start", 0);
  }

  #startsNow(): boolean {
    try {
      this.#startOnce();
      return true;
    } catch (error) {
      if (isOutOfMemory(error)) return false;
      throw error;
    }
  }

  #startOnce(): void {
    this.#started = true;
    this.#starting = true;
    try {
      this.#use();
      this.#start(this.#core);
    } catch (error) {
      this.restart();
      throw error;
    } finally {
      this.#starting = false;
    }
  }

  /** The same with good arrays: for who reads or fills them without {@link require} before, such as a new object. */
  fresh(): this {
    if (this.i32.length === 0) this.renew();
    return this;
  }

  #bind(): void {
    this.#abi = this.#layer(openAbi(this.#core.exports), this.#core);
    if (this.#started) this.#use();
    else this.#hide();
  }

  #use(): void {
    this.abi = this.#abi;
    const { bytes } = this.#core.views;
    this.first = this.#isStrict ? 2 ** 32 : this.#core.state(STATE_FIRST) * ARENA_BYTES;
    this.#look(bytes.buffer, bytes.length);
  }

  #hide(): void {
    this.abi = guardedAbi(
      () => void this.renew(),
      () => this.abi,
    );
    this.#look(NO_BYTES, 0);
  }

  #look(buffer: ArrayBuffer, length: number): void {
    this.i8 = new Int8Array(buffer, 0, length);
    this.u8 = new Uint8Array(buffer, 0, length);
    this.i16 = new Int16Array(buffer, 0, length >>> 1);
    this.u16 = new Uint16Array(buffer, 0, length >>> 1);
    this.i32 = new Int32Array(buffer, 0, length >>> 2);
    this.u32 = new Uint32Array(buffer, 0, length >>> 2);
    this.i64 = new BigInt64Array(buffer, 0, length >>> 3);
    this.f32 = new Float32Array(buffer, 0, length >>> 2);
    this.f64 = new Float64Array(buffer, 0, length >>> 3);
    for (const look of this.#users) look();
  }

  // ---- pointers ----

  /** Is there a live object at `p`? A few loads; the debug core can prove more. Entries of the map are unsigned. */
  live(p: number): boolean {
    return (
      isLive(this.i32, 0, p) &&
      this.i32[this.map + (p >>> TO_ARENA)]! >>> 0 >= PAGED &&
      this.counted(p) &&
      (!this.#isStrict || this.#core.exports.check_object(p) === FAULT_NONE)
    );
  }

  /** The pointer that a handle, or whatever came in place of a pointer, stands for. */
  resolve(operation: string, value: unknown): Ptr {
    return resolve(this.engine, operation, value);
  }

  /** A value to store: null is one. */
  resolveValue(operation: string, value: unknown): Ptr {
    return value === null ? NULL : this.resolve(operation, value);
  }

  /** The pointer of a live object, checked; if nothing is, still no null, nor what nobody owns. */
  require(operation: string, value: unknown): Ptr {
    const isFast =
      typeof value === "number" && (this.checked ? isLive(this.i32, this.first, value) : this.counted(value));
    return isFast ? (value as Ptr) : this.#requireSlowly(operation, value);
  }

  #requireSlowly(operation: string, value: unknown): Ptr {
    const p = this.resolve(operation, value);
    if (!(this.checked ? this.live(p) : this.counted(p))) this.refuse(operation, p);
    return p;
  }

  /** All that is asked of a pointer with `checks: false`: costs no more than to ask whether the arrays are good. */
  counted(p: number): boolean {
    return this.i32[p >>> 2]! > 0;
  }

  /** The same for a reference that changes hands: a handle that owned it has ended. */
  steal(operation: string, value: unknown): Ptr {
    const p = this.require(operation, value);
    if (value instanceof Handle) value.release();
    return p;
  }

  /** The pointer of a live object of a built-in type. */
  requireType(operation: string, value: unknown, type: number, name: string): Ptr {
    const isFast = this.checked && typeof value === "number" && isOf(this.i32, this.first, value, type);
    if (isFast) return value as Ptr;
    const p = this.#requireSlowly(operation, value);
    if (!this.checked || (this.u32[(p >>> 2) + 1]! & META_TYPE) === type) return p;
    const message = `${operation}(${hex(p)}): the object is no ${name}`;
    throw new HeapError("ERR_HEAP_TYPE", message, { operation, ptr: p });
  }

  /** An accessor found no live object at `p`: returns if the arrays were stale and it is there after all. */
  refuse(operation: string, p: Ptr): void {
    if (this.renew() && (this.checked ? this.live(p) : this.counted(p))) return;
    throw this.deadError(operation, p);
  }

  /** Why there is no live object at `p`. */
  deadError(operation: string, p: Ptr): HeapError {
    const call = `${operation}(${hex(p)})`;
    const details = { operation, ptr: p };
    if (!isU32(p)) return argumentError(operation, "ptr", p, "a pointer of this heap");
    const inHeap = p % 8 === 0 && (this.u32[this.map + (p >>> ARENA_SHIFT)] ?? 0) >= ARENA_PAGED;
    if (!inHeap) {
      const message = `${call}: ${badPointerReason(this.#core, p, "object")}`;
      return new HeapError("ERR_HEAP_BAD_POINTER", message, details);
    }
    const meta = this.u32[(p >>> 2) + 1] ?? 0;
    const reason = (meta & META_DYING) !== 0 ? "the object is being destroyed" : "the object is dead";
    return new HeapError("ERR_HEAP_USE_AFTER_FREE", `${call}: ${reason}`, details);
  }

  // ---- the core ----

  /** The core answered to `objects_start`. */
  begun(fault: number): void {
    if (fault === FAULT_NONE) return;
    this.#core.takeFault();
    throw this.engine.outOfMemory("start", 0);
  }

  /**
   * A new object from a call into the core that gives 0 on a fault; tries again when there is room. `borrowed` is what
   * the call borrows.
   */
  made(p: number, operation: string, size: number, again: () => number, borrowed: Ptr = NULL): Ptr {
    return p === 0 ? this.#makeAgain(operation, size, again, borrowed) : ((p >>> 0) as Ptr);
  }

  #makeAgain(operation: string, size: number, again: () => number, borrowed: Ptr): Ptr {
    this.#takeFault(operation);
    let p = 0;
    this.#retry(size, [borrowed], () => (p = again()) !== 0);
    if (p !== 0) return (p >>> 0) as Ptr;
    this.#takeFault(operation);
    throw this.engine.outOfMemory(operation, size);
  }

  /** Forgets the fault of the last call, which was lack of memory; any other is thrown. */
  #takeFault(operation: string): void {
    const fault = this.#core.takeFault();
    if (fault !== FAULT_NONE && fault !== FAULT_MEMORY) this.fault(operation, NULL, fault);
  }

  /**
   * Does what `action` does; its result is a fault code. Tries again when there is room. `a`, `b` and `c` are what it
   * borrows.
   */
  done(operation: string, size: number, action: () => number, a: Ptr, b: Ptr = NULL, c: Ptr = NULL): void {
    let fault = this.enter(action);
    if (fault === FAULT_NONE) return;
    if (fault === FAULT_MEMORY) this.#retry(size, [a, b, c], () => (fault = action()) !== FAULT_MEMORY);
    if (fault === FAULT_NONE) return;
    this.#core.takeFault();
    if (fault === FAULT_MEMORY) throw this.engine.outOfMemory(operation, size);
    this.fault(operation, NULL, fault);
  }

  /**
   * Tries a request again, whenever something may have made room, until `attempt` says that it is over. What makes room
   * runs host code, which may let go of what the request borrows: it is held meanwhile.
   */
  #retry(size: number, borrowed: readonly Ptr[], attempt: () => boolean): void {
    const held = borrowed.filter((p) => p !== NULL);
    if (held.some((p) => this.abi.check_object(p) !== FAULT_NONE)) return;
    for (const p of held) this.abi.incref(p);
    try {
      for (const _ of this.engine.room(size)) if (this.enter(attempt)) return;
    } finally {
      for (const p of held) this.enter(() => this.abi.decref(p));
    }
  }

  /** Runs something that enters the core. */
  enter<T>(action: () => T): T {
    return this.engine.protect(action);
  }

  /** A `decref` that the core refused. */
  releaseFault(p: Ptr, fault: number): never {
    this.#core.takeFault();
    return this.fault("decref", p, fault);
  }

  /** Throws the error for a fault. */
  fault(operation: string, p: Ptr, fault: number): never {
    const call = p === 0 ? operation : `${operation}(${hex(p)})`;
    const details = p === 0 ? { operation } : { operation, ptr: p };
    if (fault === FAULT_TYPE) {
      throw new HeapError("ERR_HEAP_TYPE", `${call}: the object is of another type`, details);
    }
    if (fault === FAULT_RANGE) throw new HeapError("ERR_HEAP_RANGE", `${call}: out of range`, details);
    if (fault === FAULT_DOUBLE_FREE) {
      throw new HeapError("ERR_HEAP_DOUBLE_FREE", `${call}: ${OVERRELEASED}`, details);
    }
    return this.engine.throwFault(operation, p, fault);
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof HeapError && error.code === "ERR_HEAP_OOM";
}

/** Refuses what cannot be iterated. */
export function requireIterable(operation: string, argument: string, value: unknown): void {
  if (typeof (value as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] === "function")
    return;
  throw argumentError(operation, argument, value, "iterable");
}

/** The pairs among which maps and dicts are made, each proved to be one. */
export function* requirePairs<K, V>(
  operation: string,
  entries: Iterable<readonly [K, V]>,
): Generator<readonly [K, V]> {
  requireIterable(operation, "entries", entries);
  for (const entry of entries) {
    requirePair(operation, entry);
    yield entry;
  }
}

/** Refuses what is no array. */
export function requirePair(operation: string, entry: unknown): void {
  if (!Array.isArray(entry)) throw argumentError(operation, "entries", entry, "pairs of a key and a value");
}

/** The error for an argument of a wrong kind. */
export function argumentError(
  operation: string,
  argument: string,
  value: unknown,
  expected: string,
): HeapError {
  const message = `${operation}: ${argument} must be ${expected}, not ${show(value)}`;
  return new HeapError("ERR_HEAP_ARGUMENT", message, { operation, argument, value });
}
