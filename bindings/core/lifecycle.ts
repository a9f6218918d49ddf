import { STATE_POISON } from "../generated/layout.js";
import { objectFunctionNames, withObjectFunctions, type ObjectExports } from "./abi.js";
import { Callbacks } from "./callbacks.js";
import type { Core } from "./core.js";
import type { Diagnostics } from "./diagnostics.js";
import { HeapError } from "./errors.js";
import { guardedMallocCalls, mallocCalls, type MallocCalls } from "./malloc-calls.js";
import { NO_VIEWS, WASM_PAGE_BYTES, type Views } from "./memory.js";
import type { Settings } from "./options.js";
import type { Ptr } from "./ptr.js";
import { reserveStack } from "./stack.js";

/**
 *     unstarted ── first object or type ──▶ open      nothing is guarded; before that, only the malloc family is not
 *         ◀──────────── reset ────────────
 *     either ◀──────── next call ────────▶ suspended  something has to be done before the next call does anything
 *     any ─────────────────────────────▶ closed       disposed of, or corrupt
 */
type State = "unstarted" | "open" | "suspended" | "closed";

/** What the parts of a heap hold on to and use without asking what state the heap is in. */
export interface Access {
  /** Undefined once the heap is disposed of. */
  readonly core: Core | undefined;
  /** Arrays over the memory; unless the heap is open they are empty, and every element reads as `undefined`. */
  readonly views: Views;
  /** Guarded while the heap is suspended or closed: each call first opens the heap, or throws. */
  readonly malloc: MallocCalls;
  /** Guarded unless the heap is open. */
  readonly abi: ObjectExports;
  /**
   * The same, undefined instead of guarded: for functions that do nothing rather than fail, as an engine inlines a call
   * that has never had but one target.
   */
  readonly quick: ObjectExports | undefined;
  /** Whether reading and writing the arrays may stand in for functions: nothing counts their calls. */
  readonly isBare: boolean;
  /** Whether deaths wait for `reclaim()`: there was a value stack, or a function that knows roots. */
  readonly isDeferring: boolean;
}

/** Hears what may be used from now on. Must not throw, but for want of stack. */
export type LifecycleListener = (access: Access) => void;

/** What the bindings call in place of the core's object functions. */
export type AbiWrapper = (abi: ObjectExports, core: Core) => ObjectExports;

/** What stands between the bindings and the core: each part, if there is one, gives the functions to call instead. */
export interface CoreWrapper {
  readonly abi?: AbiWrapper;
  readonly malloc?: (calls: MallocCalls, core: Core) => MallocCalls;
  /** Whether it need not know of what is done without a call; see `Access.isBare`. */
  readonly isBare?: boolean;
}

/**
 * What all parts of one heap share: its core, its settings, its state, and the rules of entering the core.
 *
 * A change of state replaces what the parts hold, so that no call of an open heap tests whether it is open: an array
 * that reads as `undefined` leads to {@link renew}, and so does a guarded function.
 */
export class Lifecycle {
  readonly settings: Settings;
  readonly diagnostics: Diagnostics;
  readonly callbacks: Callbacks;
  /** Whether the memory or the core's functions are known outside of the heap, which therefore cannot move. */
  isShared: boolean;
  /** The arrays over the memory as it is now, for programs: always the same object. Empty once the heap is disposed of. */
  get views(): Views {
    return this.#views;
  }
  /** How often the heap was reset: addresses of objects are good within one epoch. */
  epoch = 0;
  readonly #views: Views = { ...NO_VIEWS };
  readonly #listeners: LifecycleListener[] = [];
  readonly #guardedMalloc: MallocCalls;
  readonly #guardedAbi: ObjectExports;
  #core: Core | undefined;
  #malloc!: MallocCalls;
  #abi!: ObjectExports;
  readonly #wrappers = new Map<string, CoreWrapper>();
  #makeObjectLayer: () => void = () => {};
  #state: State = "unstarted";
  /** Whether some listener may not have heard of the state: the stack ended meanwhile. */
  #isUnheard = false;
  #hasObjectLayer = false;
  #isDeferring = false;
  #isMakingObjectLayer = false;
  /** Whether the stack overflowed somewhere near the core, which is to be verified before the next call. */
  #isSuspect = false;
  /** What waits for the next call. */
  #waiting: (() => void)[] = [];
  #isRelieving = false;
  #closedError = disposedError;

  constructor(core: Core, settings: Settings, diagnostics: Diagnostics) {
    this.settings = settings;
    this.diagnostics = diagnostics;
    this.isShared = settings.memory !== undefined;
    this.callbacks = new Callbacks(settings.onUnraisable);
    this.#guardedMalloc = guardedMallocCalls(
      () => void this.live(),
      () => this.#malloc,
    );
    this.#guardedAbi = withObjectFunctions(
      objectFunctionNames(core.exports),
      (name) =>
        (...values: never[]) => {
          this.renew();
          const abi = this.#state === "open" ? this.#abi : this.#guardedAbi;
          return (abi[name] as (...values: never[]) => unknown)(...values);
        },
    );
    this.#adopt(core);
  }

  /** Calls `listener` now, and at every change. */
  follow(listener: LifecycleListener): void {
    this.#listeners.push(listener);
    listener(this.#access);
  }

  /** The heap's core. @throws HeapError if the heap is closed */
  live(): Core {
    if (this.#needsResume || this.callbacks.hasLost) this.#resume();
    this.recover();
    return this.#core!;
  }

  /** The same, with its object layer made. */
  started(): Core {
    if (this.#state !== "open") this.renew();
    return this.#core!;
  }

  /** The same; undefined if there is no memory for an object layer. */
  tryStarted(): Core | undefined {
    try {
      return this.started();
    } catch (error) {
      if (isOutOfMemory(error)) return undefined;
      throw error;
    }
  }

  /** Whether the heap was disposed of. */
  get isDisposed(): boolean {
    return this.#core === undefined;
  }

  /** Whether the heap is closed for good. */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Whether there is an object layer: an object or a type was made. */
  get hasObjectLayer(): boolean {
    return this.#hasObjectLayer;
  }

  /** The same, and complete: before that no code of the host may run, as types are missing. */
  get isObjectLayerComplete(): boolean {
    return this.#hasObjectLayer && !this.#isMakingObjectLayer;
  }

  // ---- changes of state ----

  /** `make` makes what the first object needs; the heap is open meanwhile. */
  makesObjectLayerBy(make: () => void): void {
    this.#makeObjectLayer = make;
  }

  /**
   * Opens the heap after an array read as `undefined`, which may have been stale; false if all was good.
   * @throws HeapError if the heap is closed, or has no memory for its object layer
   */
  renew(): boolean {
    if (this.#needsResume) this.#resume();
    else if (this.#state === "open") return this.#core!.linear.refreshIfStale();
    if (this.#state === "unstarted") this.#start();
    return true;
  }

  /** Runs `work` before the next call of the heap does anything. */
  beforeNextCall(work: () => void): void {
    this.#waiting.push(work);
    this.#suspend();
  }

  /** The heap moved to another core. */
  move(core: Core): void {
    this.#adopt(core);
    this.#publish();
  }

  /** Puts a wrapper between the bindings and the core's functions, in place of the last one of that name. */
  wrap(name: string, wrapper: CoreWrapper | undefined): void {
    const core = this.live();
    if (wrapper) this.#wrappers.set(name, wrapper);
    else this.#wrappers.delete(name);
    this.#bind(core);
    this.#publish();
  }

  /** Whether deaths wait for `reclaim()`. */
  get isDeferring(): boolean {
    return this.#isDeferring;
  }

  /** From now on, until the heap is reset, deaths wait for `reclaim()`. */
  startDeferring(): void {
    this.#isDeferring = true;
    this.#publish();
  }

  /** The heap was reset: there are no types and no objects. */
  restart(): void {
    this.epoch++;
    this.#hasObjectLayer = false;
    this.#isDeferring = false;
    if (this.#state === "open") this.#enter("unstarted");
  }

  /** Lets go of the core; every later call throws. */
  dispose(): void {
    this.#core = undefined;
    Object.assign(this.#views, NO_VIEWS);
    this.#malloc = this.#guardedMalloc;
    this.#abi = this.#guardedAbi;
    this.#waiting = [];
    this.callbacks.forget();
    this.#close(disposedError);
  }

  #adopt(core: Core): void {
    this.#core = core;
    this.#bind(core);
    core.linear.follow((views) => {
      if (core !== this.#core) return;
      Object.assign(this.#views, views);
      if (this.#state === "open") this.#publish();
    });
  }

  #bind(core: Core): void {
    this.#malloc = mallocCalls(core.exports, this.settings.checks);
    // A copy: engines read the exports of a module slowly.
    this.#abi = withObjectFunctions(objectFunctionNames(core.exports), (name) => core.exports[name]);
    for (const { abi, malloc } of this.#wrappers.values()) {
      if (abi) this.#abi = abi(this.#abi, core);
      if (malloc) this.#malloc = malloc(this.#malloc, core);
    }
  }

  /** Makes the object layer; tries again when there is room, unless whoever made it has started the layer. */
  #start(): void {
    if (this.#triesToStart()) return;
    for (const _ of this.makeRoom(0)) if (this.#hasObjectLayer || this.#triesToStart()) return;
    throw this.outOfMemory("start", 0);
  }

  #triesToStart(): boolean {
    try {
      this.#startOnce();
      return true;
    } catch (error) {
      if (isOutOfMemory(error)) return false;
      throw error;
    }
  }

  #startOnce(): void {
    this.#hasObjectLayer = true;
    this.#isMakingObjectLayer = true;
    try {
      this.#enter("open");
      this.#makeObjectLayer();
    } catch (error) {
      this.restart();
      throw error;
    } finally {
      this.#isMakingObjectLayer = false;
    }
    this.#publish();
  }

  #suspend(): void {
    if (this.#state === "unstarted" || this.#state === "open") this.#enter("suspended");
  }

  get #needsResume(): boolean {
    return this.#isUnheard || this.#state === "suspended" || this.#state === "closed";
  }

  /** Does what waits for the next call. */
  #resume(): void {
    if (this.#state === "closed") {
      if (this.#isUnheard) this.#publish();
      throw this.#closedError();
    }
    if (this.#isSuspect) this.#recheck(this.#core!);
    this.#enter(this.#hasObjectLayer ? "open" : "unstarted");
    for (const work of this.#waiting.splice(0)) work();
    this.callbacks.reportLost();
  }

  #close(error: () => HeapError): void {
    this.#closedError = error;
    this.#enter("closed");
  }

  #enter(state: State): void {
    this.#state = state;
    this.#publish();
  }

  /** Hands out what may be used in this state. If the stack ends meanwhile, the next call does it again. */
  #publish(): void {
    this.#isUnheard = true;
    const access = this.#access;
    for (const listener of this.#listeners) listener(access);
    this.#isUnheard = false;
  }

  get #access(): Access {
    const isOpen = this.#state === "open";
    const hasMalloc = isOpen || this.#state === "unstarted";
    return {
      core: this.#core,
      views: isOpen ? this.#core!.linear.views : NO_VIEWS,
      malloc: hasMalloc ? this.#malloc : this.#guardedMalloc,
      abi: isOpen ? this.#abi : this.#guardedAbi,
      quick: isOpen ? this.#abi : undefined,
      isDeferring: this.#isDeferring,
      isBare: isOpen && [...this.#wrappers.values()].every(({ isBare }) => isBare === true),
    };
  }

  // ---- entering the core ----

  /** Runs something that enters the core. */
  protect<T>(enter: () => T): T {
    reserveStack();
    try {
      return enter();
    } catch (cause) {
      return this.trapped(cause);
    }
  }

  /**
   * Something was thrown where the core was called. A trap means that its lists are broken. A stack overflow is the
   * caller's affair, but may have come in the middle of an operation; so the heap is verified before it is used again.
   */
  trapped(cause: unknown): never {
    if (cause instanceof HeapError) throw cause;
    if (cause instanceof WebAssembly.RuntimeError) throw this.#poison(cause);
    if (cause instanceof RangeError) {
      this.#isSuspect = true;
      this.#suspend();
    }
    throw cause;
  }

  /**
   * Verifies the heap if a slow path of the core was cut short with nothing left of the stack even to note it: the core
   * refuses all slow paths then. True once the heap is open again.
   */
  recover(): boolean {
    if (this.#core === undefined || this.#core.state(STATE_POISON) === 0) return false;
    this.#isSuspect = true;
    this.#resume();
    return true;
  }

  /** The mark of a slow path that was cut short says only that there may be something to find. */
  #recheck(core: Core): void {
    reserveStack();
    core.setState(STATE_POISON, 0);
    let broken: number;
    try {
      broken = core.exports.verify();
    } catch (cause) {
      if (cause instanceof RangeError) throw cause;
      throw this.#poison(cause);
    }
    if (broken !== 0) throw this.#poison(this.diagnostics.broken(core, broken));
    this.#isSuspect = false;
  }

  /** Closes the heap as corrupt; returns the error to throw now. */
  #poison(cause: unknown): HeapError {
    this.#close(() => corruptError(cause));
    return corruptError(cause);
  }

  // ---- faults ----

  /** Throws the error for a fault that the core reported about `ptr`. */
  throwFault(operation: string, ptr: Ptr, fault: number): never {
    const core = this.live();
    core.takeFault();
    throw this.diagnostics.fault(core, fault, operation, ptr);
  }

  /**
   * What may make room for a request that found no memory, one after the other: a full collection, the host's
   * `onMemoryPressure`, a collection of what the host let go of. Yields after each that was there to ask: the request is
   * worth another try then. What the request borrows has to be held meanwhile, as host code runs.
   */
  *makeRoom(size: number): Generator<void> {
    if (this.#collects()) yield;
    if (!this.#asksHost(size)) return;
    yield;
    if (this.#collects()) yield;
  }

  #collects(): boolean {
    return this.protect(() => this.live().exports.gc_rescue()) !== 0;
  }

  /** Asks the host to free something; false if there is nobody to ask, or it is being asked. */
  #asksHost(size: number): boolean {
    const { onMemoryPressure } = this.settings;
    if (onMemoryPressure === undefined || this.#isRelieving) return false;
    const pressure = { size, ...this.#memoryBytes() };
    this.#isRelieving = true;
    this.callbacks.run(() => onMemoryPressure(pressure));
    this.#isRelieving = false;
    return true;
  }

  outOfMemory(operation: string, size: number): HeapError {
    const { memoryBytes, maxBytes } = this.#memoryBytes();
    const message = `${operation}: out of memory for ${size} bytes (memory ${memoryBytes}, limit ${maxBytes})`;
    return new HeapError("ERR_HEAP_OOM", message, { operation, size, memoryBytes, maxBytes });
  }

  #memoryBytes(): { memoryBytes: number; maxBytes: number } {
    const memoryBytes = this.live().memory.buffer.byteLength;
    return { memoryBytes, maxBytes: this.settings.maxPages * WASM_PAGE_BYTES };
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof HeapError && error.code === "ERR_HEAP_OOM";
}

function disposedError(): HeapError {
  return new HeapError("ERR_HEAP_USE_AFTER_DISPOSE", "the heap was disposed");
}

function corruptError(cause: unknown): HeapError {
  const message = "the heap is corrupt: an operation of the core was cut short; it refuses further work";
  return new HeapError("ERR_HEAP_CORRUPT", message, {}, cause === undefined ? undefined : { cause });
}
