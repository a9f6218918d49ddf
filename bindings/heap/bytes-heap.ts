/// <reference lib="esnext.disposable" preserve="true" />
import { makeDisposable } from "../core/disposable.js";
import { HeapError } from "../core/errors.js";
import { ByteHeap } from "./byte-heap.js";

/** The heap of `tallyheap/bytes`: raw bytes and nothing else. */
export class BytesHeap extends ByteHeap implements Disposable {
  /** The same as `dispose()`. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Ends the heap: reports to `onLeak` what was not freed, lets go of the memory, and makes every later call throw. May
   * be repeated.
   * @throws HeapError `ERR_HEAP_BUSY` inside a callback; `ERR_HEAP_CORRUPT` if the heap is too damaged to say what is
   * still held, and disposed of all the same
   */
  dispose(): void {
    const { lifecycle } = this;
    if (lifecycle.isDisposed) return;
    lifecycle.callbacks.requireNone("dispose");
    try {
      if (!lifecycle.isClosed) this.#reportLeaks();
    } catch (error) {
      if (error instanceof HeapError) throw error;
      lifecycle.callbacks.report(error);
    } finally {
      lifecycle.dispose();
    }
  }

  /** Whether `dispose()` was called. */
  get disposed(): boolean {
    return this.lifecycle.isDisposed;
  }

  #reportLeaks(): void {
    const { callbacks, settings, diagnostics } = this.lifecycle;
    const core = this.lifecycle.live();
    const own = { blocks: 0, bytes: 0, given: new Set<never>() };
    const blocks = this.lifecycle.protect(() => diagnostics.leaks(core, this.stats(), own));
    if (blocks.blocks > 0)
      callbacks.run(() => settings.onLeak({ ...blocks, objects: 0, handles: 0, held: [] }));
  }
}

makeDisposable(BytesHeap.prototype);
