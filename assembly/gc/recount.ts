/**
 * The last check of verify(): no object has fewer counts than references from other objects.
 *
 *   count = references from objects + references of the host     so    count − references from objects ≥ 0
 *
 * As in a collection, every reference leaves the count of the object that it leads to and is put back afterwards; but
 * here of all objects, tracked or not. Nothing is allocated, and every count is in the end what it was.
 */
import { BROKEN_REFERENCE_COUNT, COUNT_LIMIT } from "../layout";
import { collector, objects } from "../state";
import { broken } from "../alloc/verify";
import { requireStack } from "../object/death/death";
import { countOf, metaOf } from "../object/core/header";
import { nextBlock } from "../object/core/walk";
import { ADD, scanOf, visit } from "./pass/visit";

/**
 * 0, or the number of the broken invariant. After the validator of objects: every reference leads to a live object.
 * Where host code runs within a death or a collection nothing is recounted: the count words of the dying are links.
 */
export function recount(): u32 {
  if (collector.collecting || objects.nesting) return 0;
  requireStack();
  objects.critical = 1;
  const damaged = addToChildren(-1);
  const uncounted = damaged ? -(countOf(damaged) | COUNT_LIMIT) : 0;
  addToChildren(1);
  objects.critical = 0;
  if (!damaged) return 0;
  const count = countOf(damaged);
  return broken(BROKEN_REFERENCE_COUNT, damaged, count + uncounted, count);
}

/** Adds to the count of a child for every reference to it. The first child whose count fell below 0, if any did. */
function addToChildren(by: i32): usize {
  let damaged: usize = 0;
  for (let object = nextBlock(0); object; object = nextBlock(object)) {
    const meta = metaOf(object);
    damaged = visit(ADD, object, meta, scanOf(meta), 0, 0, by, damaged);
  }
  return damaged;
}
