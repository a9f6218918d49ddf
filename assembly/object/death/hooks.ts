/**
 * Death hooks: what runs between the last reference and the release of the fields. Finalizer, resurrection check, weak
 * references with their callbacks, what the host registered (PEP 442).
 */
import * as layout from "../../layout";
import { Weakref } from "../../layout";
import { fault } from "../../alloc/malloc";
import { countOf, metaOf, setCount, setMeta, typeByMeta } from "../core/header";
import { runFinalizer, traverseObject } from "../core/host";
import { recountStacks } from "../core/stacks";
import { markYoung } from "../core/young-pages";
import { forgetInterned } from "../values/intern";
import { pushDeferred } from "./deferred";
import { clearWeakrefs, dropWeakref, runCallbacks, unlinkWeakref } from "./weak";

/**
 * The object's count is 1 for the time. False if it lives on. Host code may run: nothing that the caller knows of the
 * heap is certain afterwards, except what is dying.
 */
export function runDeathHooks(object: usize): bool {
  let meta = metaOf(object);
  if (meta & layout.META_FINALIZING) {
    fault(layout.FAULT_DOUBLE_FREE, object);
    return false;
  }
  const flags = typeByMeta(meta).flags;
  if (meta & layout.META_FINALIZER && !(flags & layout.FLAG_WEAKREF)) {
    if (!(flags & layout.FLAG_CONTAINER && meta & layout.META_FINALIZED)) {
      if (flags & layout.FLAG_CONTAINER) {
        // Resurrected or not, what a finalizer saw goes back to generation 0 (CPython tracks it anew).
        meta =
          (meta | layout.META_FINALIZED | layout.META_TRACKED) & ~(layout.META_OLDER | layout.META_OLDEST);
        markYoung(object);
      }
      setMeta(object, meta | layout.META_FINALIZING);
      runFinalizer(object, meta & layout.META_TYPE);
      recountStacks();
      meta = metaOf(object) & ~layout.META_FINALIZING;
      setMeta(object, meta);
      if (isResurrected(object)) return false;
    }
  }
  if (flags & layout.FLAG_TRAVERSED) {
    traverseObject(object, meta & layout.META_TYPE, 1);
    recountStacks();
    meta = metaOf(object);
    if (isResurrected(object)) return false;
  }
  setMeta(object, (meta | layout.META_DYING) & ~layout.META_TRACKED);
  if (meta & layout.META_INTERNED) forgetInterned(object);
  if (meta & layout.META_WEAK) runCallbacks(clearWeakrefs(object));
  if (meta & layout.META_FINALIZER && flags & layout.FLAG_WEAKREF) dropWeakref(changetype<Weakref>(object));
  if (metaOf(object) & layout.META_HOST) {
    setMeta(object, metaOf(object) & ~layout.META_HOST);
    runFinalizer(object, 0);
    recountStacks();
  }
  return true;
}

/** Whether host code has taken a reference to a dying object, which then loses the one that it had for the time. */
function isResurrected(object: usize): bool {
  const count = countOf(object);
  if (count == 1) return false;
  if (count < layout.COUNT_LIMIT) setCount(object, count - 1);
  return true;
}

/**
 * Runs the finalizer of an object that the collector found to be trash, at most once. The caller holds a reference
 * and looks for resurrection afterwards.
 */
export function callFinalizer(object: usize): void {
  const meta = metaOf(object);
  if (meta & layout.META_FINALIZED || !(meta & layout.META_FINALIZER)) return;
  setMeta(object, meta | layout.META_FINALIZED);
  runFinalizer(object, meta & layout.META_TYPE);
}

/**
 * The death of an object waits on a list of deferred.ts. The link takes the place of the count,
 * so nobody may find the object any more: its referent, if it is a weak reference, or intern().
 */
export function postpone(object: usize, meta: u32, list: usize): void {
  if ((meta & layout.META_TYPE) == layout.TYPE_WEAKREF) unlinkWeakref(changetype<Weakref>(object));
  if (meta & layout.META_INTERNED) forgetInterned(object);
  pushDeferred(object, meta, list);
}
