import { HeapError } from "./errors.js";

const NOTHING = Symbol("nothing was thrown");

/** Runs the host's callbacks. What they throw goes to `onUnraisable`, never through the heap. */
export class Callbacks {
  readonly #onUnraisable: (error: unknown) => void;
  /** Callbacks that are running. */
  #running = 0;
  /** What was thrown when there was no stack left to report it. */
  #lost: unknown[] = [];

  constructor(onUnraisable: (error: unknown) => void) {
    this.#onUnraisable = onUnraisable;
  }

  run(callback: () => void): void {
    this.#running++;
    try {
      callback();
    } catch (error) {
      this.report(error);
    } finally {
      this.#running--;
    }
  }

  /** Runs a callback whose failure is somebody's affair: what it threw, if it did. */
  attempt(callback: () => void): { readonly error: unknown } | undefined {
    this.#running++;
    try {
      callback();
      return undefined;
    } catch (error) {
      return { error };
    } finally {
      this.#running--;
    }
  }

  /** Tells the host what a callback threw. Never throws, also at the end of the stack. */
  report(error: unknown): void {
    if (error === NOTHING) return;
    this.#running++;
    try {
      this.#onUnraisable(error);
    } catch {
      // No call: it would not return either.
      this.#lost = [error];
    }
    this.#running--;
  }

  /** Whether there is something that could not be reported when it was thrown. */
  get hasLost(): boolean {
    return this.#lost.length > 0;
  }

  /** Reports that. */
  reportLost(): void {
    for (const error of this.#lost.splice(0)) this.report(error);
  }

  /** The heap is disposed of: a stack that came by way of the core holds on to its memory. */
  forget(): void {
    this.#lost = [];
  }

  /** Has what catches exceptions compiled, before it is needed where an engine has no stack left to compile. */
  warm(): void {
    this.run(() => {});
    this.report(NOTHING);
  }

  /**
   * Refuses what must not happen inside a callback.
   * @throws HeapError `ERR_HEAP_BUSY`
   */
  requireNone(operation: string): void {
    if (this.#running === 0) return;
    throw new HeapError("ERR_HEAP_BUSY", `${operation}: not inside a callback of the heap`, { operation });
  }
}
