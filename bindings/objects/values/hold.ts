import { requireIterable } from "../../core/arguments.js";
import type { Ptr } from "../../core/ptr.js";
import { reserveStack } from "../../core/stack.js";
import type { Counts } from "../access/counts.js";
import type { Ref } from "../access/handle.js";
import type { ObjectMemory } from "../access/object-memory.js";
import { resetError } from "./reset-error.js";

/**
 * A reference of the caller's own to each of some items, or to none if one is refused, or if the iterator resets the heap.
 */
export function holdAll(
  memory: ObjectMemory,
  counts: Counts,
  operation: string,
  items: Iterable<Ref>,
): Ptr[] {
  requireIterable(operation, "items", items);
  const { lifecycle } = memory;
  const { epoch } = lifecycle;
  const held: Ptr[] = [];
  // What is held has to be let go of if the next one is refused, which must not be where the stack ends.
  reserveStack(1);
  try {
    for (const item of items) {
      if (lifecycle.epoch !== epoch) break;
      const p = memory.requireReference(operation, item);
      counts.keep(p);
      held.push(p);
    }
    if (lifecycle.epoch !== epoch) throw resetError(operation);
    return held;
  } catch (error) {
    // A reset leaves nothing of them.
    if (lifecycle.epoch === epoch) counts.undoKeep(held);
    throw error;
  }
}
