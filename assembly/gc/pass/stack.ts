/**
 * The mark stack: objects that are reached, and whose references were not followed yet. It has a fixed size and its place
 * in the state block.
 *
 * One call follows one batch of it: V8 changes to optimised code when a function is entered.
 */
import { MARK_STACK_ENTRIES, META_TYPE, STATE_MARK_STACK, TYPE_LIST } from "../../layout";
import { STATE, collector } from "../../state";
import { metaOf } from "../../object/core/header";
import { MARK, scanOf, visit, visitList } from "./visit";

export const STACK: usize = STATE + STATE_MARK_STACK;
/** Objects that one call takes from the stack. */
const BATCH: u32 = 512;

export function openStack(): void {
  const entries = collector.stackLimit;
  collector.stackEnd = <u32>STACK + ((entries ? entries : MARK_STACK_ENTRIES) << 2);
  collector.stackTop = STACK;
}

/** Follows objects from the stack until it is empty, or full, or the batch is done. The new top. */
export function drainMarked(top: usize, where: usize, mask: u64, pattern: u64): usize {
  const room = collector.stackEnd - STACK - 4;
  let left = BATCH;
  let seen: u32 = 0;
  let scan: u32 = 0;
  let object: usize;
  do {
    top -= 4;
    object = load<u32>(top);
    const meta = metaOf(object);
    if ((meta & META_TYPE) == TYPE_LIST) top = visitList(MARK, object, mask, pattern, where, top);
    else {
      if ((meta & META_TYPE) != seen) {
        seen = meta & META_TYPE;
        scan = scanOf(meta);
      }
      top = visit(MARK, object, meta, scan, mask, pattern, where, top);
    }
    left--;
  } while (left && top - STACK - 4 < room);
  collector.last = object;
  collector.reached = collector.reached + (BATCH - left);
  return top;
}
