/**
 * Objects whose deallocation waits, linked by their count words (CPython's trashcan). `list` is the address of a word of
 * the state block that holds the first one.
 */
import * as layout from "../../layout";
import { STATE } from "../../state";
import { linkOf, linkTo, metaOf, setCount, setMeta } from "../core/header";

/** Orphans: objects last held by garbage that have hooks or children; they wait for the end of the collection. */
export const ORPHANS: usize = STATE + layout.STATE_GC_ORPHANS;
/** Deallocations that wait for the outermost finalizer to return. */
export const NESTED: usize = STATE + layout.STATE_DEFERRED;

/**
 * Puts an object on a list. Garbage of a collection that waits for its end is that collection's no more: its finalizer may
 * resurrect it.
 */
export function pushDeferred(object: usize, meta: u32, list: usize): void {
  setMeta(
    object,
    (meta | layout.META_DYING) &
      ~(layout.META_TRACKED | layout.META_INTERNED | layout.META_WHITE | layout.META_TRASH),
  );
  setCount(object, linkTo(load<usize>(list)));
  store<usize>(list, object);
}

/** Takes the first object off a list, with a count of 1 and not dying for the time; 0 if there is none. */
export function popDeferred(list: usize): usize {
  const object = load<usize>(list);
  if (!object) return 0;
  store<usize>(list, linkOf(object));
  setCount(object, 1);
  setMeta(object, metaOf(object) & ~layout.META_DYING);
  return object;
}
