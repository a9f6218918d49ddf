import { FAULT_MEMORY, FAULT_NONE, STATE_FAULT_ADDRESS, STATE_POISON } from "../generated/layout.js";
import type { Core } from "./core.js";
import { HeapError } from "./errors.js";
import { WASM_PAGE_BYTES } from "./memory.js";
import type { Settings } from "./options.js";
import { NULL, type Ptr } from "./ptr.js";
import { reserveStack } from "./stack.js";
import type { Witness } from "./diagnostics.js";

/**
 * A part of the bindings that keeps something of the core at hand: functions, views. While the heap is open it uses
 * them without asking; when the heap closes, it must let `attend` run before anything else, which throws, or opens the
 * heap again.
 */
export interface Client {
  /** The heap is open, on this core: also after it moved, and after a pause. */
  open(core: Core): void;
  /** The heap is closed, or wants attention before the next call. */
  close(attend: () => void): void;
}

const NOTHING = Symbol("nothing was thrown");

/**
 * What all parts of one heap share: the core, the settings, and the rules of entering the core. It guards against
 * traps, keeps callbacks from throwing through the core, asks for memory before a request fails, and closes the heap.
 *
 * Closing replaces what its clients have at hand, so that no open call has to test whether the heap is closed.
 */
export class Engine {
  readonly settings: Settings;
  /** The memory or the core's functions are known outside of the heap, which therefore cannot move. */
  shared: boolean;
  readonly #witness: Witness;
  readonly #clients: Client[] = [];
  #core: Core | undefined;
  /** Throws if the heap is closed. */
  #gate: () => void = passes;
  /** The stack overflowed somewhere near the core: to be verified before the next call. */
  #suspect = false;
  /** What waits for the next call. */
  #waiting: (() => void)[] = [];
  /** Callbacks that are running. */
  #busy = 0;
  #relieving = false;
  /** What a callback threw when there was no stack left to report it. */
  #lost: unknown[] = [];

  constructor(core: Core, settings: Settings, witness: Witness) {
    this.settings = settings;
    this.shared = settings.memory !== undefined;
    this.#core = core;
    this.#witness = witness;
  }

  /** From now on `client` hears when the heap opens and closes. */
  attach(client: Client): void {
    this.#clients.push(client);
    client.open(this.live());
  }

  /** The core, if the heap is open. */
  live(): Core {
    this.#gate();
    if (this.#core === undefined) throw disposedError();
    this.heal();
    return this.#core;
  }

  /** Was the heap disposed of? */
  get disposed(): boolean {
    return this.#core === undefined;
  }

  /** Is the core in order as far as is known? Not so after a trap. */
  get sound(): boolean {
    return this.#gate === passes || this.#gate === this.#attend;
  }

  /** Runs `work` before the next call of the heap does anything. */
  beforeNextCall(work: () => void): void {
    this.#waiting.push(work);
    if (this.#gate === passes) this.#close(this.#attend);
  }

  /** The heap moved to another core. */
  move(core: Core): void {
    this.#core = core;
    for (const client of this.#clients) client.open(core);
  }

  /** Lets go of the core; every later call throws. */
  end(): void {
    this.#core = undefined;
    this.#waiting = [];
    this.#lost = [];
    this.#close(() => {
      throw disposedError();
    });
  }

  // ---- callbacks ----

  /** Runs a callback; what it throws goes to `onUnraisable`, never through the heap. */
  call(callback: () => void): void {
    this.#busy++;
    try {
      callback();
    } catch (error) {
      this.report(error);
    } finally {
      this.#busy--;
    }
  }

  /** Has what catches exceptions of callbacks compiled, before it is needed where an engine cannot compile any more. */
  warm(): void {
    this.call(passes);
    this.report(NOTHING);
  }

  /** Tells the owner what a callback threw. Never throws, also at the end of the stack. */
  report(error: unknown): void {
    if (error === NOTHING) return;
    this.#busy++;
    try {
      this.settings.onUnraisable(error);
    } catch {
      this.#lost = [error];
      if (this.#gate === passes) this.#gate = this.#attend;
    }
    this.#busy--;
  }

  /** Refuses what must not happen inside a callback. */
  requireIdle(operation: string): void {
    if (this.#busy === 0) return;
    throw new HeapError("ERR_HEAP_BUSY", `${operation}: not inside a callback of the heap`, { operation });
  }

  // ---- what comes back from the core ----

  /** A request came back with nothing: the fault's error, or once more after `onMemoryPressure`, or out of memory. */
  retry(operation: string, size: number, ptr: Ptr, request: () => number): Ptr {
    if (this.heal()) {
      const block = this.protect(request) >>> 0;
      if (block !== 0) return block as Ptr;
    }
    this.#requireOnlyMemory(operation, ptr);
    for (const _ of this.room(size)) {
      const block = this.protect(request) >>> 0;
      if (block !== 0) return block as Ptr;
      this.#requireOnlyMemory(operation, ptr);
    }
    throw this.outOfMemory(operation, size);
  }

  /**
   * What can make room for a request that found no memory, one after the other: a full collection, the owner's
   * `onMemoryPressure`, and a collection of what the owner let go of. Yields after each that was there to ask: the
   * request is worth another try.
   */
  *room(size: number): Generator<void> {
    if (this.#collects()) yield;
    if (!this.relieve(size)) return;
    yield;
    if (this.#collects()) yield;
  }

  #collects(): boolean {
    return this.protect(() => this.live().exports.gc_rescue()) !== 0;
  }

  /** Throws unless the last request failed for want of memory. */
  #requireOnlyMemory(operation: string, ptr: Ptr): void {
    const core = this.live();
    const fault = core.takeFault();
    // An unchecked core notes wrong pointers only, also those of calls that could not tell.
    const own = this.settings.checks || (ptr !== NULL && core.state(STATE_FAULT_ADDRESS) === ptr);
    if (core.state(STATE_POISON) !== 0) throw this.#poison(undefined);
    if (own && fault !== FAULT_NONE && fault !== FAULT_MEMORY) this.throwFault(operation, ptr, fault);
  }

  throwFault(operation: string, ptr: Ptr, fault: number): never {
    const core = this.live();
    core.takeFault();
    if (core.state(STATE_POISON) !== 0) throw this.#poison(undefined);
    throw this.#witness.fault(core, fault, operation, ptr);
  }

  /** Throws what verify() found. */
  throwBroken(broken: number): never {
    throw this.#witness.broken(this.live(), broken);
  }

  outOfMemory(operation: string, size: number): HeapError {
    const memoryBytes = this.live().memory.buffer.byteLength;
    const maxBytes = this.settings.maxPages * WASM_PAGE_BYTES;
    const message = `${operation}: out of memory for ${size} bytes (memory ${memoryBytes}, limit ${maxBytes})`;
    return new HeapError("ERR_HEAP_OOM", message, { operation, size, memoryBytes, maxBytes });
  }

  /** Asks the owner to free something; false if there is nobody to ask. */
  relieve(size: number): boolean {
    const handler = this.settings.onMemoryPressure;
    if (handler === undefined || this.#relieving) return false;
    const memoryBytes = this.live().memory.buffer.byteLength;
    this.#relieving = true;
    this.call(() => handler({ size, memoryBytes, maxBytes: this.settings.maxPages * WASM_PAGE_BYTES }));
    this.#relieving = false;
    return true;
  }

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
      this.#suspect = true;
      if (this.#gate === passes) this.#close(this.#attend);
    }
    throw cause;
  }

  /**
   * Was a slow path of the core cut short, with nothing left of the stack even to note it? It refuses all slow paths
   * then. True once the heap was verified and is open again.
   */
  heal(): boolean {
    if (this.#core === undefined || this.#core.state(STATE_POISON) === 0) return false;
    this.#suspect = true;
    this.#attend();
    return true;
  }

  // ---- open, wanting attention, corrupt, disposed ----

  /** From now on `gate` runs before everything else; if the stack ends meanwhile, the next call closes the rest. */
  #close(gate: () => void): void {
    this.#gate = () => {
      this.#close(gate);
      gate();
    };
    for (const client of this.#clients) client.close(gate);
    this.#gate = gate;
  }

  /** Opens the heap and does what waited for it. */
  readonly #attend = (): void => {
    if (this.#core === undefined) throw disposedError();
    if (this.#suspect) this.#recheck(this.#core);
    for (const client of this.#clients) client.open(this.#core);
    this.#gate = passes;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const work of waiting) work();
    for (const error of this.#lost.splice(0)) this.report(error);
  };

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
    if (broken !== 0) throw this.#poison(this.#witness.broken(core, broken));
    this.#suspect = false;
  }

  /** Closes the heap for good; returns the error to throw now. */
  #poison(cause: unknown): HeapError {
    this.#close(() => {
      throw corruptError(cause);
    });
    return corruptError(cause);
  }

  /** The blocks that are still allocated, for `onLeak`. */
  get witness(): Witness {
    return this.#witness;
  }
}

function passes(): void {}

function disposedError(): HeapError {
  return new HeapError("ERR_HEAP_USE_AFTER_DISPOSE", "the heap was disposed");
}

function corruptError(cause: unknown): HeapError {
  const message = "the heap is corrupt: an operation of the core was cut short; it refuses further work";
  return new HeapError("ERR_HEAP_CORRUPT", message, {}, cause === undefined ? undefined : { cause });
}
