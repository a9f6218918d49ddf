import { TUPLE_ITEMS, TUPLE_LENGTH, TYPE_TUPLE } from "../../generated/layout.js";
import { requireIndex } from "../../core/arguments.js";
import type { Ptr } from "../../core/ptr.js";
import type { Ref } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";

/** Tuples. The methods throw `ERR_HEAP_TYPE` for what is no tuple, and what every method throws for a dead object. */
export class Tuples {
  readonly #memory: ObjectMemory;

  /** @internal */
  constructor(memory: ObjectMemory) {
    this.#memory = memory;
  }

  /** Number of items. */
  length(tuple: Ref): number {
    return this.#length(this.#require("tuples.length", tuple));
  }

  /**
   * The item at `index`, *borrowed*.
   * @throws HeapError `ERR_HEAP_RANGE`
   */
  get(tuple: Ref, index: number): Ptr {
    const t = this.#require("tuples.get", tuple);
    requireIndex("tuples.get", t, index, this.#length(t));
    return this.#memory.u32[((t + TUPLE_ITEMS) >>> 2) + index]! as Ptr;
  }

  #length(tuple: Ptr): number {
    return this.#memory.u32[(tuple + TUPLE_LENGTH) >>> 2]!;
  }

  #require(operation: string, tuple: Ref): Ptr {
    return this.#memory.requireType(operation, tuple, TYPE_TUPLE, "tuple");
  }
}
