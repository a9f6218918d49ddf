import { META_HOST, STATE_HOSTED } from "../../generated/layout.js";
import { argumentError } from "../../core/arguments.js";
import { HeapError } from "../../core/errors.js";
import type { Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectCalls } from "../access/object-calls.js";
import type { ObjectMemory } from "../access/object-memory.js";

/** Bytes that objects own outside of themselves, by object. The core has their sum, and counts them as pressure. */
export class ExternalBytes {
  readonly #memory: ObjectMemory;
  readonly #calls: ObjectCalls;
  readonly #byObject = new Map<Ptr, number>();

  constructor(memory: ObjectMemory, calls: ObjectCalls) {
    this.#memory = memory;
    this.#calls = calls;
  }

  /** Adds to the bytes of an object; what they are then. */
  adjust(ref: Ref, delta: number): number {
    const operation = "adjustExternalBytes";
    const p = this.#memory.require(operation, ref);
    if (!Number.isSafeInteger(delta))
      throw argumentError(operation, "delta", delta, "a whole number of bytes");
    const before = this.of(p);
    const bytes = before + delta;
    if (bytes < 0 || bytes > Number.MAX_SAFE_INTEGER) {
      const message = `${operation}: the object owns ${before} bytes, which cannot change by ${delta}`;
      const bounds = { minimum: 0 - before, maximum: Number.MAX_SAFE_INTEGER - before };
      throw new HeapError("ERR_HEAP_RANGE", message, {
        operation,
        ptr: p,
        argument: "delta",
        value: delta,
        ...bounds,
      });
    }
    this.#byObject.set(p, bytes);
    this.#hearOfDeath(p);
    this.#calls.abi.external_adjust(delta);
    return bytes;
  }

  /** The bytes of an object. */
  of(p: Ptr): number {
    return this.#byObject.get(p) ?? 0;
  }

  /** Whether the death of an object has to be told here. */
  has(p: Ptr): boolean {
    return this.#byObject.has(p);
  }

  /** The object dies: what it owned goes with it. */
  died(p: Ptr): void {
    const bytes = this.of(p);
    if (this.#byObject.delete(p)) this.#calls.abi.external_adjust(-bytes);
  }

  /** The bytes of all objects, for an image. */
  all(): [Ptr, number][] {
    return [...this.#byObject];
  }

  /** The same of a heap that was made from an image, whose core knows the sum. */
  restore(entries: readonly (readonly [ptr: number, bytes: number])[]): void {
    for (const [ptr, bytes] of entries) this.#byObject.set(ptr as Ptr, bytes);
  }

  /** The heap was reset. */
  clear(): void {
    this.#byObject.clear();
  }

  #hearOfDeath(p: Ptr): void {
    this.#memory.u32[(p >>> 2) + 1]! |= META_HOST;
    this.#memory.lifecycle.started().setState(STATE_HOSTED, 1);
  }
}
